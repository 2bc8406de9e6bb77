//! The values of a server's own options, before they are the fields of its struct.

use std::fmt;

use netserver_options::{OptionSpec, Reject};

use super::secret;
use super::source::Source;
use crate::error::OptionError;

/// The effective texts of a server's own options. The attribute on a struct reads its fields from
/// here.
#[derive(Debug, Default)]
pub struct OwnOptions(Vec<OwnOption>);

/// One of them.
pub(crate) struct OwnOption {
    pub(crate) spec: &'static OptionSpec,
    pub(crate) texts: Vec<String>,
    pub(crate) source: Source,
}

impl fmt::Debug for OwnOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, texts, source } = self;
        if spec.secret {
            return write!(f, "{} = {} ({source})", spec.name, secret::HIDDEN);
        }
        write!(f, "{} = {texts:?} ({source})", spec.name)
    }
}

impl OwnOptions {
    pub(crate) const fn new(options: Vec<OwnOption>) -> Self {
        Self(options)
    }

    /// The value of an option that always has one.
    ///
    /// # Errors
    /// Where it has none, or `read` refuses it.
    pub fn one<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, Reject>,
    ) -> Result<T, OptionError> {
        let value = self.maybe(name, read)?;
        // It has no source, so it is named as one writes it.
        let place = || Source::CommandLine.place(name);
        value.ok_or_else(|| OptionError::new(place(), Reject::new("has to be set")))
    }

    /// The value of an option that may be left out.
    ///
    /// # Errors
    /// Where `read` refuses it.
    pub fn maybe<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, Reject>,
    ) -> Result<Option<T>, OptionError> {
        let option = self.find(name);
        let last =
            option.and_then(|option| option.texts.last().map(|text| option.value(text, read)));
        last.transpose()
    }

    /// All values of an option that repeats.
    ///
    /// # Errors
    /// Where `read` refuses one.
    pub fn all<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, Reject>,
    ) -> Result<Vec<T>, OptionError> {
        let values = |option: &OwnOption| {
            option.texts.iter().map(|text| option.value(text, &read)).collect()
        };
        self.find(name).map_or_else(|| Ok(Vec::new()), values)
    }

    fn find(&self, name: &str) -> Option<&OwnOption> {
        self.0.iter().find(|option| option.spec.name == name)
    }
}

impl OwnOption {
    fn value<T>(
        &self,
        text: &str,
        read: impl Fn(&str) -> Result<T, Reject>,
    ) -> Result<T, OptionError> {
        // What a type says of a text may have that in it.
        let hide = |reject| if self.spec.secret { self.spec.refused_secret() } else { reject };
        let place = || self.source.place(self.spec.name);
        read(text).map_err(|reject| OptionError::new(place(), hide(reject)))
    }
}

#[cfg(test)]
mod tests {
    use netserver_options::kind::{KindSpec, Text};

    use super::*;

    fn options() -> OwnOptions {
        const fn row(name: &'static str) -> OptionSpec {
            OptionSpec::own(name, "", "", KindSpec::of::<Text>())
        }
        static ROWS: [OptionSpec; 4] =
            [row("colour"), row("size"), row("name"), row("pin").secret()];
        let option = |name, texts: &[&str], source| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            let spec = ROWS.iter().find(|spec| spec.name == name).unwrap();
            OwnOption { spec, texts, source }
        };
        OwnOptions::new(vec![
            option("colour", &["red"], Source::Conf { file: "t.conf".into(), line: 3 }),
            option("size", &["1", "2"], Source::Object),
            option("name", &[], Source::Default),
            option("pin", &["hunter2"], Source::CommandLine),
        ])
    }

    fn number(text: &str) -> Result<u8, Reject> {
        text.parse().map_err(|_| Reject::expected("a number", text))
    }

    #[test]
    fn values_are_read() {
        assert_eq!(options().one("size", number), Ok(2));
        assert_eq!(options().all("size", number), Ok(vec![1, 2]));
        assert_eq!(options().maybe("name", number), Ok(None));
        assert_eq!(options().all("nobody", number), Ok(Vec::new()));
    }

    #[test]
    fn a_secret_is_in_no_message() {
        let said = options().one("pin", number).unwrap_err().to_string();
        assert_eq!(said, "--pin: expected a text, got a secret that is something else");
        let said = format!("{:?}", options());
        assert!(said.contains("pin = (secret)") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_refused_value_has_its_source() {
        let place = "t.conf:3: colour: expected a number, got red";
        assert_eq!(options().one("colour", number).unwrap_err().to_string(), place);
        assert_eq!(options().maybe("colour", number).unwrap_err().to_string(), place);
        assert_eq!(options().all("colour", number).unwrap_err().to_string(), place);
        let odd = |_: &str| Err::<(), _>(Reject::new("is odd"));
        assert_eq!(options().one("size", odd).unwrap_err().to_string(), "object: size: is odd");
        assert_eq!(options().one("name", number).unwrap_err().to_string(), "--name: has to be set");
    }
}
