//! What came of a server that was restarted under load: who was lost, what it did, how fast it was.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::testing::report::latency_of;
use crate::testing::visit::Loss;

/// How many lost clients are told of one by one.
const EXAMPLES: usize = 10;

/// What [`verify_reload`](crate::testing::verify_reload) has found out. Its `Display` tells all of it,
/// and the server's last log lines where it is not [clean](Self::is_clean).
#[derive(Debug, Clone, Default)]
pub struct ReloadReport {
    /// Clients that got their reply, each with how long it took; sorted in the end.
    pub(crate) latencies: Vec<Duration>,
    /// Clients that got it across a restart, and so took as long as that.
    pub(crate) across: usize,
    pub(crate) losses: BTreeMap<Loss, usize>,
    /// What happened to some of those lost.
    pub(crate) examples: Vec<String>,
    /// How many restarts there should be.
    pub(crate) wanted: u32,
    /// What each restart took, from the signal to the line that says that it serves.
    pub(crate) restarts: Vec<Duration>,
    /// Why there were no more of them.
    pub(crate) trouble: Option<String>,
    /// What was wrong with how the server ended.
    pub(crate) end: Vec<String>,
    /// What a healthy server does not log.
    pub(crate) log_faults: Vec<String>,
    pub(crate) elapsed: Duration,
    /// The server with its last log lines.
    pub(crate) story: String,
}

impl ReloadReport {
    /// How much was lost: every client that did not get its reply, every restart that did not come
    /// about, and every fault of how the server ended. So 0 says that there were all these restarts,
    /// and that nobody noticed.
    pub fn lost(&self) -> usize {
        let missing = usize::try_from(self.wanted - self.restarts()).unwrap_or(usize::MAX);
        self.lost_clients() + missing + self.end.len()
    }

    /// Whether nothing was [lost](Self::lost), and the log has no error, warning, panic nor anything
    /// but records, as [`Server::stop`](crate::testing::Server::stop) wants it.
    pub fn is_clean(&self) -> bool {
        self.lost() == 0 && self.log_faults.is_empty()
    }

    /// How many clients got their whole reply.
    pub fn right(&self) -> usize {
        self.latencies.len() + self.across
    }

    /// Clients that could not connect, since nobody listened.
    pub fn refused(&self) -> usize {
        self.count(Loss::Refused)
    }

    /// Clients whose connection was cut by a reset.
    pub fn reset(&self) -> usize {
        self.count(Loss::Reset)
    }

    /// Clients whose connection was closed before the reply was whole.
    pub fn truncated(&self) -> usize {
        self.count(Loss::Truncated)
    }

    /// Clients that were not served in time.
    pub fn timed_out(&self) -> usize {
        self.count(Loss::TimedOut)
    }

    /// Clients that got more than a reply.
    pub fn wrong(&self) -> usize {
        self.count(Loss::Wrong)
    }

    fn count(&self, loss: Loss) -> usize {
        self.losses.get(&loss).copied().unwrap_or_default()
    }

    fn lost_clients(&self) -> usize {
        self.losses.values().sum()
    }

    /// How many restarts came about.
    pub fn restarts(&self) -> u32 {
        u32::try_from(self.restarts.len()).unwrap_or(u32::MAX)
    }

    /// How many generations of the server have served: one more than there were restarts.
    pub fn generations(&self) -> u32 {
        self.restarts() + 1
    }

    /// What the slowest restart took, from the signal until the new generation served.
    pub fn slowest_restart(&self) -> Duration {
        self.restarts.iter().max().copied().unwrap_or_default()
    }

    /// From when a client was due to the end of its connection, of half of those served. Clients in
    /// flight do not count here: they take as long as the restart.
    pub fn p50(&self) -> Duration {
        latency_of(500, &self.latencies)
    }

    /// The same of 99 in 100.
    pub fn p99(&self) -> Duration {
        latency_of(990, &self.latencies)
    }

    /// The same of 999 in 1,000.
    pub fn p999(&self) -> Duration {
        latency_of(999, &self.latencies)
    }

    /// The same of the slowest.
    pub fn max(&self) -> Duration {
        latency_of(1000, &self.latencies)
    }

    /// What all of it took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(crate) fn count_lost(&mut self, loss: Loss, example: String) {
        *self.losses.entry(loss).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }

    /// Adds what another client of the load has seen.
    pub(crate) fn add_clients(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (loss, count) in other.losses {
            *self.losses.entry(loss).or_default() += count;
        }
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (right, lost, elapsed) = (self.right(), self.lost_clients(), self.elapsed);
        write!(f, "{right} clients served, {lost} lost")?;
        for (at, (loss, count)) in self.losses.iter().enumerate() {
            write!(f, "{}{count} {loss}", if at == 0 { ": " } else { ", " })?;
        }
        write!(f, "; {} of {} restarts in {elapsed:.1?}", self.restarts(), self.wanted)?;
        let (p50, p99, p999, max) = (self.p50(), self.p99(), self.p999(), self.max());
        write!(f, "\n  p50 {p50:.1?}, p99 {p99:.1?}, p99.9 {p999:.1?}, max {max:.1?}")?;
        write!(f, "; the slowest restart took {:.1?}", self.slowest_restart())?;
        let trouble = self.trouble.iter().chain(&self.end).chain(&self.log_faults);
        for line in trouble.chain(&self.examples) {
            write!(f, "\n  {line}")?;
        }
        if !self.is_clean() {
            write!(f, "\n{}", self.story)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_that_did_not_come_about_is_lost() {
        let report =
            ReloadReport { wanted: 2, restarts: vec![Duration::ZERO], ..Default::default() };
        assert_eq!((report.lost(), report.restarts(), report.generations()), (1, 1, 2));
    }

    #[test]
    fn a_bad_end_is_lost_and_a_warning_is_not_clean() {
        let end = vec!["it ended with exit code 1".to_owned()];
        assert_eq!(ReloadReport { end, ..Default::default() }.lost(), 1);
        let log_faults = vec!["it logged an unexpected warning".to_owned()];
        let report = ReloadReport { log_faults, ..Default::default() };
        assert!(report.lost() == 0 && !report.is_clean());
    }

    #[test]
    fn all_is_told() {
        let mut report = ReloadReport::default();
        report.latencies.push(Duration::from_millis(2));
        let mut other = ReloadReport::default();
        other.count_lost(Loss::Reset, "client 7: receive: connection reset".to_owned());
        report.add_clients(other);
        let text = report.to_string();
        assert!(
            text.starts_with("1 clients served, 1 lost: 1 reset; 0 of 0 restarts in"),
            "{text}"
        );
        assert!(text.contains("\n  client 7: receive: connection reset"), "{text}");
    }
}
