//! What the parent of a pool does next, from what it sees of its children and the time: pure.
//!
//! It holds the table of children and when things were last, and hands out orders: so many forks, these
//! signals. Whoever carries them out tells what came of it.

use std::time::{Duration, Instant};

use crate::child::Child;
use crate::stop::Stage;
use crate::sys::process::{End, Pid};
use crate::sys::signal::Signal;

use super::plan::{AFTER_FAILURE, Limits, Plan, Since, Tally, plan, wake_below};
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
    pub(crate) roster: Roster,
    times: Times,
    /// The longest wait that the log was told of, while children die at once.
    told: Duration,
}

impl Policy {
    pub(crate) fn new(limits: Limits, roster: Roster, now: Instant) -> Self {
        let times = Times { spawned: now, checked: now, requested: now, taken: 0, failed: None };
        Self { limits, roster, times, told: Duration::ZERO }
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
            self.roster.tell(at, Signal::SIGTERM).map(|pid| (pid, Signal::SIGTERM))
        });
        Orders { tell: tell.collect(), spawn }
    }

    /// A child was forked, into a place whose children had taken so many connections.
    pub(crate) fn spawned(&mut self, at: usize, child: Child, taken: i64, now: Instant) {
        self.roster.seat(at, child, taken);
        self.times.spawned = now;
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
    pub(crate) fn stop(&mut self, stage: Stage) -> Vec<(Pid, Signal)> {
        let signal = signal_of(stage);
        let places: Vec<usize> = self.roster.children().map(|(at, _)| at).collect();
        let told = places.into_iter().filter_map(|at| self.roster.tell(at, signal));
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
        let tried = self.roster.next_try(now).map(|next| next.saturating_duration_since(now));
        let failed = self.wait_after_failure(now);
        [Some(check), tried, failed].into_iter().flatten().min().unwrap_or(check)
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
