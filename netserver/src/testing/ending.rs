//! How a process ended, learned without taking its number from it.

use std::fmt;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It left with this exit code.
    Code(i32),
    /// A signal ended it.
    Signal(Signal),
    /// It ended, but the kernel would not say how, or said it by a signal that has no name.
    Unknown(Errno),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown(errno) => write!(f, "an unknown status ({errno})"),
        }
    }
}

impl Ending {
    /// Waits for the end of a child of ours, and leaves it as a zombie: so neither its number nor
    /// that of its group can be given to others while somebody may still send them signals.
    pub(crate) fn wait(pid: Pid) -> Self {
        loop {
            match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
                Err(Errno::EINTR) => {}
                Ok(WaitStatus::Exited(_, code)) => return Self::Code(code),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Self::Signal(signal),
                Ok(_) => return Self::Unknown(Errno::UnknownErrno),
                Err(errno) => return Self::Unknown(errno),
            }
        }
    }
}
