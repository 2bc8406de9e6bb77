//! What a failed accept means for the one who accepts: the only place that decides.

use std::io;
use std::time::Duration;

use nix::libc;

use crate::error::Error;

/// What to do after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptFault {
    /// Nothing came, or it has gone again: look once more.
    Again,
    /// This process or the system is short of something, or forbids it: wait a little.
    Short,
    /// The listener is not one, or not any more.
    Broken,
}

impl AcceptFault {
    pub(crate) fn of(err: &io::Error) -> Self {
        // A protocol of somebody's own may say so without a number.
        if matches!(err.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) {
            return Self::Again;
        }
        match err.raw_os_error() {
            // Signals, time limits, and errors of a connection that was there: accept(2) asks to
            // treat those of the network like EAGAIN. A socket of datagrams tells of an answer that
            // nobody took with the next packet.
            Some(
                libc::EINTR
                | libc::EAGAIN
                | libc::ECONNABORTED
                | libc::ECONNREFUSED
                | libc::ECONNRESET
                | libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::ENETUNREACH
                | libc::ENONET
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ETIMEDOUT,
            ) => Self::Again,
            Some(libc::EBADF | libc::ENOTSOCK | libc::EINVAL | libc::EFAULT) => Self::Broken,
            // Descriptors and memory; and what nobody has thought of, which may come for ever.
            _ => Self::Short,
        }
    }
}

/// What a listener that is none ends with.
pub(crate) fn cannot_accept(err: &io::Error) -> Error {
    Error::because("cannot accept", io::Error::other(err.to_string()))
}

/// How long whoever is short of something waits before each further try.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pauses(Option<Duration>);

impl Pauses {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(1);

    /// The next one, twice as long as the last.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0.map_or(Self::FIRST, |pause| (pause * 2).min(Self::LONGEST));
        self.0 = Some(pause);
        pause
    }

    /// Whether the last try has failed.
    #[inline]
    pub(crate) fn go_on(&self) -> bool {
        self.0.is_some()
    }

    /// A try has succeeded. Tells whether the one before had failed.
    #[inline]
    pub(crate) fn end(&mut self) -> bool {
        self.0.take().is_some()
    }
}

/// Said once when it begins.
#[cold]
pub(crate) fn say_short(err: &io::Error) {
    log::warn!("cannot accept, clients wait: {err}");
}

/// And when it is over.
#[cold]
pub(crate) fn say_over() {
    log::warn!("accepting again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_accept() {
        let of = |number| AcceptFault::of(&io::Error::from_raw_os_error(number));
        assert_eq!(of(libc::ECONNABORTED), AcceptFault::Again);
        assert_eq!(of(libc::ECONNREFUSED), AcceptFault::Again);
        assert_eq!(of(libc::EAGAIN), AcceptFault::Again);
        assert_eq!(AcceptFault::of(&io::ErrorKind::WouldBlock.into()), AcceptFault::Again);
        assert_eq!(of(libc::EMFILE), AcceptFault::Short);
        assert_eq!(of(libc::EPERM), AcceptFault::Short, "it may come for ever");
        assert_eq!(of(libc::ENOTSOCK), AcceptFault::Broken);
    }
}
