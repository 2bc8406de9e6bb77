//! What can go wrong: [`Error`] for a server, [`OptionError`] for a value and its source.
//!
//! A `Display` is one level; [`std::error::Error::source`] has the rest.

use std::error::Error as StdError;
use std::panic::Location;
use std::{fmt, io};

use netserver_options::Reject;

/// What the hooks of a server return, and most of what the runtime does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any failure, boxed.
pub type AnyError = Box<dyn StdError + Send + Sync>;

/// Why a server could not start or go on.
///
/// What it says is for people; programs ask it with [`Error::is_option`] and [`Error::is_fatal`].
#[derive(Debug)]
pub struct Error {
    /// What was tried, and with which value.
    tried: String,
    /// Why that failed, one level below.
    source: Option<AnyError>,
    /// Where it was made.
    place: &'static Location<'static>,
    /// Whether it ends the process that it is returned in.
    fatal: bool,
}

impl Error {
    /// A failure with nothing below it.
    #[track_caller]
    pub fn new(what: impl Into<String>) -> Self {
        Self { tried: what.into(), source: None, place: Location::caller(), fatal: false }
    }

    /// A failure of `tried`, because of `source`.
    #[track_caller]
    pub fn because(tried: impl Into<String>, source: impl Into<AnyError>) -> Self {
        let source = Some(source.into());
        Self { tried: tried.into(), source, place: Location::caller(), fatal: false }
    }

    /// A failure that the process cannot live with. A child whose hook or handler returns it leaves with
    /// code 1 once its connection is closed, and another takes its place; a parent, and a server without
    /// children, stops as TERM has it, and ends with code 1. `fatal_hook` hears of it, and it is logged
    /// at level 0 with file and line.
    ///
    /// ```
    /// # use netserver::prelude::*;
    /// # struct Store;
    /// # impl Store { fn is_whole(&self) -> bool { true } }
    /// # struct Server { store: Store }
    /// #[net_server(personality = "prefork")]
    /// impl Server {
    ///     fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
    ///         if !self.store.is_whole() {
    ///             return Err(netserver::Error::fatal("the store is broken").into());
    ///         }
    ///         writeln!(conn, "all is well")
    ///     }
    /// }
    /// ```
    #[track_caller]
    pub fn fatal(what: impl Into<String>) -> Self {
        Self { fatal: true, ..Self::new(what) }
    }

    /// Whether an option was the reason: the exit code is 2 then, and 1 otherwise.
    pub fn is_option(&self) -> bool {
        levels(self).any(<dyn StdError>::is::<OptionError>)
    }

    /// Whether it ends the process that it is returned in.
    pub fn is_fatal(&self) -> bool {
        fatal_place(self).is_some()
    }

    /// Where it was made: of several that are one in another, the fatal one, or else the innermost.
    pub fn location(&self) -> &'static Location<'static> {
        let innermost = || levels(self).filter_map(|err| err.downcast_ref::<Self>()).last();
        fatal_place(self).or_else(|| innermost().map(|err| err.place)).unwrap_or(self.place)
    }

    /// The same as a fatal one that was made at `place`.
    pub(crate) fn fatal_at(what: String, place: &'static Location<'static>) -> Self {
        Self { tried: what, source: None, place, fatal: true }
    }

    /// All levels in one line: `tried: why: why`.
    pub(crate) fn chain(&self) -> String {
        chain(self)
    }
}

/// An error and all that is below it. What an `io::Error` was made from is a level of its own.
pub(crate) fn levels<'a>(
    err: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    /// An error may be its own source.
    const DEEPEST: usize = 64;
    std::iter::successors(Some(err), |err| below(*err)).take(DEEPEST)
}

fn below<'a>(err: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let inner = err.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.map(|inner| -> &(dyn StdError + 'static) { inner }).or_else(|| err.source())
}

/// Where the fatal error was made that is this one or somewhere below it, if there is one.
pub(crate) fn fatal_place(err: &(dyn StdError + 'static)) -> Option<&'static Location<'static>> {
    let mut own = levels(err).filter_map(|err| err.downcast_ref::<Error>());
    own.find(|err| err.fatal).map(|err| err.place)
}

/// All levels of any error in one line. A level that repeats the one above is left out, as many
/// errors print their source too.
pub(crate) fn chain(err: &(dyn StdError + 'static)) -> String {
    let mut text = err.to_string();
    for below in levels(err).skip(1) {
        let below = below.to_string();
        if !text.ends_with(&below) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&below);
        }
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
    #[track_caller]
    fn from(source: AnyError) -> Self {
        Self::because(source.to_string(), source)
    }
}

impl From<Error> for io::Error {
    /// For a handler, which fails as a connection does.
    fn from(err: Error) -> Self {
        Self::other(err)
    }
}

impl From<io::Error> for Error {
    #[track_caller]
    fn from(err: io::Error) -> Self {
        Self::from(AnyError::from(err))
    }
}

impl From<fmt::Error> for Error {
    #[track_caller]
    fn from(err: fmt::Error) -> Self {
        Self::from(AnyError::from(err))
    }
}

impl From<String> for Error {
    #[track_caller]
    fn from(what: String) -> Self {
        Self::new(what)
    }
}

impl From<&str> for Error {
    #[track_caller]
    fn from(what: &str) -> Self {
        Self::new(what)
    }
}

impl From<OptionError> for Error {
    #[track_caller]
    fn from(err: OptionError) -> Self {
        Self::from(AnyError::from(err))
    }
}

/// A value or a name that was refused, and where it came from; with it, whatever else was refused of the same
/// conf file or environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// Where: `--max_servers`, or `echo.conf:12: max_servers`.
    place: String,
    reject: Reject,
    /// What else was refused, in the order in which it stands there. None of them has others.
    others: Vec<Self>,
}

impl OptionError {
    pub(crate) fn new(place: impl Into<String>, reject: Reject) -> Self {
        Self { place: place.into(), reject, others: Vec::new() }
    }

    /// All of `faults` as one.
    ///
    /// # Errors
    /// Where there are any.
    pub(crate) fn hold(faults: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut faults = faults.into_iter();
        let Some(first) = faults.next() else { return Ok(()) };
        Err(Self { others: faults.collect(), ..first })
    }
}

impl fmt::Display for OptionError {
    /// Each on a line of its own, and its cure on the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reject)?;
        self.others.iter().try_for_each(|other| write!(f, "\n{other}"))
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
    fn a_fatal_error_is_found_below_others_with_its_place() {
        let line = line!() + 1;
        let fatal = Error::fatal("broken");
        let wrapped = Error::because("process_request failed", io::Error::other(fatal));
        assert!(wrapped.is_fatal());
        assert_eq!((wrapped.location().file(), wrapped.location().line()), (file!(), line));
        assert_eq!(wrapped.chain(), "process_request failed: broken");
        let plain = Error::because("x", Error::new("y"));
        assert!(!plain.is_fatal());
        let asked = || -> Result<()> { Err(io::Error::other("z"))? };
        assert_eq!(asked().unwrap_err().location().file(), file!());
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
