//! Values that nobody is shown.
//!
//! `@FILE` stands for what is in a file, and `@@` for one `@` that begins the value itself. What is
//! written is kept as it is, since the name of a file is no secret; the value is read where it is handed to
//! the server, and nowhere else.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use netserver_options::kind::{self, Kind, Reading};
use netserver_options::reject::shown;
use netserver_options::{OptionSpec, Reject};

use crate::sys::descriptor;

/// What stands for a secret where values are shown.
pub(crate) const HIDDEN: &str = "(secret)";

/// What stands for the value of an option where somebody is told to write one: a secret is best in a file.
pub(crate) const fn placeholder(spec: &OptionSpec) -> &'static str {
    if spec.secret { "@FILE" } else { spec.kind.placeholder }
}

/// How a secret is written.
enum Written<'a> {
    File(&'a str),
    Value(&'a str),
}

fn written(text: &str) -> Written<'_> {
    match text.trim().strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Written::Value(rest),
        Some(file) => Written::File(file),
        None => Written::Value(text),
    }
}

/// The file that a text names, where it is no secret itself.
pub(crate) fn file(text: &str) -> Option<&str> {
    match written(text) {
        Written::File(file) => Some(file),
        Written::Value(_) => None,
    }
}

/// Checks one occurrence as far as that can be done without its file, and keeps how it is written.
///
/// # Errors
/// Where the value is refused, and where no file is named.
pub(crate) fn check(spec: &OptionSpec, text: &str) -> Result<Reading, Reject> {
    hold_some(text)?;
    let kept = match written(text) {
        Written::File("") => {
            let reject = Reject::new("no file stands behind the `@`");
            return Err(reject.with_help("`@FILE` reads a file; `@@` begins a value with `@`"));
        }
        Written::File(file) => format!("@{}", kind::Path::print(&kind::Path::parse(file)?)),
        Written::Value(value) => {
            let canonical = spec.check(value)?.canonical;
            if canonical.starts_with('@') { format!("@{canonical}") } else { canonical }
        }
    };
    Ok(Reading::of(kept))
}

/// Nothing is what a file has that nobody has filled, and is known to everybody.
fn hold_some(text: &str) -> Result<(), Reject> {
    if text.trim().is_empty() { Err(Reject::new("a secret cannot be empty")) } else { Ok(()) }
}

/// The value itself: of a file, all but the end of its last line.
///
/// # Errors
/// Where the file cannot be read, or what is in it is refused.
pub(crate) fn value(spec: &OptionSpec, text: &str) -> Result<String, Reject> {
    let name = match written(text) {
        Written::Value(value) => return Ok(value.to_owned()),
        Written::File(name) => name,
    };
    let refuse = |why: String| Reject::new(format!("{}: {why}", shown(name)));
    let read = descriptor::read_regular(Path::new(name));
    let (bytes, _) = read.map_err(|err| refuse(format!("cannot be read: {err}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("not valid UTF-8".into()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    hold_some(line).map_err(|reject| refuse(reject.fault))?;
    let usual = spec.check(line).map_err(|reject| refuse(reject.fault))?.canonical;
    // Blanks at its ends may be a part of a text.
    let is_text = spec.kind.placeholder == kind::Text::PLACEHOLDER;
    Ok(if is_text { line.to_owned() } else { usual })
}

/// Where a secret is written, as far as it matters to who may read it there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    CommandLine,
    /// A conf file of that mode.
    Conf(u32),
    /// Where its owner alone looks, or nobody can tell.
    Elsewhere,
}

/// Why others may know a secret that is written like that at that place.
pub(crate) fn exposure(spec: &OptionSpec, text: &str, place: Place) -> Option<Reject> {
    match file(text) {
        Some(name) => file_exposure(name),
        None => literal_exposure(spec, place),
    }
}

fn literal_exposure(spec: &OptionSpec, place: Place) -> Option<Reject> {
    match place {
        Place::Elsewhere => None,
        Place::CommandLine => {
            let fault = "everybody on this machine may read the command line";
            Some(Reject::new(fault).with_help(format!("write --{}=@FILE", spec.name)))
        }
        Place::Conf(mode) => {
            let what = mode_fault(mode)?;
            let fault = format!(
                "a secret, and others may {what} this conf file (mode {:04o})",
                mode & 0o7777
            );
            let help = format!("write {} = @FILE, or use chmod 640, or 600", spec.name);
            Some(Reject::new(fault).with_help(help))
        }
    }
}

fn file_exposure(name: &str) -> Option<Reject> {
    // Where no such file is there, whoever reads it says so.
    let mode = std::fs::metadata(name).ok().filter(Metadata::is_file)?.mode();
    let what = mode_fault(mode)?;
    let fault = format!("{}: others may {what} it (mode {:04o})", shown(name), mode & 0o7777);
    Some(Reject::new(fault).with_help("use chmod 640, or 600"))
}

/// What others may do with a file of that mode. A group may read it, as the user's that the server becomes.
const fn mode_fault(mode: u32) -> Option<&'static str> {
    match mode {
        _ if mode & 0o022 != 0 => Some("change"),
        _ if mode & 0o004 != 0 => Some("read"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use netserver_options::kind::{KindSpec, Number, Text};

    use super::*;

    #[test]
    fn what_begins_with_an_at_is_a_file() {
        let spec = OptionSpec::own("token", "", "", KindSpec::of::<Text>()).secret();
        for (text, kept, named) in [
            ("abc", "abc", None),
            ("@/run/token", "@/run/token", Some("/run/token")),
            (" @t ", "@t", Some("t")),
            ("@@abc", "@@abc", None),
            ("a@b", "a@b", None),
        ] {
            assert_eq!(check(&spec, text).unwrap().canonical, kept);
            assert_eq!(file(kept), named, "{text}");
        }
        assert_eq!(value(&spec, "@@abc"), Ok("@abc".into()));
        assert!(check(&spec, "@").unwrap_err().to_string().contains("no file"));
        let said = check(&spec, "@a\nb").unwrap_err().to_string();
        assert_eq!(said, "expected a file name, got \"a\\nb\"");
    }

    #[test]
    fn a_file_is_its_owners_and_may_be_read_by_a_group() {
        for (mode, fault) in [
            (0o100_600, None),
            (0o100_440, None),
            (0o100_644, Some("read")),
            (0o100_660, Some("change")),
            (0o100_602, Some("change")),
        ] {
            assert_eq!(mode_fault(mode), fault, "{mode:o}");
        }
    }

    #[test]
    fn a_literal_is_as_private_as_where_it_stands() {
        let spec = OptionSpec::own("token", "", "", KindSpec::of::<Text>()).secret();
        for (text, place, said) in [
            ("abc", Place::CommandLine, Some("everybody on this machine may read")),
            ("@@abc", Place::CommandLine, Some("everybody on this machine may read")),
            ("abc", Place::Conf(0o100_644), Some("others may read this conf file (mode 0644)")),
            ("abc", Place::Conf(0o100_660), Some("others may change this conf file (mode 0660)")),
            ("abc", Place::Conf(0o100_640), None),
            ("abc", Place::Elsewhere, None),
            ("@/does/not/exist", Place::Conf(0o100_644), None),
        ] {
            let found = exposure(&spec, text, place).map(|reject| reject.to_string());
            assert_eq!(found.is_some(), said.is_some(), "{text} {place:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(said.unwrap_or_default()) && !found.contains("abc"), "{found}");
        }
    }

    #[test]
    fn an_empty_secret_is_none() {
        let spec = OptionSpec::own("token", "", "", KindSpec::of::<Text>()).secret();
        for text in ["", " ", "\t"] {
            let said = check(&spec, text).unwrap_err().to_string();
            assert_eq!(said, "a secret cannot be empty", "{text:?}");
        }
    }

    #[test]
    fn no_refusal_has_the_value() {
        let spec = OptionSpec::own("pin", "", "", KindSpec::of::<Number<u16>>()).secret();
        let said = check(&spec, "hunter2").unwrap_err().to_string();
        assert_eq!(
            said,
            "expected a whole number from 0 to 65535, got a secret that is something else"
        );
        let said = value(&spec, "@/does/not/exist").unwrap_err().to_string();
        assert!(said.starts_with("/does/not/exist: cannot be read: No such file"), "{said}");
    }
}
