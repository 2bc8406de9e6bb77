//! What holds for whatever is written in a conf file, on the command line, in the environment or as a value.
//! Generated tests and the targets of `fuzz/` call these alike; each panics where it does not hold.

#![allow(clippy::panic, reason = "it is how a test fails")]

use std::ffi::OsString;

use netserver_options::kind::{
    Count, Flag, KindSpec, List, Maybe, Named, Number, OptionValue, Other, Path, Pattern, Period,
    Port, Size, Text,
};
use netserver_options::{BuiltIn, OptionSpec, Table};

use super::merge::{Merged, merge};
use super::set::{OptionSet, Setting};
use super::source::Source;
use super::{args, conf, environment, print, secret};

/// One option of a server's own for every kind that there is, and for all else that one may declare.
static OWN: &[OptionSpec] = &[
    own("motd", KindSpec::of::<Text>()),
    own("greetings", KindSpec::of::<List<Text>>()).short('g'),
    own("factor", Other::<f64>::SPEC),
    own("letter", Other::<char>::SPEC),
    own("allowed", KindSpec::of::<List<Pattern>>()),
    own("patience", KindSpec::of::<Maybe<Period>>()).range("1s", "10m"),
    own("room", KindSpec::of::<Maybe<Size>>()),
    own("tries", KindSpec::of::<Maybe<Count>>()).range("1", "9"),
    own("upstream", KindSpec::of::<Maybe<Port>>()),
    own("book", KindSpec::of::<Maybe<Path>>()),
    own("loud", KindSpec::of::<Flag>()).default(&["false"]).short('l'),
    own("manner", Named::<Manner>::SPEC).default(&["warm"]).short('m'),
    own("token", KindSpec::of::<Maybe<Text>>()).secret().short('t'),
    own("pins", KindSpec::of::<List<Number<u16>>>()).secret().range("1", "9999"),
];

/// Values that have names.
enum Manner {
    Warm,
    VeryCold,
}

impl OptionValue for Manner {
    const NAMES: &'static [&'static str] = &["warm", "very-cold"];
    const MEANINGS: &'static [&'static str] = &["As among friends", ""];

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "warm" => Some(Self::Warm),
            "very-cold" => Some(Self::VeryCold),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::VeryCold => "very-cold",
        }
    }
}

/// What the variables of the environment begin with.
pub(crate) const PREFIX: &str = "T";

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

/// An environment is refused, or means what is printed of it.
pub(crate) fn environment(variables: Vec<(OsString, OsString)>) {
    if let Ok(found) = environment::read(variables, PREFIX, table()) {
        print_and_read(&found.settings);
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

/// Values and names of the effective options; where they come from does not count, and of secrets only the
/// names of their files do.
fn values(merged: &Merged) -> Vec<(&'static str, Vec<String>)> {
    let effective = merged.effective.iter().filter(|one| one.spec.name != "conf_file");
    let shown = |secret: bool, text: &String| !secret || secret::file(text).is_some();
    effective
        .map(|one| {
            let texts = one.texts.iter().filter(|text| shown(one.spec.secret, text));
            (one.spec.name, texts.cloned().collect())
        })
        .collect()
}

/// All that is shown of effective options, to whoever asks.
fn shown(merged: &Merged) -> [String; 3] {
    [print::as_conf(merged), print::as_json(merged, &[]), format!("{merged:?}")]
}

/// The same settings with other secrets.
fn with_other_secrets(settings: &[Setting]) -> Vec<Setting> {
    let mut others = settings.to_vec();
    for one in others.iter_mut().filter(|one| one.spec.secret && secret::file(&one.text).is_none())
    {
        one.text = "another".into();
    }
    others
}

/// What is merged of them is printed as a conf file that means the same, whose own print is itself. Nothing of
/// a secret is shown: with another one all is the same.
fn print_and_read(settings: &[Setting]) {
    for declared in [Some(BuiltIn::PreFork), Some(BuiltIn::Single), None] {
        let Ok(merged) = merge(settings, table(), declared) else { continue };
        let printed = print::as_conf(&merged);
        let read = conf::parse("printed", printed.as_bytes(), table());
        let read = read.unwrap_or_else(|err| panic!("{err}\n{printed}"));
        let again = merge(&read, table(), declared);
        let again = again.unwrap_or_else(|err| panic!("{err}\n{printed}"));
        assert_eq!(values(&again), values(&merged), "{printed}");
        let others = merge(&with_other_secrets(settings), table(), declared);
        assert_eq!(others.ok().map(|merged| shown(&merged)), Some(shown(&merged)));
        let json = print::as_json(&merged, &[]);
        assert!(!json.contains(|c: char| c.is_control() && c != '\n'), "{json}");
    }
}
