//! What the parent of a pool does next, from what it sees of its children and the time: pure.
//!
//! It holds the table of children and when things were last, and hands out orders: so many forks, these
//! signals. Whoever carries them out tells what came of it.

use std::time::{Duration, Instant};

use crate::child::{Child, ChildKind};
use crate::stop::Stage;
use crate::sys::process::{End, Pid};
use crate::sys::signal::Signal;

use super::plan::{AFTER_FAILURE, Limits, ONE_BY_ONE, Plan, Since, Tally, plan, wake_below};
use super::roster::{Ended, Look, Roster};
use super::scoreboard::Doing;

/// What is to be done, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Whom to signal, and how.
    pub(crate) tell: Vec<(Pid, Signal)>,
    /// How many children to fork.
    pub(crate) spawn: usize,
}

/// When things were last.
#[derive(Debug)]
struct Times {
    spawned: Instant,
    checked: Instant,
    requested: Instant,
    /// How many connections there were then.
    taken: i64,
    failed: Option<Instant>,
}

/// The children of a pool, and what is to become of them.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) limits: Limits,
    /// As the options have it, and by how many children more, or less, signals have made it so far.
    declared: Limits,
    resized_by: isize,
    pub(crate) roster: Roster,
    times: Times,
    /// The longest wait that the log was told of, while children die at once.
    told: Duration,
}

impl Policy {
    pub(crate) fn new(limits: Limits, roster: Roster, now: Instant) -> Self {
        let times = Times { spawned: now, checked: now, requested: now, taken: 0, failed: None };
        let told = Duration::ZERO;
        Self { limits, declared: limits, resized_by: 0, roster, times, told }
    }

    /// Signals ask for so many more children, or fewer, where there may be `most`. As many back again
    /// make it what it was.
    pub(crate) fn resize(&mut self, by: isize, most: usize) {
        let declared = self.declared.max_servers;
        let least = declared.saturating_sub(1).cast_signed();
        let room = most.saturating_sub(declared).cast_signed();
        self.resized_by = self.resized_by.saturating_add(by).clamp(-least, room);
        self.limits = self.declared.resized(self.resized_by, most);
    }

    /// One look at the pool, and what follows from it; `taken` is how many connections there were in all.
    pub(crate) fn turn(&mut self, look: &impl Look, taken: i64, now: Instant) -> Orders {
        let tally = self.roster.tally(look, now);
        if taken != self.times.taken || tally.busy > 0 {
            (self.times.requested, self.times.taken) = (now, taken);
        }
        let Plan { spawn, retire, renew, shed, checked } =
            plan(&self.limits, &tally, &self.since(now));
        if checked {
            self.times.checked = now;
        }
        let mut leave = self.roster.choose(retire, look, |doing, _| doing == Doing::Idle);
        leave.extend(self.roster.choose(renew, look, |_, due| due));
        let others = self.roster.choose(shed + leave.len(), look, |_, _| true);
        let others: Vec<usize> = others.into_iter().filter(|at| !leave.contains(at)).collect();
        leave.extend(others.into_iter().take(shed));
        let tell = leave.into_iter().filter_map(|at| {
            self.roster.tell(at, Signal::SIGTERM, look, now).map(|pid| (pid, Signal::SIGTERM))
        });
        Orders { tell: tell.collect(), spawn }
    }

    /// A child was forked, into a place whose children had taken so many connections.
    pub(crate) fn spawned(&mut self, at: usize, child: Child, taken: i64, now: Instant) {
        if child.kind() == ChildKind::Worker {
            self.times.spawned = now;
        }
        self.roster.seat(at, child, taken, now);
    }

    /// None could be.
    pub(crate) fn fork_failed(&mut self, now: Instant) {
        self.times.failed = Some(now);
    }

    /// Whether a fork may be tried again.
    pub(crate) fn may_fork(&self, now: Instant) -> bool {
        self.wait_after_failure(now).is_none()
    }

    /// The child of that place has ended. Tells of it, and whether its place waits longer than the log
    /// knows of.
    pub(crate) fn ended(
        &mut self,
        at: usize,
        end: End,
        look: &impl Look,
        now: Instant,
    ) -> Option<(Ended, bool)> {
        if self.roster.next_try(now).is_none() {
            self.told = Duration::ZERO;
        }
        let ended = self.roster.ended(at, end, look, now)?;
        let worse = ended.rest.is_some_and(|rest| rest > self.told);
        self.told = self.told.max(ended.rest.unwrap_or_default());
        Some((ended, worse))
    }

    /// Whom a stage of a stop is told, and how.
    pub(crate) fn stop(
        &mut self,
        stage: Stage,
        look: &impl Look,
        now: Instant,
    ) -> Vec<(Pid, Signal)> {
        let signal = signal_of(stage);
        let places: Vec<usize> = self.roster.children().map(|(at, _)| at).collect();
        let told = places.into_iter().filter_map(|at| self.roster.tell(at, signal, look, now));
        told.map(|pid| (pid, signal)).collect()
    }

    /// Below how many idle children the parent wants to be woken.
    pub(crate) fn wake_below(&self, tally: &Tally, now: Instant) -> usize {
        wake_below(&self.limits, tally, &self.since(now))
    }

    /// How long the next turn may wait for somebody who wants it sooner.
    pub(crate) fn next_turn(&self, now: Instant) -> Duration {
        let check = self.limits.check_for_waiting;
        let check = check.saturating_sub(now.saturating_duration_since(self.times.checked));
        let until = |then: Instant| then.saturating_duration_since(now);
        let tried = self.roster.next_try(now).map(until);
        let beside = tried.map(|_| until(self.times.spawned + ONE_BY_ONE));
        let beside = beside.filter(|wait| !wait.is_zero());
        let slow = self.roster.next_slow(now).map(until);
        let failed = self.wait_after_failure(now);
        [Some(check), tried, beside, slow, failed].into_iter().flatten().min().unwrap_or(check)
    }

    fn wait_after_failure(&self, now: Instant) -> Option<Duration> {
        let failed = now.saturating_duration_since(self.times.failed?);
        Some(AFTER_FAILURE.saturating_sub(failed)).filter(|left| !left.is_zero())
    }

    fn since(&self, now: Instant) -> Since {
        let since = |then: Instant| now.saturating_duration_since(then);
        Since {
            spawn: since(self.times.spawned),
            check: since(self.times.checked),
            request: since(self.times.requested),
            failure: self.times.failed.map(since),
        }
    }
}

/// What tells a child of a stage.
pub(crate) const fn signal_of(stage: Stage) -> Signal {
    match stage {
        Stage::Serving | Stage::Graceful => Signal::SIGTERM,
        Stage::Quick => Signal::SIGINT,
        Stage::Kill => Signal::SIGKILL,
    }
}
