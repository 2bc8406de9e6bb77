//! Children of the images before this one, which finish what they have: pure, but for whom it collects.
//!
//! They have no places, and this image knows no more of them than their numbers and what they were told.

use std::time::{Duration, Instant};

use crate::child::{Child, ChildKind};
use crate::handover::Elder;
use crate::stop::{Stage, Timing};
use crate::sys::process::{self, End, Pid};
use crate::sys::signal::Signal;

use super::policy::signal_of;

/// One of them.
#[derive(Debug, Clone, Copy)]
struct One {
    pid: Pid,
    kind: ChildKind,
    /// What it was told last, and when.
    told: Stage,
    since: Instant,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Elders(Vec<One>);

impl Elders {
    /// As the image before has handed them on.
    pub(crate) fn new(handed: &[Elder], now: Instant) -> Self {
        let one = |elder: &Elder| One {
            pid: elder.pid,
            kind: elder.kind,
            told: elder.told,
            since: now.checked_sub(elder.since).unwrap_or(now),
        };
        Self(handed.iter().map(one).collect())
    }

    /// To be handed on.
    pub(crate) fn handed(&self, now: Instant) -> impl Iterator<Item = Elder> {
        self.0.iter().map(move |one| Elder {
            pid: one.pid,
            kind: one.kind,
            told: one.told,
            since: now.saturating_duration_since(one.since),
        })
    }

    /// One more, which leaves by itself.
    pub(crate) fn add(&mut self, pid: Pid, now: Instant) {
        self.0.push(One { pid, kind: ChildKind::Worker, told: Stage::Graceful, since: now });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them run `dequeue`.
    pub(crate) fn dequeuing(&self) -> usize {
        self.0.iter().filter(|one| one.kind == ChildKind::Dequeue).count()
    }

    pub(crate) fn has(&self, pid: Pid) -> bool {
        self.0.iter().any(|one| one.pid == pid)
    }

    /// Tells that stage to all that were not told as much.
    pub(crate) fn tell(&mut self, stage: Stage, now: Instant) -> Vec<(Pid, Signal)> {
        let mut orders = Vec::new();
        for one in self.0.iter_mut().filter(|one| one.told < stage) {
            (one.told, one.since) = (stage, now);
            orders.push((one.pid, signal_of(stage)));
        }
        orders
    }

    /// Tells the next stage to those that were told one whose time is over.
    pub(crate) fn go_on(&mut self, timing: &Timing, now: Instant) -> Vec<(Pid, Signal)> {
        let mut orders = Vec::new();
        for one in self.0.iter_mut().filter(|one| one.told >= Stage::Graceful) {
            let since = now.saturating_duration_since(one.since);
            if timing.of(one.told).is_some_and(|limit| since >= limit) {
                (one.told, one.since) = (one.told.harder(), now);
                orders.push((one.pid, signal_of(one.told)));
            }
        }
        orders
    }

    /// How long until the next of them has had its time.
    pub(crate) fn next(&self, timing: &Timing, now: Instant) -> Option<Duration> {
        let told = self.0.iter().filter(|one| one.told >= Stage::Graceful);
        let ends = told.filter_map(|one| Some(one.since + timing.of(one.told)?));
        ends.min().map(|end| end.saturating_duration_since(now))
    }

    /// Collects those that have ended.
    pub(crate) fn reap(&mut self) -> std::io::Result<Vec<(Child, End, Stage)>> {
        let mut ended = Vec::new();
        for at in (0..self.0.len()).rev() {
            let One { pid, kind, told, .. } = self.0[at];
            if let Some(end) = process::reap(pid)? {
                self.0.swap_remove(at);
                ended.push((Child::new(pid, kind, None), end, told));
            }
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        drain: Duration::ZERO,
        graceful: Duration::from_secs(30),
        quick: Duration::from_secs(5),
    };

    fn elder(pid: i32, told: Stage, seconds: u64) -> Elder {
        let since = Duration::from_secs(seconds);
        Elder { pid: Pid::from_raw(pid), kind: ChildKind::Worker, told, since }
    }

    #[test]
    fn each_has_its_time_from_when_it_was_told_whichever_image_did() {
        let begin = Instant::now() + Duration::from_secs(1000);
        let handed = [elder(7, Stage::Serving, 0), elder(8, Stage::Graceful, 20)];
        let mut elders = Elders::new(&handed, begin);
        assert!(elders.go_on(&TIMING, begin).is_empty(), "nobody is late");
        assert_eq!(elders.next(&TIMING, begin), Some(Duration::from_secs(10)));
        let pid = Pid::from_raw;
        assert_eq!(elders.tell(Stage::Graceful, begin), [(pid(7), Signal::SIGTERM)]);
        let later = begin + Duration::from_secs(10);
        assert_eq!(elders.go_on(&TIMING, later), [(pid(8), Signal::SIGINT)]);
        let later = later + Duration::from_secs(5);
        assert_eq!(elders.go_on(&TIMING, later), [(pid(8), Signal::SIGKILL)]);
        assert!(elders.go_on(&TIMING, later + TIMING.quick).is_empty(), "there is nothing harder");
        let last = begin + TIMING.graceful;
        assert_eq!(elders.go_on(&TIMING, last), [(pid(7), Signal::SIGINT)]);
        assert!(elders.tell(Stage::Graceful, last).is_empty(), "both were told more");
        let told: Vec<_> = elders.handed(last).map(|one| (one.pid, one.told)).collect();
        assert_eq!(told, [(pid(7), Stage::Quick), (pid(8), Stage::Kill)]);
    }
}
