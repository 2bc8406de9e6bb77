//! What came of a load: how many connections went right, wrong or nowhere, and how fast.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How many wrong replies are kept to be shown.
const EXAMPLES: usize = 5;

/// The outcome of a [`Load`](crate::testing::Load). Every connection is counted exactly once: right, wrong
/// or in `errors`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LoadReport {
    /// Connections whose reply passed the check.
    pub right: usize,
    /// Connections whose reply did not.
    pub wrong: usize,
    /// Connections without a reply, by the step and the kind: `connect: connection refused`.
    pub errors: BTreeMap<String, usize>,
    /// Some of the wrong replies.
    pub examples: Vec<String>,
    /// From the due time of a connection to its end, of half of those with a reply.
    pub p50: Duration,
    /// The same of 99 in 100.
    pub p99: Duration,
    /// The same of 999 in 1,000.
    pub p999: Duration,
    /// The same of the slowest.
    pub max: Duration,
    /// What the whole load took.
    pub elapsed: Duration,
}

impl LoadReport {
    /// How many connections got no reply.
    pub fn failed(&self) -> usize {
        self.errors.values().sum()
    }

    /// Fails the test unless every single connection got the right reply.
    #[track_caller]
    pub fn expect_all_right(&self) {
        assert!(self.wrong == 0 && self.failed() == 0, "not all went right: {self}");
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { right, wrong, p50, p99, p999, max, elapsed, .. } = self;
        write!(f, "{right} right, {wrong} wrong, {} failed in {elapsed:.1?}", self.failed())?;
        write!(f, "; p50 {p50:.1?}, p99 {p99:.1?}, p99.9 {p999:.1?}, max {max:.1?}")?;
        for (error, count) in &self.errors {
            write!(f, "\n  {count} x {error}")?;
        }
        for example in &self.examples {
            write!(f, "\n  {example}")?;
        }
        Ok(())
    }
}

/// What one client counts; all of them together make the report.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    report: LoadReport,
    latencies: Vec<Duration>,
}

impl Tally {
    pub(crate) fn right(&mut self, latency: Duration) {
        self.report.right += 1;
        self.latencies.push(latency);
    }

    pub(crate) fn wrong(&mut self, latency: Duration, example: impl FnOnce() -> String) {
        self.report.wrong += 1;
        self.latencies.push(latency);
        if self.report.examples.len() < EXAMPLES {
            self.report.examples.push(example());
        }
    }

    pub(crate) fn failed(&mut self, error: String) {
        *self.report.errors.entry(error).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.report.right += other.report.right;
        self.report.wrong += other.report.wrong;
        for (error, count) in other.report.errors {
            *self.report.errors.entry(error).or_default() += count;
        }
        self.report.examples.extend(other.report.examples);
        self.report.examples.truncate(EXAMPLES);
        self.latencies.extend(other.latencies);
    }

    pub(crate) fn into_report(mut self, elapsed: Duration) -> LoadReport {
        self.latencies.sort_unstable();
        let [p50, p99, p999, max] =
            [500, 990, 999, 1000].map(|share| latency_of(share, &self.latencies));
        LoadReport { p50, p99, p999, max, elapsed, ..self.report }
    }
}

/// The smallest of the sorted values that at least so many in a thousand do not exceed.
pub(crate) fn latency_of(share: usize, sorted: &[Duration]) -> Duration {
    let rank = (sorted.len() * share).div_ceil(1000);
    rank.checked_sub(1).map_or(Duration::ZERO, |last| sorted[last])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(values: impl Iterator<Item = u64>) -> Vec<Duration> {
        values.map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles() {
        let hundred = milliseconds(1..=100);
        assert_eq!(latency_of(500, &hundred), hundred[49]);
        assert_eq!(latency_of(990, &hundred), hundred[98]);
        assert_eq!(latency_of(1000, &hundred), hundred[99]);
        let three = milliseconds(1..=3);
        assert_eq!(latency_of(500, &three), three[1]);
        assert_eq!(latency_of(999, &three), three[2]);
        assert_eq!(latency_of(500, &[]), Duration::ZERO);
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = Tally::default();
        for latency in milliseconds(1..=3) {
            let mut tally = Tally::default();
            tally.right(latency);
            tally.wrong(latency, || "connection 7: bad".to_owned());
            tally.failed("connect: connection refused".to_owned());
            sum.add(tally);
        }
        let report = sum.into_report(Duration::from_secs(1));
        assert_eq!((report.right, report.wrong, report.failed()), (3, 3, 3));
        assert_eq!(report.max, Duration::from_millis(3));
        let text = report.to_string();
        assert!(text.starts_with("3 right, 3 wrong, 3 failed in 1.0s; p50 2.0ms"), "{text}");
        assert!(text.contains("3 x connect: connection refused"), "{text}");
    }
}
