//! Values that nobody is shown.
//!
//! `@FILE` stands for what is in a file, and `@@` for one `@` that begins the value itself. What is
//! written is kept as it is, since the name of a file is no secret; the value is read where it is handed to
//! the server, and nowhere else.

use std::path::Path;

use netserver_options::kind::Reading;
use netserver_options::reject::shown;
use netserver_options::{OptionSpec, Reject};

use crate::sys::descriptor;

/// What stands for a secret where values are shown.
pub(crate) const HIDDEN: &str = "(secret)";

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
    let kept = match written(text) {
        Written::File("") => {
            let reject = Reject::new("no file stands behind the `@`");
            return Err(reject.with_help("`@FILE` reads a file; `@@` begins a value with `@`"));
        }
        Written::File(file) => format!("@{file}"),
        Written::Value(value) => {
            let canonical = spec.check(value)?.canonical;
            if canonical.starts_with('@') { format!("@{canonical}") } else { canonical }
        }
    };
    Ok(Reading { canonical: kept, measure: None })
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
    Ok(spec.check(line).map_err(|reject| refuse(reject.fault))?.canonical)
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
