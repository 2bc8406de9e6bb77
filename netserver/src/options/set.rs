//! Options as texts with their sources, before they are merged.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use netserver_options::{OptionSpec, Table};

use super::secret;
use super::source::Source;
use crate::error::OptionError;

/// One occurrence of an option in one source.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) spec: &'static OptionSpec,
    /// The value in its usual form.
    pub(crate) text: String,
    /// The value as a number, where it is one.
    pub(crate) measure: Option<u64>,
    pub(crate) source: Source,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.spec.secret { secret::HIDDEN } else { &self.text };
        write!(f, "{} = {text:?} ({})", self.spec.name, self.source)
    }
}

/// Options that a program sets, in [`configure_hook`](crate::Hooks::configure_hook) or before the
/// server runs. Each value is checked as it is set.
#[derive(Debug)]
pub struct OptionSet {
    table: Table,
    source: Source,
    settings: Vec<Setting>,
}

impl OptionSet {
    pub(crate) const fn new(table: Table, source: Source) -> Self {
        Self { table, source, settings: Vec::new() }
    }

    /// Sets an option. One that repeats takes every value it is given, one after the other.
    ///
    /// # Errors
    /// Where there is no such option, or the value is not one of its own.
    pub fn set(&mut self, name: &str, value: impl Into<Texts>) -> Result<&mut Self, OptionError> {
        for text in value.into().0 {
            self.push(name, &text, self.source.clone())?;
        }
        Ok(self)
    }

    /// Adds one occurrence from `source`.
    pub(crate) fn push(
        &mut self,
        name: &str,
        text: &str,
        source: Source,
    ) -> Result<(), OptionError> {
        let Some(spec) = self.table.find(name) else {
            return Err(OptionError::new(source.place(name), self.table.unknown(name)));
        };
        let checked = if spec.secret { secret::check(spec, text) } else { spec.check(text) };
        match checked {
            Ok(reading) => {
                let (text, measure) = (reading.canonical, reading.measure);
                self.settings.push(Setting { spec, text, measure, source });
                Ok(())
            }
            Err(reject) => Err(OptionError::new(source.place(spec.name), reject)),
        }
    }

    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn into_settings(self) -> Vec<Setting> {
        self.settings
    }
}

/// One or more values of an option, as texts: made from a number, a text, a boolean, or a list of
/// one of these. Its `Debug` tells how many and shows none, as they may be those of a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(pub(crate) Vec<String>);

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({} hidden)", self.0.len())
    }
}

impl Texts {
    /// No value yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These and further ones.
    #[must_use]
    pub fn with(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }
}

macro_rules! one_text {
    ($($plain:ty),*) => {$(
        impl From<$plain> for Texts {
            fn from(value: $plain) -> Self {
                Self(vec![value.to_string()])
            }
        }
    )*};
}
one_text!(&str, String, bool, u8, u16, u32, u64, usize, IpAddr, Ipv4Addr, Ipv6Addr);
one_text!(i8, i16, i32, i64, isize, f32, f64);

impl From<Duration> for Texts {
    fn from(time: Duration) -> Self {
        // Up, as the smallest time must not become none, which means no limit.
        Self(vec![format!("{}ms", time.as_nanos().div_ceil(1_000_000))])
    }
}

impl<T: Into<Texts>, const N: usize> From<[T; N]> for Texts {
    fn from(values: [T; N]) -> Self {
        Vec::from(values).into()
    }
}

impl<T: Into<Texts>> From<Vec<T>> for Texts {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().fold(Self::new(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_nobody_has_named_yet_are_not_shown() {
        let texts = Texts::from(["hunter2", "hunter3"]);
        assert_eq!(format!("{texts:?}"), "Texts(2 hidden)");
        assert_eq!(texts, Texts::from(vec!["hunter2"]).with("hunter3"));
    }
}
