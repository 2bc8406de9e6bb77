//! The effective options as text: a conf file, or JSON.

use std::fmt::Write as _;

use netserver_options::kind::Json;

use super::conf::escape;
use super::merge::{Effective, Merged};
use super::secret;

/// `name = value  # source`, one on a line: a conf file that stands for the same options.
pub(crate) fn as_conf(merged: &Merged) -> String {
    let lines: Vec<(String, String)> = merged.effective.iter().flat_map(conf_lines).collect();
    let width = lines.iter().map(|(setting, _)| setting.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (setting, source) in &lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{setting:width$}  # {source}");
    }
    for one in &merged.left_out {
        let personality = merged.personality.map_or("this personality", |one| one.name());
        let (name, source) = (one.spec.name, one.source.in_config());
        let _ = writeln!(text, "# {name} ({source}) has no effect with {personality}");
    }
    text
}

fn conf_lines(one: &Effective) -> Vec<(String, String)> {
    // A conf file cannot name another, and this one needs no other.
    let comment = if one.spec.name == "conf_file" { "# " } else { "" };
    let line = |(at, text): (usize, &String)| {
        let source = one.origins.get(at).unwrap_or(&one.source);
        let setting = if is_hidden(one, text) {
            format!("# {} is set, and secret", one.spec.name)
        } else {
            format!("{comment}{} = {}", one.spec.name, escape(text))
        };
        (setting, source.in_config())
    };
    one.texts.iter().enumerate().map(line).collect()
}

/// Whether a text is a secret. The name of its file is none.
fn is_hidden(one: &Effective, text: &str) -> bool {
    one.spec.secret && secret::file(text).is_none()
}

/// One record of what is listened on, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenRecord {
    pub(crate) host: String,
    /// A number, or the path of a UNIX socket.
    pub(crate) port: Result<u16, String>,
    pub(crate) proto: &'static str,
    pub(crate) ipv: &'static str,
}

/// The same as JSON, with the listen records.
pub(crate) fn as_json(merged: &Merged, listen: &[ListenRecord]) -> String {
    let options: Vec<String> = merged.effective.iter().map(json_option).collect();
    let listen: Vec<String> = listen.iter().map(json_record).collect();
    format!(
        "{{\n  \"options\": {{\n    {}\n  }},\n  \"listen\": [\n    {}\n  ]\n}}\n",
        options.join(",\n    "),
        listen.join(",\n    ")
    )
}

fn json_option(one: &Effective) -> String {
    let kind = &one.spec.kind;
    let value = |text: &String| match kind.json {
        _ if is_hidden(one, text) => "null".into(),
        _ if one.spec.secret => quoted(text),
        Json::Bare => text.clone(),
        Json::Quoted => quoted(text),
    };
    let texts: Vec<String> = one.texts.iter().map(value).collect();
    let value = match texts.as_slice() {
        _ if kind.repeats => format!("[{}]", texts.join(", ")),
        [one] => one.clone(),
        _ => "null".into(),
    };
    let source = quoted(&one.source.to_string());
    let secret = if one.spec.secret { ", \"secret\": true" } else { "" };
    format!("{}: {{\"value\": {value}, \"source\": {source}{secret}}}", quoted(one.spec.name))
}

fn json_record(one: &ListenRecord) -> String {
    format!(
        "{{\"host\": {}, \"port\": {}, \"proto\": {}, \"ipv\": {}}}",
        quoted(&one.host),
        one.port.as_ref().map_or_else(|path| quoted(path), u16::to_string),
        quoted(one.proto),
        quoted(one.ipv)
    )
}

fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use netserver_options::{BuiltIn, Table};

    use super::super::merge::merge;
    use super::super::set::OptionSet;
    use super::super::source::Source;
    use super::*;

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd\u{1}é"), "\"a\\\"b\\\\c\\u000ad\\u0001é\"");
    }

    #[test]
    fn each_value_of_a_list_has_its_own_line() {
        let file = b"allow = 10.0.0.0/8\nlog_level = 3\nallow = 192.0.2.1\n";
        let settings = super::super::conf::parse("t.conf", file, Table::BUILT_IN).unwrap();
        let merged = merge(&settings, Table::BUILT_IN, Some(BuiltIn::Fork)).unwrap();
        let text = as_conf(&merged);
        let source = |value: &str| {
            let line = text.lines().find(|line| line.contains(value)).unwrap();
            line.split_once("# ").unwrap().1.to_owned()
        };
        assert_eq!([source("10.0.0.0/8"), source("192.0.2.1")], ["t.conf:1", "t.conf:3"]);
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let mut set = OptionSet::new(Table::BUILT_IN, Source::Object);
        set.set("port", ["80", "[::1]:81"]).unwrap().set("max_servers", 7).unwrap();
        let merged = merge(&set.into_settings(), Table::BUILT_IN, Some(BuiltIn::PreFork)).unwrap();
        let text = as_conf(&merged);
        assert!(text.contains("max_servers = 7"), "{text}");
        let mut again = OptionSet::new(Table::BUILT_IN, Source::Object);
        for line in text.lines() {
            let (setting, _) = line.split_once("  #").unwrap();
            let (name, value) = setting.split_once(" = ").unwrap();
            again.set(name, value.trim()).unwrap();
        }
        let again = merge(&again.into_settings(), Table::BUILT_IN, Some(BuiltIn::PreFork)).unwrap();
        assert_eq!(again.options, merged.options);
    }
}
