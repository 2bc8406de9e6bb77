//! Whatever is written anywhere: no panic, and what is printed is read as what it was.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p netserver generated_inputs` is the long form.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;

use super::properties::{self, table};

/// Names of options, nearly so and not at all.
fn name() -> impl Strategy<Value = String> {
    let names: Vec<&str> = table().iter().map(|spec| spec.name).collect();
    let known = prop::sample::select(names);
    prop_oneof![
        8 => known.clone().prop_map(str::to_owned),
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
        prop::sample::select(vec!["yes", "no", "true", "off", "single", "prefork", ""])
            .prop_map(str::to_owned),
        hosts().prop_map(str::to_owned),
        (hosts(), any::<u16>(), "(/tcp|/udp|/|)")
            .prop_map(|(host, port, proto)| format!("{host}:{port}{proto}")),
        (any::<[u8; 4]>(), 0_u8..40)
            .prop_map(|([a, b, c, d], bits)| format!("{a}.{b}.{c}.{d}/{bits}")),
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
        1 => any::<Vec<u8>>().prop_map(OsString::from_vec),
    ]
}

proptest! {
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
