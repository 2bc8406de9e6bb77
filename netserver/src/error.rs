//! What can go wrong: [`Error`] for a server, [`OptionError`] for a value and its source.
//!
//! A `Display` is one level; [`std::error::Error::source`] has the rest.

use std::error::Error as StdError;
use std::{fmt, io};

use netserver_options::Reject;

/// What the hooks of a server return, and most of what the runtime does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any failure, boxed.
pub type AnyError = Box<dyn StdError + Send + Sync>;

/// Why a server could not start or go on.
///
/// What it says is for people; programs ask it with [`Error::is_option`].
#[derive(Debug)]
pub struct Error {
    /// What was tried, and with which value.
    tried: String,
    /// Why that failed, one level below.
    source: Option<AnyError>,
}

impl Error {
    /// A failure with nothing below it.
    pub fn new(what: impl Into<String>) -> Self {
        Self { tried: what.into(), source: None }
    }

    /// A failure of `tried`, because of `source`.
    pub fn because(tried: impl Into<String>, source: impl Into<AnyError>) -> Self {
        Self { tried: tried.into(), source: Some(source.into()) }
    }

    /// Whether an option was the reason: the exit code is 2 then, and 1 otherwise.
    pub fn is_option(&self) -> bool {
        let mut level = StdError::source(self);
        while let Some(err) = level {
            if err.is::<OptionError>() {
                return true;
            }
            level = err.source();
        }
        false
    }

    /// All levels in one line: `tried: why: why`.
    pub(crate) fn chain(&self) -> String {
        chain(self)
    }
}

/// All levels of any error in one line. A level that repeats the one above is left out, as many
/// errors print their source too.
pub(crate) fn chain(err: &(dyn StdError + 'static)) -> String {
    /// An error may be its own source.
    const DEEPEST: usize = 64;
    let mut text = err.to_string();
    let mut level = err.source();
    for _ in 0..DEEPEST {
        let Some(err) = level else { break };
        let below = err.to_string();
        if !text.ends_with(&below) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&below);
        }
        level = err.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tried)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| -> &(dyn StdError + 'static) { source.as_ref() })
    }
}

impl From<AnyError> for Error {
    /// The error says what its source says, and keeps it.
    fn from(source: AnyError) -> Self {
        Self { tried: source.to_string(), source: Some(source) }
    }
}

impl From<io::Error> for Error {
    fn from(err: io::Error) -> Self {
        Self::from(AnyError::from(err))
    }
}

impl From<fmt::Error> for Error {
    fn from(err: fmt::Error) -> Self {
        Self::from(AnyError::from(err))
    }
}

impl From<String> for Error {
    fn from(what: String) -> Self {
        Self::new(what)
    }
}

impl From<&str> for Error {
    fn from(what: &str) -> Self {
        Self::new(what)
    }
}

impl From<OptionError> for Error {
    fn from(err: OptionError) -> Self {
        Self::from(AnyError::from(err))
    }
}

/// A value or a name that was refused, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// Where: `--max_servers`, or `echo.conf:12: max_servers`.
    place: String,
    reject: Reject,
}

impl OptionError {
    pub(crate) fn new(place: impl Into<String>, reject: Reject) -> Self {
        Self { place: place.into(), reject }
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reject)
    }
}

impl StdError for OptionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_says_each_level_once() {
        let err = Error::because("cannot bind 127.0.0.1:80", io::Error::from_raw_os_error(13));
        assert_eq!(err.chain(), "cannot bind 127.0.0.1:80: Permission denied (os error 13)");
        let err = Error::from(AnyError::from(err));
        assert_eq!(err.chain(), "cannot bind 127.0.0.1:80: Permission denied (os error 13)");
    }

    #[test]
    fn an_option_error_is_known() {
        let refused = OptionError::new("--port", Reject::new("unknown option"));
        let err = Error::from(refused);
        assert!(err.is_option());
        assert_eq!(err.chain(), "--port: unknown option");
        assert!(!Error::new("no").is_option());
    }
}
