//! Where the log goes: a file, syslog, or standard error.

use std::path::PathBuf;

use super::{Kind, Path};
use crate::reject::Reject;

/// A file name, `Sys::Syslog`, or `stderr`.
#[derive(Debug)]
pub struct LogFile;

/// What a [`LogFile`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFileValue {
    /// The file of that name.
    Path(PathBuf),
    /// The syslog daemon.
    Syslog,
    /// Standard error, as where the option is not set: for whoever starts a server whose conf file says
    /// otherwise.
    Stderr,
}

/// The magic name that Net::Server's manual has, and a plain one.
const SYSLOG: [&str; 2] = ["Sys::Syslog", "syslog"];

/// What means standard error.
const STDERR: [&str; 2] = ["stderr", "/dev/stderr"];

impl Kind for LogFile {
    type Value = LogFileValue;
    const PLACEHOLDER: &'static str = "FILE|syslog|stderr";

    fn expected() -> String {
        "a file name, `Sys::Syslog` or `stderr`".into()
    }

    fn parse(text: &str) -> Result<LogFileValue, Reject> {
        if SYSLOG.contains(&text) {
            return Ok(LogFileValue::Syslog);
        }
        if STDERR.contains(&text) {
            return Ok(LogFileValue::Stderr);
        }
        let reject = || Reject::expected(Self::expected(), text);
        if is_module(text) {
            let cure = "install a logger of the `log` crate before the server runs, or write a path with a `/`";
            return Err(reject().with_help(cure));
        }
        Path::parse(text).map(LogFileValue::Path).map_err(|_| reject())
    }

    fn print(value: &LogFileValue) -> String {
        match value {
            LogFileValue::Path(path) => Path::print(path),
            LogFileValue::Syslog => SYSLOG[0].into(),
            LogFileValue::Stderr => STDERR[0].into(),
        }
    }
}

/// Whether it looks like the name of a Perl module, which Net::Server would load.
fn is_module(text: &str) -> bool {
    text.contains("::") && !text.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_syslog() {
        for text in ["/var/log/echo.log", "echo.log", "./Log::Log4perl", "syslog.log"] {
            assert_eq!(LogFile::parse(text), Ok(LogFileValue::Path(text.into())), "{text}");
        }
        for text in SYSLOG {
            assert_eq!(LogFile::parse(text), Ok(LogFileValue::Syslog), "{text}");
        }
        for text in STDERR {
            assert_eq!(LogFile::parse(text), Ok(LogFileValue::Stderr), "{text}");
        }
        for text in ["Log::Log4perl", "Net::Server::Log::Sys::Syslog", "sys::syslog"] {
            let reject = LogFile::parse(text).unwrap_err();
            assert!(reject.help.is_some_and(|help| help.contains("logger")), "{text}");
        }
        for bad in ["", "a\nb"] {
            assert!(LogFile::parse(bad).is_err(), "{bad}");
        }
    }
}
