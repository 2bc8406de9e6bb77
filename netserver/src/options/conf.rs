//! The conf file: `name = value`, one on a line.
//!
//! `name: value` and `name value` are the same; the value is the rest of the line without the
//! blanks around it; `#` starts a comment and `\#` is a `#`; a boolean's name alone is true. Of a secret
//! nobody sees what is left of it, so that a comment has to have a blank before it.

use std::fs::Metadata;
use std::os::fd::OwnedFd;
use std::path::Path;

use netserver_options::kind::{Flag, Kind};
use netserver_options::reject::shown;
use netserver_options::{Reject, Table};

use super::secret;
use super::set::{OptionSet, Setting};
use super::source::Source;
use crate::error::OptionError;
use crate::sys::descriptor;

/// So many refused lines are told one by one; whoever names a file that is none has thousands.
const TOLD: usize = 20;

/// What to do about the head of one.
const NO_SECTION: &str = "remove the line: there are no sections";

/// What was read of a conf file.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) settings: Vec<Setting>,
    pub(crate) bytes: Vec<u8>,
    /// What the file was when it was opened.
    pub(crate) opened: Metadata,
}

/// Reads the settings of the file that `named` has as its value; of `instead`, where that is there, which
/// was that file once.
///
/// # Errors
/// Where it cannot be read, is no text, or lines of it are refused: each of them is told.
pub(crate) fn read(
    named: &Setting,
    table: Table,
    instead: Option<OwnedFd>,
) -> Result<Read, OptionError> {
    let name = shown(&named.text);
    let found = match instead {
        Some(file) => descriptor::read_all(file.into()),
        None => descriptor::read_regular(Path::new(&named.text)),
    };
    let (bytes, opened) = found.map_err(|err| {
        let reject = Reject::new(format!("{name}: cannot be read: {err}"));
        OptionError::new(named.source.place(named.spec.name), reject)
    })?;
    Ok(Read { settings: parse(&name, &bytes, table)?, bytes, opened })
}

pub(super) fn parse(name: &str, bytes: &[u8], table: Table) -> Result<Vec<Setting>, OptionError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut set = OptionSet::new(table, Source::Default);
    let mut faults = Vec::new();
    let mut more = 0_usize;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let source = Source::Conf { file: name.to_owned(), line: at + 1 };
        match take(line, source, &mut set) {
            Err(fault) if faults.len() < TOLD => faults.push(fault),
            Err(_) => more += 1,
            Ok(()) => {}
        }
    }
    let settings = set.into_settings();
    if settings.is_empty() {
        // It may be another file than was meant, as a key, whose lines are not to be shown.
        more += faults.len().saturating_sub(1);
        faults.truncate(1);
    }
    let rest = Reject::new(format!("lines that are refused as well: {more}"));
    let rest = (more > 0).then(|| OptionError::new(name, rest));
    OptionError::hold(faults.into_iter().chain(rest))?;
    Ok(settings)
}

fn take(line: &[u8], source: Source, set: &mut OptionSet) -> Result<(), OptionError> {
    let refuse = |fault: &str| OptionError::new(source.in_config(), Reject::new(fault));
    let line = std::str::from_utf8(line).map_err(|_| refuse("not valid UTF-8"))?;
    if line.contains('\0') {
        return Err(refuse("a NUL byte, expected text"));
    }
    let Line { text, is_cut } = without_comment(line);
    let line = text.trim();
    let line = line.strip_prefix("--").unwrap_or(line);
    if line.is_empty() { Ok(()) } else { setting(line, is_cut, source, set) }
}

fn setting(
    line: &str,
    is_cut: bool,
    source: Source,
    set: &mut OptionSet,
) -> Result<(), OptionError> {
    let end = line.find(|c: char| c.is_whitespace() || c == '=' || c == ':').unwrap_or(line.len());
    let (name, rest) = (&line[..end], line[end..].trim_start());
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim();
    let alone = rest.is_empty();
    match set.table().find(name) {
        Some(spec) if spec.name == "conf_file" => {
            let reject = Reject::new("a conf file cannot name another");
            Err(OptionError::new(source.place(name), reject))
        }
        Some(spec) if alone && spec.kind.flag => set.push(name, &Flag::print(&true), source),
        Some(spec) if alone => {
            let reject = Reject::new("needs a value").with_help(format!(
                "write {} = {}",
                spec.name,
                secret::placeholder(spec)
            ));
            Err(OptionError::new(source.place(name), reject))
        }
        Some(spec) if spec.secret && is_cut => {
            let reject = Reject::new("a `#` begins a comment, and stands right behind the value");
            let help = "write `\\#` where it is part of the secret, and a blank before a comment";
            Err(OptionError::new(source.place(name), reject.with_help(help)))
        }
        Some(_) => set.push(name, value, source),
        None => {
            let reject = set.table().unknown(name);
            let reject = if name.starts_with('[') { reject.with_help(NO_SECTION) } else { reject };
            Err(OptionError::new(source.in_config(), reject))
        }
    }
}

/// A line without its comment.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    text: String,
    /// Whether its comment begins where no blank stands before it.
    is_cut: bool,
}

/// The line up to its first `#` that no backslash stands before, with `\#` made `#`.
fn without_comment(line: &str) -> Line {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next_if_eq(&'#').is_some() => text.push('#'),
            '#' => {
                let is_cut = text.ends_with(|last: char| !last.is_whitespace());
                return Line { text, is_cut };
            }
            c => text.push(c),
        }
    }
    Line { text, is_cut: false }
}

/// A value as it has to stand in a conf file.
pub(crate) fn escape(value: &str) -> String {
    value.replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use netserver_options::OptionSpec;
    use netserver_options::kind::{KindSpec, Text};

    use super::*;

    fn pairs(text: &str) -> Vec<(&'static str, String, Source)> {
        let settings = parse("t.conf", text.as_bytes(), Table::BUILT_IN).unwrap();
        settings.into_iter().map(|one| (one.spec.name, one.text, one.source)).collect()
    }

    fn fault(bytes: &[u8]) -> String {
        parse("t.conf", bytes, Table::BUILT_IN).unwrap_err().to_string()
    }

    #[test]
    fn every_form_of_a_line() {
        let text = "\u{feff}# comment\r\n\r\n  max_servers = 8 # eight\r\n--max-servers: 8\nmax_servers 8\t\nmax_servers=8\nkeepalive\n";
        let found = pairs(text);
        assert_eq!(found.len(), 5);
        assert!(
            found[..4]
                .iter()
                .all(|(name, value, _)| (*name, value.as_str()) == ("max_servers", "8"))
        );
        assert_eq!(found[0].2, Source::Conf { file: "t.conf".into(), line: 3 });
        assert_eq!(found[4].1, "true");
        assert_eq!(pairs("port [::1]:80")[0].1, "[::1]:80");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_the_fault_of_who_named_it() {
        for (source, place) in [
            (Source::Object, "object: conf_file"),
            (Source::CommandLine, "--conf_file"),
            (Source::RunArguments, "run arguments: conf_file"),
            (Source::ConfigureHook, "configure_hook: conf_file"),
            (Source::Attribute, "attribute: conf_file"),
        ] {
            let mut set = OptionSet::new(Table::BUILT_IN, source);
            set.set("conf_file", "/no where").unwrap();
            let err = read(&set.into_settings()[0], Table::BUILT_IN, None).unwrap_err();
            assert_eq!(
                err.to_string(),
                format!(
                    "{place}: \"/no where\": cannot be read: No such file or directory (os error 2)"
                )
            );
        }
    }

    #[test]
    fn mistakes_name_file_and_line() {
        assert_eq!(
            fault(b"\n\nmax_servers: 0"),
            "t.conf:3: max_servers: expected 1 to 65535, got 0"
        );
        assert_eq!(
            fault(b"max_servers"),
            "t.conf:1: max_servers: needs a value\n  help: write max_servers = NUMBER"
        );
        assert_eq!(
            fault(b"max_server = 1"),
            "t.conf:1: unknown option max_server\n  help: did you mean `max_servers`?"
        );
        for section in ["[server]", "[server ]", "[a]=1"] {
            let said = fault(section.as_bytes());
            assert!(said.starts_with("t.conf:1: unknown option ["), "{section}: {said}");
            assert!(said.ends_with("\n  help: remove the line: there are no sections"), "{said}");
        }
        for slip in ["-port = 1", "---port = 1", "----port = 1"] {
            let said = fault(slip.as_bytes());
            assert!(said.starts_with("t.conf:1: unknown option -"), "{slip}: {said}");
        }
        assert_eq!(fault(b"port = 1\nport = \xff"), "t.conf:2: not valid UTF-8");
        assert_eq!(fault(b"port = \0"), "t.conf:1: a NUL byte, expected text");
        assert_eq!(fault(b"conf_file = x"), "t.conf:1: conf_file: a conf file cannot name another");
    }

    #[test]
    fn no_secret_is_cut_by_a_comment() {
        static OWN: [OptionSpec; 1] =
            [OptionSpec::own("token", "", "", KindSpec::of::<Text>()).secret()];
        let token = |line: &str| {
            let settings = parse("t.conf", line.as_bytes(), Table::with(&OWN))?;
            Ok::<_, OptionError>(settings[0].text.clone())
        };
        for (line, kept) in [
            (r"token = abc\#def", "abc#def"),
            ("token = abc # def", "abc"),
            ("token = abc\t# def", "abc"),
            (r"token = \#abc\##", ""),
            (r"token abc\# # def", "abc#"),
            ("token = abc#def", ""),
            ("token = @/run/a#b", ""),
        ] {
            match token(line) {
                Ok(found) => assert_eq!(found, kept, "{line}"),
                Err(err) => {
                    let said = err.to_string();
                    assert!(kept.is_empty(), "{line}: {said}");
                    assert!(said.starts_with("t.conf:1: token: a `#` begins a comment"), "{said}");
                    assert!(!said.contains("abc"), "{said}");
                }
            }
        }
        // Of any other it is a comment wherever it stands, as in Net::Server.
        assert_eq!(pairs("max_servers = 8# eight")[0].1, "8");
    }

    #[test]
    fn every_line_that_is_refused_is_told_in_its_place() {
        let said = fault(b"max_servers = many\nlisten = 5\nmax_server = 1\n\xff\nlisten = 0\n");
        let lines: Vec<_> = said.lines().collect();
        let wanted = [
            "t.conf:1: max_servers: expected a whole number, 1 to 65535, got many",
            "t.conf:3: unknown option max_server",
            "  help: did you mean `max_servers`?",
            "t.conf:4: not valid UTF-8",
            "t.conf:5: listen: expected 1 to 65535, got 0",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn of_very_many_lines_some_are_told_and_of_a_file_that_is_no_conf_file_one() {
        let wrong = "{\n".repeat(1000);
        let said = fault(format!("listen = 5\n{wrong}").as_bytes());
        assert_eq!(said.lines().count(), TOLD + 1, "{said}");
        assert!(said.ends_with("\nt.conf: lines that are refused as well: 980"), "{said}");
        let said = fault(b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIJ\n");
        assert!(said.starts_with("t.conf:1: unknown option ---BEGIN"), "{said}");
        assert!(said.ends_with("\nt.conf: lines that are refused as well: 2"), "{said}");
        assert!(!said.contains("MC4C") && !said.contains("BCIE"), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes: Vec<u8>) {
            let _ = parse("t.conf", &bytes, Table::BUILT_IN);
        }

        #[test]
        fn an_escaped_value_comes_back(value in "[ -~]*") {
            let line = without_comment(&escape(&value));
            proptest::prop_assert_eq!(line, Line { text: value, is_cut: false });
        }
    }
}
