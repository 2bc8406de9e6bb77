//! Whatever is written anywhere: no panic, and what is printed is read as what it was.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p netserver generated_inputs` is the long form.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::properties::{self, PREFIX, table};
use super::{args, conf, environment};

/// Names of options, nearly so and not at all.
fn name() -> impl Strategy<Value = String> {
    let names: Vec<&str> = table().iter().map(|spec| spec.name).collect();
    let known = prop::sample::select(names);
    let own: Vec<&str> = table().own().iter().map(|spec| spec.name).collect();
    prop_oneof![
        8 => known.clone().prop_map(str::to_owned),
        4 => prop::sample::select(own).prop_map(str::to_owned),
        1 => known.prop_map(|name| name.replace('_', "-")),
        1 => "[a-z_=-]{0,12}",
        1 => any::<String>(),
    ]
}

/// Values that some option takes, nearly so and not at all.
fn value() -> impl Strategy<Value = String> {
    let hosts = ["*", "::1", "[::1]", "127.0.0.1", "localhost"];
    let hosts = || prop::sample::select(hosts.to_vec());
    prop_oneof![
        any::<u16>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        (0_u32..100_000, "(ms|s|m|h|d|KiB|MiB|GiB|K|| s)")
            .prop_map(|(number, unit)| format!("{number}{unit}")),
        prop::sample::select(vec!["yes", "no", "true", "off", "single", "prefork", "warm", ""])
            .prop_map(str::to_owned),
        hosts().prop_map(str::to_owned),
        (hosts(), any::<u16>(), "(/tcp|/udp|/|)")
            .prop_map(|(host, port, proto)| format!("{host}:{port}{proto}")),
        (any::<[u8; 4]>(), 0_u8..40)
            .prop_map(|([a, b, c, d], bits)| format!("{a}.{b}.{c}.{d}/{bits}")),
        "(?s)@{1,2}.{0,6}",
        r"[a-z.*+?\[\](){}|\\#^$ 0-9-]{0,12}",
        any::<String>(),
    ]
}

fn conf_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => (name(), "( = |=|: | |\t)", value(), "(| # why|\r|\\\\#)")
            .prop_map(|(name, sign, value, end)| format!("{name}{sign}{value}{end}").into_bytes()),
        1 => name().prop_map(String::into_bytes),
        1 => any::<Vec<u8>>(),
    ]
}

fn word() -> impl Strategy<Value = OsString> {
    prop_oneof![
        6 => (name(), value()).prop_map(|(name, value)| format!("--{name}={value}").into()),
        2 => (name(), value()).prop_map(|(name, value)| format!("{name}={value}").into()),
        2 => name().prop_map(|name| format!("--{name}").into()),
        2 => value().prop_map(OsString::from),
        1 => "-{0,4}[a-z]{0,5}".prop_map(OsString::from),
        2 => ("-[glmt]{1,3}=?", value()).prop_map(|(letters, value)| (letters + &value).into()),
        1 => any::<Vec<u8>>().prop_map(OsString::from_vec),
    ]
}

/// The name and the value of a variable: an option's, nearly so, or anybody's.
fn variable() -> impl Strategy<Value = (OsString, OsString)> {
    let named = |name: String| format!("{PREFIX}_{}", name.to_ascii_uppercase());
    prop_oneof![
        8 => (name(), prop::collection::vec(value(), 0..3))
            .prop_map(move |(name, lines)| (named(name).into(), lines.join("\n").into())),
        1 => (name(), any::<Vec<u8>>())
            .prop_map(move |(name, value)| (named(name).into(), OsString::from_vec(value))),
        1 => any::<(Vec<u8>, Vec<u8>)>()
            .prop_map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value))),
    ]
}

/// Is in each secret here, and in nothing that is said of it.
const SECRET: &str = "hunter2";

/// What may be a secret, or no value of one. It names no file: such a name is told.
fn secret() -> impl Strategy<Value = String> {
    ("[a-z0-9 :=#\\\\-]{0,3}", ".{0,4}").prop_map(|(before, behind)| before + SECRET + &behind)
}

/// What stands before a secret in one word, be it as it should be or not.
fn before_a_secret() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "--token=", "token=", "-t", "-t=", "-lt", "--pins=", "pins=", "--pin=", "tokn=", "--tokn=",
        "-token=", "-tokn=", "--token:", "--token ", "-token ",
    ])
}

/// That nobody is told of it.
fn keeps<T>(outcome: Result<T, crate::error::OptionError>) {
    let said = outcome.err().map(|err| format!("{err} {err:?}")).unwrap_or_default();
    assert!(!said.contains(SECRET), "{said}");
}

proptest! {
    #[test]
    fn environments(variables in prop::collection::vec(variable(), 0..8)) {
        properties::environment(variables);
    }

    #[test]
    fn a_refusal_keeps_secrets(
        before in before_a_secret(),
        name in prop::sample::select(vec!["token", "pins", "tokn", "--token"]),
        sign in prop::sample::select(vec![" = ", "=", ": ", " ", "\t"]),
        secret in secret(),
    ) {
        for unknown in [args::Unknown::Refused, args::Unknown::Passed] {
            keeps(args::read([format!("{before}{secret}").into()], table(), unknown));
        }
        keeps(conf::parse("t.conf", format!("{name}{sign}{secret}").as_bytes(), table()));
        let variable = format!("{PREFIX}_{}", name.to_ascii_uppercase());
        keeps(environment::read([(variable.into(), secret.into())], PREFIX, table()));
    }

    #[test]
    fn conf_files(lines in prop::collection::vec(conf_line(), 0..8)) {
        properties::conf_file(&lines.join(&b"\n"[..]));
    }

    #[test]
    fn command_lines(words in prop::collection::vec(word(), 0..8)) {
        properties::command_line(&words);
    }

    #[test]
    fn single_values(name in name(), value in value()) {
        properties::value(&name, value);
    }
}
