//! What the parent of a pool does next, from what it sees of its children and the time: pure.
//!
//! It holds the table of children and when things were last, and hands out orders: so many forks, these
//! signals. Whoever carries them out tells what came of it.

use std::time::{Duration, Instant};

use crate::child::{Child, ChildKind};
use crate::stop::Stage;
use crate::sys::process::{End, Pid};
use crate::sys::signal::Signal;

use super::plan::{Limits, Plan, Tally, Times};
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

/// The children of a pool, and what is to become of them.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) limits: Limits,
    /// As the options have it, and by how many children more, or less, signals have made it so far.
    declared: Limits,
    resized_by: isize,
    pub(crate) roster: Roster,
    times: Times,
    told: Told,
}

/// What the log was told while children die before their first connection: each longer wait once, and the
/// longest again when so much time is over.
#[derive(Debug, Default)]
struct Told {
    rest: Duration,
    at: Option<Instant>,
}

impl Told {
    /// Whether the log is to be told of that wait.
    fn is_news(&mut self, rest: Duration, longest: Duration, now: Instant) -> bool {
        let again = rest == longest && self.at.is_none_or(|at| now >= at + longest);
        let news = rest > self.rest || again;
        if news {
            (self.rest, self.at) = (rest, Some(now));
        }
        news
    }
}

impl Policy {
    pub(crate) fn new(limits: Limits, roster: Roster, now: Instant) -> Self {
        let times = Times::new(now);
        Self { limits, declared: limits, resized_by: 0, roster, times, told: Told::default() }
    }

    /// Signals ask for so many more children, or fewer, where there may be `more` than were declared. As
    /// many back again make it what it was.
    pub(crate) fn resize(&mut self, by: isize, more: usize) {
        let declared = self.declared.max_servers;
        let least = declared.saturating_sub(1).cast_signed();
        self.resized_by = self.resized_by.saturating_add(by).clamp(-least, more.cast_signed());
        self.limits = self.declared.resized(self.resized_by, declared.saturating_add(more));
    }

    /// One look at the pool; what follows from it goes into `orders`. `taken` is how many connections there
    /// were in all.
    pub(crate) fn turn(&mut self, look: &impl Look, taken: i64, now: Instant, orders: &mut Orders) {
        let tally = self.roster.tally(look, now);
        let Plan { spawn, retire, renew, shed, .. } =
            self.times.plan(&self.limits, &tally, taken, now);
        orders.spawn = spawn;
        orders.tell.clear();
        let mut leave = |count: usize, may: fn(Doing, bool) -> bool| {
            for _ in 0..count {
                let next = self.roster.next_to_leave(look, may);
                let told = next.and_then(|at| self.roster.tell(at, Signal::SIGTERM, look, now));
                orders.tell.extend(told.map(|pid| (pid, Signal::SIGTERM)));
            }
        };
        leave(retire, |doing, _| doing == Doing::Idle);
        leave(renew, |_, due| due);
        leave(shed, |_, _| true);
    }

    /// A child was forked, into a place whose children had taken so many connections.
    pub(crate) fn spawned(&mut self, at: usize, child: Child, taken: i64, now: Instant) {
        if child.kind() == ChildKind::Worker {
            self.times.spawned(now);
        }
        self.roster.seat(at, child, taken, now);
    }

    /// None could be.
    pub(crate) fn fork_failed(&mut self, now: Instant) {
        self.times.failed(now);
    }

    /// Whether a fork may be tried again.
    pub(crate) fn may_fork(&self, now: Instant) -> bool {
        self.times.wait_after_failure(now).is_none()
    }

    /// The child of that place has ended. Tells of it, and whether the log is to be told how long its place
    /// waits now.
    pub(crate) fn ended(
        &mut self,
        at: usize,
        end: End,
        look: &impl Look,
        now: Instant,
    ) -> Option<(Ended, bool)> {
        if self.roster.is_well(look, now) {
            self.told = Told::default();
        }
        let ended = self.roster.ended(at, end, look, now)?;
        let rest = ended.rest.filter(|rest| !rest.is_zero());
        let longest = self.roster.longest_rest();
        let news = rest.is_some_and(|rest| self.told.is_news(rest, longest, now));
        Some((ended, news))
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
        self.times.wake_below(&self.limits, tally, now)
    }

    /// How long the next turn may wait for somebody who wants it sooner.
    pub(crate) fn next_turn(&self, now: Instant) -> Duration {
        let check = self.times.until_check(&self.limits, now);
        let until = |then: Instant| then.saturating_duration_since(now);
        let tried = self.roster.next_try(now).map(until);
        let beside = tried.map(|_| self.times.until_one_more(now));
        let beside = beside.filter(|wait| !wait.is_zero());
        let slow = self.roster.next_slow(now).map(until);
        let failed = self.times.wait_after_failure(now);
        [Some(check), tried, beside, slow, failed].into_iter().flatten().min().unwrap_or(check)
    }
}

/// What tells a child of a stage.
pub(crate) const fn signal_of(stage: Stage) -> Signal {
    match stage {
        Stage::Serving | Stage::Draining | Stage::Graceful => Signal::SIGTERM,
        Stage::Quick => Signal::SIGINT,
        Stage::Kill => Signal::SIGKILL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::scoreboard::Scoreboard;

    const LIMITS: Limits = Limits {
        min_servers: 5,
        max_servers: 30,
        min_spare: 4,
        max_spare: 10,
        max_recycling: 1,
        check_for_waiting: Duration::from_secs(10),
        min_child_ttl: Duration::from_secs(10),
    };

    fn child(number: i32, kind: ChildKind) -> Child {
        Child::new(Pid::from_raw(number), kind, None)
    }

    fn seated(policy: &mut Policy, number: i32, kind: ChildKind, now: Instant) -> usize {
        let at = policy.roster.free_place(now).unwrap();
        policy.spawned(at, child(number, kind), 0, now);
        at
    }

    #[test]
    fn as_many_signals_back_make_it_what_it_was() {
        let now = Instant::now();
        let mut policy = Policy::new(LIMITS, Roster::new(100, Duration::ZERO), now);
        let size = |limits: &Limits| {
            (limits.min_servers, limits.max_servers, limits.min_spare, limits.max_spare)
        };
        (0..4).for_each(|_| policy.resize(-1, 70));
        assert_eq!(size(&policy.limits), (1, 26, 1, 10));
        (0..100).for_each(|_| policy.resize(-1, 70));
        assert_eq!(size(&policy.limits), (1, 1, 1, 1));
        // There was room for 29 less only.
        (0..29).for_each(|_| policy.resize(1, 70));
        assert_eq!(size(&policy.limits), size(&LIMITS));
        (0..200).for_each(|_| policy.resize(1, 70));
        assert_eq!(size(&policy.limits), (75, 100, 4, 10));
    }

    #[test]
    fn who_empties_a_queue_is_no_sign_of_a_load() {
        let start = Instant::now();
        let mut policy = Policy::new(LIMITS, Roster::new(100, Duration::ZERO), start);
        let later = start + Duration::from_secs(60);
        seated(&mut policy, 2, ChildKind::Dequeue, later);
        assert_eq!(policy.times.since(later).spawn, Duration::from_secs(60));
        seated(&mut policy, 3, ChildKind::Worker, later);
        assert_eq!(policy.times.since(later).spawn, Duration::ZERO);
    }

    /// Each step once, however far apart the children of a step die; the longest wait again after it.
    #[test]
    fn each_longer_wait_of_those_that_die_at_once_is_told_once() {
        let (start, board) = (Instant::now(), Scoreboard::new(10, 0).unwrap());
        let longest = Duration::from_secs(2);
        let mut policy = Policy::new(LIMITS, Roster::new(2, longest), start);
        let at = |tenths: u64| start + Duration::from_millis(100 * tenths);
        let mut number = 1;
        let mut fork = |policy: &mut Policy, now| {
            number += 1;
            seated(policy, number, ChildKind::Worker, now)
        };
        let news = |policy: &mut Policy, place, now| {
            policy.ended(place, End::Code(1), &board, now).unwrap().1
        };
        let (one, other) = (fork(&mut policy, at(0)), fork(&mut policy, at(0)));
        assert!(news(&mut policy, one, at(1)), "1 s");
        // The other one dies when the first place waits no more, and again when it is being tried.
        assert!(!news(&mut policy, other, at(12)), "1 s was told");
        assert_eq!(fork(&mut policy, at(13)), one);
        assert_eq!(fork(&mut policy, at(23)), other);
        assert!(news(&mut policy, other, at(24)), "2 s");
        assert!(!news(&mut policy, one, at(25)), "2 s was told");
        let again = [fork(&mut policy, at(45)), fork(&mut policy, at(45))];
        assert!(news(&mut policy, again[0], at(46)), "2 s, and so long ago");
        assert!(!news(&mut policy, again[1], at(47)), "just told");
        // Nobody is wanted for so long that it begins anew.
        let later = at(47) + 2 * longest;
        let place = fork(&mut policy, later);
        assert!(!policy.roster.is_well(&board, later), "it is tried");
        assert!(news(&mut policy, place, later + longest), "2 s once more");
        let mut seat = board.seat(fork(&mut policy, later + 2 * longest), 0, false);
        crate::seat::Post::ready(&mut seat);
        assert!(
            policy.roster.is_well(&board, later + 4 * longest),
            "one serves, one is not wanted"
        );
    }

    #[test]
    fn who_is_slow_or_stays_is_told_of_once() {
        let (start, board) = (Instant::now(), Scoreboard::new(10, 0).unwrap());
        let mut policy = Policy::new(LIMITS, Roster::new(10, Duration::ZERO), start);
        let at = seated(&mut policy, 2, ChildKind::Worker, start);
        let slow = start + super::super::plan::SLOW;
        assert_eq!(policy.next_turn(start), super::super::plan::SLOW);
        assert!(policy.roster.slow(&board, start).is_empty());
        assert_eq!(policy.roster.slow(&board, slow), [Pid::from_raw(2)]);
        assert!(policy.roster.slow(&board, slow).is_empty());
        assert_eq!(policy.roster.tally(&board, slow).slow, 1);

        let (limit, told) = (Duration::from_secs(3), slow);
        let overstay = |policy: &mut Policy, now| policy.roster.overstayers(&board, now, limit);
        assert!(overstay(&mut policy, told + limit).is_empty(), "nobody was told");
        policy.roster.tell(at, Signal::SIGTERM, &board, told);
        assert!(overstay(&mut policy, told + limit / 2).is_empty());
        // It serves somebody, and then somebody else.
        let mut seat = board.seat(at, 0, false);
        crate::seat::Post::busy(&mut seat);
        assert!(overstay(&mut policy, told + limit).is_empty());
        crate::seat::Post::busy(&mut seat);
        assert_eq!(overstay(&mut policy, told + limit), [Pid::from_raw(2)]);
        assert!(overstay(&mut policy, told + limit * 2).is_empty(), "it was killed");
    }
}
