//! The values of a server's own options, before they are the fields of its struct.

use netserver_options::Reject;

use super::source::Source;
use crate::error::OptionError;

/// The effective texts of a server's own options. The attribute on a struct reads its fields from
/// here.
#[derive(Debug, Default)]
pub struct OwnOptions(Vec<OwnOption>);

/// One of them.
#[derive(Debug)]
pub(crate) struct OwnOption {
    pub(crate) name: &'static str,
    pub(crate) texts: Vec<String>,
    pub(crate) source: Source,
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
        self.0.iter().find(|option| option.name == name)
    }
}

impl OwnOption {
    fn value<T>(
        &self,
        text: &str,
        read: impl Fn(&str) -> Result<T, Reject>,
    ) -> Result<T, OptionError> {
        read(text).map_err(|reject| OptionError::new(self.source.place(self.name), reject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> OwnOptions {
        let option = |name, texts: &[&str], source| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            OwnOption { name, texts, source }
        };
        OwnOptions::new(vec![
            option("colour", &["red"], Source::Conf { file: "t.conf".into(), line: 3 }),
            option("size", &["1", "2"], Source::Object),
            option("name", &[], Source::Default),
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
