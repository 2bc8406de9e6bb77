//! How long anything may take: a [`Deadline`] for each wait, and the one way to pause.

use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

/// What a wait may take where the test says nothing else.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Between two looks: short enough that a test does not feel it, long enough to leave the
/// processor to the server.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How patient we are with a program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// With everything that is waited for.
    pub(crate) deadline: Duration,
    /// With the rest of its process group, once the program itself has ended.
    pub(crate) grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { deadline: DEADLINE, grace: Duration::from_secs(1) }
    }
}

/// The end of one wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// That long from now.
    pub(crate) fn after(allowed: Duration) -> Self {
        Self(Instant::now() + allowed)
    }

    /// The earlier of the two.
    pub(crate) fn or_before(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// The time left; `None` once it is over, so that nobody hands a zero to a call that takes it
    /// for "no limit".
    pub(crate) fn left(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The time left, for a system call with a timeout.
    pub(crate) fn timeout(self) -> io::Result<Duration> {
        self.left().ok_or(io::ErrorKind::TimedOut.into())
    }
}

/// Waits until `holds` answers true, looking again and again; fails the test after [`DEADLINE`].
///
/// For facts that nobody announces. Where a log line tells, use
/// [`Server::wait_for_log`](crate::testing::Server::wait_for_log).
#[track_caller]
pub fn wait_until(what: impl Display, holds: impl FnMut() -> bool) {
    assert!(holds_within(DEADLINE, holds), "waited {DEADLINE:?} until {what}");
}

/// Whether `holds` answered true in time.
pub(crate) fn holds_within(allowed: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(allowed);
    loop {
        if holds() {
            return true;
        }
        if deadline.left().is_none() {
            return false;
        }
        pause(LOOK_AGAIN);
    }
}

/// Lets time pass.
#[allow(
    clippy::disallowed_methods,
    reason = "/proc tells nobody when it changes and a load has a pace: there is nothing to poll"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_that_holds_is_seen_even_without_time() {
        assert!(holds_within(Duration::ZERO, || true));
    }

    #[test]
    fn a_fact_that_never_holds_ends_at_the_deadline() {
        let begin = Instant::now();
        assert!(!holds_within(Duration::from_millis(20), || false));
        assert!(begin.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn an_overdue_deadline_leaves_nothing() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.left(), None);
        assert_eq!(deadline.timeout().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
