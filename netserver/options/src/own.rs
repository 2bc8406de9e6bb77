//! What a server's own options have to be beside those of the table.
//!
//! Takes in rows, hands on the first that cannot stand: one that shadows another, or that refuses
//! its own default, would be found out by whoever runs the server, at the worst of times.

use crate::command;
use crate::reject::Reject;
use crate::table::{OptionSpec, Table};

/// Holds the names against those of the table, of the commands, and against each other.
///
/// # Errors
/// The first name that nobody could write, or that is taken, and by what.
pub fn names(own: &'static [OptionSpec]) -> Result<(), (&'static str, Reject)> {
    for (at, spec) in own.iter().enumerate() {
        let taken = |by: &str| Err((spec.name, Reject::new(format!("is the name of {by}"))));
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if spec.name.is_empty() || !spec.name.bytes().all(fits) {
            let reject = Reject::new("is no name of an option");
            return Err((spec.name, reject.with_help("use a to z, 0 to 9 and `_`")));
        }
        if Table::BUILT_IN.find(spec.name).is_some() {
            return taken("a built-in option");
        }
        if command::is_command(spec.name) {
            return taken("a command");
        }
        if Table::with(&own[..at]).find(spec.name).is_some() {
            return taken("another option of this server");
        }
    }
    Ok(())
}

/// Holds each default against the kind and the range of its own option.
///
/// # Errors
/// The first default that is refused.
pub fn defaults(own: &'static [OptionSpec]) -> Result<(), (&'static str, Reject)> {
    for spec in own {
        for text in spec.defaults_for(None) {
            spec.check(text).map_err(|reject| (spec.name, reject))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Count, KindSpec};

    const fn row(name: &'static str) -> OptionSpec {
        OptionSpec::own(name, "", "", KindSpec::of::<Count>())
    }

    fn fault(held: Result<(), (&'static str, Reject)>) -> String {
        held.map_or_else(|(name, reject)| format!("{name}: {}", reject.fault), |()| String::new())
    }

    #[test]
    fn a_name_stands_once() {
        for (name, said) in [
            ("port", "port: is the name of a built-in option"),
            ("max-servers", "max-servers: is no name of an option"),
            ("", ": is no name of an option"),
            ("help", "help: is the name of a command"),
            ("version", "version: is the name of a command"),
            ("check", "check: is the name of a command"),
            ("print_config", "print_config: is the name of a command"),
            ("size", "size: is the name of another option of this server"),
            ("width", ""),
        ] {
            let own = Box::leak(Box::new([row("size"), row(name)]));
            assert_eq!(fault(names(own)), said, "{name}");
        }
    }

    #[test]
    fn a_default_is_a_value_of_its_own_option() {
        static GOOD: [OptionSpec; 2] = [row("size").default(&["9"]).range("1", "9"), row("width")];
        static WRONG_KIND: [OptionSpec; 2] = [row("width"), row("size").default(&["many"])];
        static OUT_OF_RANGE: [OptionSpec; 1] = [row("size").default(&["1", "10"]).range("1", "9")];
        assert_eq!(fault(defaults(&GOOD)), "");
        assert_eq!(fault(defaults(&WRONG_KIND)), "size: expected a whole number, got many");
        assert_eq!(fault(defaults(&OUT_OF_RANGE)), "size: expected 1 to 9, got 10");
    }
}
