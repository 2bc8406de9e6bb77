//! What holds for whatever is written in a conf file, on the command line or as a value. Generated tests
//! and the targets of `fuzz/` call these alike; each panics where it does not hold.

#![allow(clippy::panic, reason = "it is how a test fails")]

use std::ffi::OsString;

use netserver_options::kind::{
    Count, Flag, KindSpec, List, Maybe, Other, Path, Pattern, Period, Port, Size, Text,
};
use netserver_options::{BuiltIn, OptionSpec, Table};

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

/// All options, and those.
pub(crate) fn table() -> Table {
    Table::with(OWN)
}

/// A conf file is refused, or means what is printed of it.
pub(crate) fn conf_file(bytes: &[u8]) {
    if let Ok(settings) = conf::parse("t.conf", bytes, table()) {
        print_and_read(&settings);
    }
}

/// A command line is refused, or means what is printed of it.
pub(crate) fn command_line(words: &[OsString]) {
    for unknown in [args::Unknown::Refused, args::Unknown::Passed] {
        if let Ok(line) = args::read(words.iter().cloned(), table(), unknown) {
            print_and_read(&line.settings);
        }
    }
}

/// A value is refused, or has a usual form that is its own.
pub(crate) fn value(name: &str, text: String) {
    let mut set = OptionSet::new(table(), Source::Object);
    if set.set(name, text).is_err() {
        return;
    }
    let first = set.into_settings();
    print_and_read(&first);
    let mut again = OptionSet::new(table(), Source::Object);
    for one in &first {
        let usual = again.set(one.spec.name, one.text.as_str());
        assert!(usual.is_ok(), "{}: {:?}", one.spec.name, one.text);
    }
    let texts = |settings: Vec<Setting>| -> Vec<String> {
        settings.into_iter().map(|one| one.text).collect()
    };
    assert_eq!(texts(again.into_settings()), texts(first));
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
