//! The values of a server's own options, before they are the fields of its struct.

use netserver_options::Reject;

use crate::error::OptionError;

/// The effective texts of a server's own options. The attribute on a struct reads its fields from
/// here.
#[derive(Debug, Default)]
pub struct OwnOptions(Vec<(&'static str, Vec<String>)>);

impl OwnOptions {
    pub(crate) const fn new(texts: Vec<(&'static str, Vec<String>)>) -> Self {
        Self(texts)
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
        value.ok_or_else(|| OptionError::new(name, Reject::new("has to be set")))
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
        let text = self.texts(name).last();
        text.map(|text| read(text).map_err(|reject| OptionError::new(name, reject))).transpose()
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
        let texts = self.texts(name).iter();
        texts.map(|text| read(text).map_err(|reject| OptionError::new(name, reject))).collect()
    }

    fn texts(&self, name: &str) -> &[String] {
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map_or(&[], |(_, texts)| texts.as_slice())
    }
}
