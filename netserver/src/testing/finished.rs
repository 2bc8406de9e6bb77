//! A program that has ended: how, what it said, and how long it took.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::testing::ending::Ending;
use crate::testing::output::Seen;

/// What is left of a program that has ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output. What was no UTF-8 is replaced.
    pub stdout: String,
    /// The lines of its standard error, without their ends.
    pub log: Vec<String>,
    /// From its start to its end, as far as we saw it.
    pub elapsed: Duration,
}

impl Finished {
    pub(crate) fn new(ending: Ending, seen: &Seen, elapsed: Duration) -> Self {
        let stdout = String::from_utf8_lossy(&seen.stdout).into_owned();
        Self { ending, stdout, log: seen.log.clone(), elapsed }
    }

    /// Its exit code; `None` where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        match self.ending {
            Ending::Code(code) => Some(code),
            Ending::Signal(_) | Ending::Unknown(_) => None,
        }
    }

    /// The signal that ended it; `None` where it left by itself.
    pub fn signal(&self) -> Option<Signal> {
        match self.ending {
            Ending::Signal(signal) => Some(signal),
            Ending::Code(_) | Ending::Unknown(_) => None,
        }
    }

    /// Its standard error as one text.
    pub fn stderr(&self) -> String {
        self.log.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// Fails the test unless it left with this exit code.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "many a test wants nothing more of it")]
    pub fn expect_code(self, code: i32) -> Self {
        self.expect(Ending::Code(code))
    }

    /// Fails the test unless this signal ended it.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "many a test wants nothing more of it")]
    pub fn expect_signal(self, signal: Signal) -> Self {
        self.expect(Ending::Signal(signal))
    }

    #[track_caller]
    fn expect(self, ending: Ending) -> Self {
        assert!(
            self.ending == ending,
            "ended with {}, and not with {ending}\nstandard output:\n{}\nstandard error:\n{}",
            self.ending,
            self.stdout,
            self.stderr(),
        );
        self
    }
}
