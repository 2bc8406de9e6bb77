//! Whatever is written anywhere: no panic, and what is printed is read as what it was.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p netserver generated_inputs` is the long form.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use netserver_options::kind::{
    Count, Flag, KindSpec, List, Maybe, Other, Path, Pattern, Period, Port, Size, Text,
};
use netserver_options::{BuiltIn, OptionSpec, Table};
use proptest::prelude::*;

use super::merge::{Merged, merge};
use super::set::{OptionSet, Setting};
use super::source::Source;
use super::{args, conf, print};

/// One option of a server's own for every kind that there is.
static OWN: &[OptionSpec] = &[
    own("motd", KindSpec::of::<Text>()),
    own("greetings", KindSpec::of::<List<Text>>()),
    own("factor", Other::<f64>::SPEC),
    own("letter", Other::<char>::SPEC),
    own("allowed", KindSpec::of::<List<Pattern>>()),
    own("patience", KindSpec::of::<Maybe<Period>>()).range("1s", "10m"),
    own("room", KindSpec::of::<Maybe<Size>>()),
    own("tries", KindSpec::of::<Maybe<Count>>()).range("1", "9"),
    own("upstream", KindSpec::of::<Maybe<Port>>()),
    own("book", KindSpec::of::<Maybe<Path>>()),
    own("loud", KindSpec::of::<Flag>()).default(&["false"]),
];

const fn own(name: &'static str, kind: KindSpec) -> OptionSpec {
    OptionSpec::own(name, "", "", kind)
}

fn table() -> Table {
    Table::with(OWN)
}

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

/// Values and names of the effective options; where they come from does not count.
fn values(merged: &Merged) -> Vec<(&'static str, Vec<String>)> {
    let effective = merged.effective.iter().filter(|one| one.spec.name != "conf_file");
    effective.map(|one| (one.spec.name, one.texts.clone())).collect()
}

/// What is merged of them is printed as a conf file that means the same, whose own print is itself.
fn print_and_read(settings: &[Setting]) {
    for declared in [Some(BuiltIn::PreFork), Some(BuiltIn::Single), None] {
        let Ok(merged) = merge(settings, table(), declared) else { continue };
        let printed = print::as_conf(&merged);
        let read = conf::parse("printed", printed.as_bytes(), table());
        let read = read.unwrap_or_else(|err| panic!("{err}\n{printed}"));
        let again = merge(&read, table(), declared);
        let again = again.unwrap_or_else(|err| panic!("{err}\n{printed}"));
        assert_eq!(values(&again), values(&merged), "{printed}");
        let json = print::as_json(&merged, &[]);
        assert!(!json.contains(|c: char| c.is_control() && c != '\n'), "{json}");
    }
}

proptest! {
    #[test]
    fn conf_files(lines in prop::collection::vec(conf_line(), 0..8)) {
        if let Ok(settings) = conf::parse("t.conf", &lines.join(&b"\n"[..]), table()) {
            print_and_read(&settings);
        }
    }

    #[test]
    fn command_lines(words in prop::collection::vec(word(), 0..8)) {
        if let Ok(line) = args::read(words, table(), args::Unknown::Refused) {
            print_and_read(&line.settings);
        }
    }

    #[test]
    fn single_values(name in name(), value in value()) {
        let mut set = OptionSet::new(table(), Source::Object);
        if set.set(&name, value).is_ok() {
            let first = set.into_settings();
            print_and_read(&first);
            // The usual form of a value is its own usual form.
            let mut again = OptionSet::new(table(), Source::Object);
            for one in &first {
                again.set(one.spec.name, one.text.as_str()).unwrap();
            }
            let again: Vec<String> = again.into_settings().into_iter().map(|one| one.text).collect();
            prop_assert_eq!(again, first.into_iter().map(|one| one.text).collect::<Vec<_>>());
        }
    }
}
