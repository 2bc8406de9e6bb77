//! The environment, where a server asks for it: of one whose prefix is `ECHO`, `ECHO_MAX_SERVERS=9` sets
//! `max_servers`.
//!
//! A variable without a value sets nothing, as many have no other way to take one back. Each line of
//! the value of an option that repeats is one of its values. What begins like an option and is none may be
//! anybody's, and is only told; a name that is nearly an option's was meant for one. Kubernetes' word of a
//! service has the name of `port`, and is none.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use netserver_options::reject::shown;
use netserver_options::{OptionSpec, Reject, Table, gone, nearest};

use super::set::{OptionSet, Setting};
use super::source::{Source, variable};
use crate::error::OptionError;

/// What the environment said.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) settings: Vec<Setting>,
    /// Variables that begin with the prefix and are no options.
    pub(crate) strange: Vec<String>,
}

/// Reads the variables that begin with `prefix`.
///
/// # Errors
/// Values that are refused, and names that are nearly an option's: each of them is told.
pub(crate) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    prefix: &'static str,
    table: Table,
) -> Result<Environment, OptionError> {
    let mut variables: Vec<_> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((after(&name, prefix)?, value)))
        .collect();
    // Their order is nobody's choice, and faults are told in one that is always the same.
    variables.sort();
    let mut set = OptionSet::new(table, Source::Environment { prefix });
    let mut strange = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in variables {
        let lower = name.to_ascii_lowercase();
        match table.find(&lower).filter(|spec| spec.name.to_ascii_uppercase() == name) {
            Some(spec) if is_service(spec, &value) => strange.push(variable(prefix, spec.name)),
            Some(spec) => faults.extend(take(&mut set, spec, prefix, value).err()),
            None => match unknown(&lower, &name, prefix, table) {
                Ok(name) => strange.push(name),
                Err(fault) => faults.push(fault),
            },
        }
    }
    OptionError::hold(faults)?;
    Ok(Environment { settings: set.into_settings(), strange })
}

/// What stands behind the prefix and its `_`.
fn after(name: &OsString, prefix: &str) -> Option<String> {
    let rest = name.as_bytes().strip_prefix(prefix.as_bytes())?.strip_prefix(b"_")?;
    Some(String::from_utf8_lossy(rest).into_owned())
}

/// Whether it is what Kubernetes, or docker with `--link`, says of a service named like the prefix: where it
/// is, `tcp://10.0.0.1:80`, which no port is.
fn is_service(spec: &OptionSpec, value: &OsStr) -> bool {
    let schemes = [&b"tcp://"[..], b"udp://", b"sctp://"];
    spec.name == "port" && schemes.iter().any(|scheme| value.as_bytes().starts_with(scheme))
}

fn take(
    set: &mut OptionSet,
    spec: &'static OptionSpec,
    prefix: &'static str,
    value: OsString,
) -> Result<(), OptionError> {
    let source = Source::Environment { prefix };
    let Ok(value) = value.into_string() else {
        return Err(OptionError::new(source.place(spec.name), Reject::new("not valid UTF-8")));
    };
    let value = value.trim();
    if !spec.kind.repeats && !value.is_empty() {
        return set.push(spec.name, value, source);
    }
    let mut values = value.lines().map(str::trim).filter(|line| !line.is_empty());
    values.try_for_each(|line| set.push(spec.name, line, source.clone()))
}

/// A variable that is no option, unless it was meant for one.
fn unknown(lower: &str, name: &str, prefix: &str, table: Table) -> Result<String, OptionError> {
    let written = shown(&format!("{prefix}_{name}"));
    let near = || nearest(lower, table.iter().map(|spec| spec.name));
    let meant = || near().map(|near| format!("did you mean {}?", variable(prefix, near)));
    match gone::cure(lower).map(str::to_owned).or_else(meant) {
        Some(help) => Err(OptionError::new(written, Reject::new("unknown option").with_help(help))),
        None => Ok(written),
    }
}

/// Why no variables can begin with that.
///
/// # Errors
/// What a prefix is.
pub(crate) fn hold_prefix(prefix: &str) -> Result<(), OptionError> {
    if netserver_options::own::is_prefix(prefix) {
        return Ok(());
    }
    let reject = netserver_options::own::no_prefix(prefix);
    Err(OptionError::new(Source::Attribute.place("env_prefix"), reject))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> Result<Environment, OptionError> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        read(variables, "ECHO", Table::BUILT_IN)
    }

    fn pairs(variables: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let settings = read_all(variables).unwrap().settings;
        settings.into_iter().map(|one| (one.spec.name, one.text)).collect()
    }

    fn fault(variables: &[(&str, &str)]) -> String {
        read_all(variables).unwrap_err().to_string()
    }

    #[test]
    fn a_variable_sets_an_option() {
        assert_eq!(pairs(&[("ECHO_MAX_SERVERS", "9")]), [("max_servers", "9".into())]);
        assert_eq!(pairs(&[("ECHO_KEEPALIVE", "yes")]), [("keepalive", "true".into())]);
        let ports = [("port", "8080".to_owned()), ("port", "[::1]:81".to_owned())];
        assert_eq!(pairs(&[("ECHO_PORT", "8080\n\n [::1]:81 \n")]), ports);
    }

    #[test]
    fn without_a_value_it_sets_nothing() {
        let empty = [("ECHO_MAX_SERVERS", ""), ("ECHO_PORT", " \n"), ("ECHO_KEEPALIVE", "")];
        assert_eq!(pairs(&empty), []);
    }

    #[test]
    fn others_variables_are_let_be() {
        // Kubernetes sets these for a service of the name `echo`.
        let others = [
            ("ECHO", "x"),
            ("ECHOMAX_SERVERS", "9"),
            ("MAX_SERVERS", "9"),
            ("ECHO_SERVICE_HOST", "10.0.0.1"),
            ("ECHO_SERVICE_PORT", "80"),
            ("ECHO_PORT", "tcp://10.0.0.1:80"),
            ("ECHO_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("ECHO_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("ECHO_A\nB", ""),
        ];
        let read = read_all(&others).unwrap();
        assert!(read.settings.is_empty());
        let strange = ["\"ECHO_A\\nB\"", "ECHO_PORT", "ECHO_PORT_80_TCP", "ECHO_PORT_80_TCP_ADDR"];
        assert_eq!(read.strange[..4], strange);
        assert_eq!(read.strange[4..], ["ECHO_SERVICE_HOST", "ECHO_SERVICE_PORT"]);
        for (name, value) in [("ECHO_PORT", "tpc://10.0.0.1:80"), ("ECHO_LISTEN", "tcp://x:80")] {
            assert!(fault(&[(name, value)]).starts_with(&format!("{name}: expected")));
        }
    }

    #[test]
    fn what_is_wrong_has_its_variable() {
        for (name, value, said) in [
            ("ECHO_MAX_SERVERS", "0", "ECHO_MAX_SERVERS: expected 1 to 65535, got 0"),
            ("ECHO_MAX_SERVER", "8", "ECHO_MAX_SERVER: unknown option"),
            ("ECHO_max_servers", "8", "ECHO_max_servers: unknown option"),
            ("ECHO_IPV6_PACKAGE", "8", "ECHO_IPV6_PACKAGE: unknown option"),
        ] {
            assert_eq!(fault(&[(name, value)]).lines().next(), Some(said));
        }
        for name in ["ECHO_MAX_SERVER", "ECHO_max_servers"] {
            assert!(fault(&[(name, "8")]).ends_with("help: did you mean ECHO_MAX_SERVERS?"));
        }
        let two = [("ECHO_MAX_SERVERS", "0"), ("ECHO_LISTEN", "no")];
        let both = "ECHO_LISTEN: expected a whole number, 1 to 65535, got no\n\
                    ECHO_MAX_SERVERS: expected 1 to 65535, got 0";
        assert_eq!(fault(&two), both);
        let odd = [("ECHO_USER".into(), OsString::from_vec(vec![0xff]))];
        let fault = read(odd, "ECHO", Table::BUILT_IN).unwrap_err().to_string();
        assert_eq!(fault, "ECHO_USER: not valid UTF-8");
    }

    #[test]
    fn a_prefix_is_in_capital_letters() {
        assert!(hold_prefix("ECHO").is_ok() && hold_prefix("MY_ECHO2").is_ok());
        for bad in ["", "echo", "ECHO_", "2ECHO", "EC-HO"] {
            let said = hold_prefix(bad).unwrap_err().to_string();
            assert!(said.starts_with("attribute: env_prefix: expected"), "{said}");
        }
    }
}
