//! The way to the syslog daemon.

use std::path::PathBuf;

use super::Kind;
use crate::reject::Reject;

/// A name that `Sys::Syslog` has for it, or the path of a UNIX socket.
#[derive(Debug)]
pub struct Logsock;

/// What a [`Logsock`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogsockValue {
    /// The socket of the system, `/dev/log`: datagrams, or a stream where it is one.
    Unix,
    /// The same, a stream.
    Stream,
    /// The UNIX socket of that path: datagrams, or a stream where it is one.
    Path(PathBuf),
    /// Datagrams to this host.
    Udp,
    /// A connection to this host.
    Tcp,
}

impl Kind for Logsock {
    type Value = LogsockValue;
    const PLACEHOLDER: &'static str = "NAME|PATH";

    fn expected() -> String {
        "`unix`, `native`, `stream`, `udp`, `inet`, `tcp` or an absolute path".into()
    }

    fn parse(text: &str) -> Result<LogsockValue, Reject> {
        match text {
            "unix" | "native" => Ok(LogsockValue::Unix),
            "stream" => Ok(LogsockValue::Stream),
            "udp" | "inet" => Ok(LogsockValue::Udp),
            "tcp" => Ok(LogsockValue::Tcp),
            path if path.starts_with('/') && !path.chars().any(char::is_control) => {
                Ok(LogsockValue::Path(path.into()))
            }
            _ => Err(Reject::expected(Self::expected(), text)),
        }
    }

    fn print(value: &LogsockValue) -> String {
        match value {
            LogsockValue::Unix => "unix".into(),
            LogsockValue::Stream => "stream".into(),
            LogsockValue::Path(path) => path.to_string_lossy().into_owned(),
            LogsockValue::Udp => "udp".into(),
            LogsockValue::Tcp => "tcp".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        for (text, usual) in [
            ("unix", "unix"),
            ("native", "unix"),
            ("stream", "stream"),
            ("inet", "udp"),
            ("udp", "udp"),
            ("tcp", "tcp"),
            ("/run/log", "/run/log"),
        ] {
            assert_eq!(Logsock::print(&Logsock::parse(text).unwrap()), usual, "{text}");
        }
        for bad in ["", "log", "UNIX", "console", "/a\nb"] {
            assert!(Logsock::parse(bad).is_err(), "{bad}");
        }
    }
}
