//! The policy of a pool against processes that are simulated: whatever they do, and in whatever order,
//! its promises hold. `SEQUENCES=1000000 cargo test --release -p netserver --lib simulation` is the long
//! form.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::child::{Child, ChildKind};
use crate::stop::Stage;
use crate::sys::process::{End, Pid};
use crate::sys::signal::Signal;

use super::plan::{AFTER_FAILURE, Limits};
use super::policy::{Orders, Policy};
use super::roster::{Look, Roster};
use super::scoreboard::Doing;

/// A process, from the fork until it was waited for.
#[expect(clippy::struct_excessive_bools, reason = "as its line on the scoreboard has them")]
#[derive(Debug, Clone, Default)]
struct Process {
    pid: i32,
    doing: Option<Doing>,
    was_ready: bool,
    due: bool,
    left: bool,
    /// Some once it has ended.
    end: Option<End>,
    told: bool,
}

/// What there is in the places, beside how many connections each place has taken.
#[derive(Debug, Default)]
struct World {
    places: RefCell<Vec<(Process, i64)>>,
}

impl World {
    fn of<T>(&self, at: usize, look: impl Fn(&(Process, i64)) -> T, otherwise: T) -> T {
        self.places.borrow().get(at).map_or(otherwise, look)
    }
}

impl Look for World {
    fn doing(&self, at: usize) -> Doing {
        self.of(at, |(process, _)| process.doing.unwrap_or(Doing::Starting), Doing::Starting)
    }

    fn was_ready(&self, at: usize) -> bool {
        self.of(at, |(process, _)| process.was_ready, false)
    }

    fn is_due(&self, at: usize) -> bool {
        self.of(at, |(process, _)| process.due, false)
    }

    fn has_left(&self, at: usize) -> bool {
        self.of(at, |(process, _)| process.left, false)
    }

    fn taken_at(&self, at: usize) -> i64 {
        self.of(at, |(_, taken)| *taken, 0)
    }

    fn busy_until(&self, _: usize) -> Option<i64> {
        None
    }

    fn is_unable(&self, _: usize) -> bool {
        false
    }
}

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

struct Simulation {
    dice: Dice,
    policy: Policy,
    world: World,
    now: Instant,
    next_pid: i32,
    /// Numbers that were waited for: no signal may go there.
    reaped: BTreeSet<i32>,
    /// Whether forks fail at this time.
    forks_fail: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let min = dice.roll(6) + 1;
        let max = min + dice.roll(6);
        let min_spare = dice.roll(min + 1);
        let limits = Limits {
            min_servers: min,
            max_servers: max,
            min_spare,
            max_spare: min_spare + dice.roll(4),
            max_recycling: dice.roll(2) + 1,
            check_for_waiting: Duration::from_secs(10),
            min_child_ttl: Duration::from_secs(u64::try_from(dice.roll(3)).unwrap_or_default()),
        };
        let now = Instant::now();
        let roster = Roster::new(1000, Duration::from_secs(8));
        let policy = Policy::new(limits, roster, now);
        let (world, reaped) = (World::default(), BTreeSet::new());
        Self { dice, policy, world, now, next_pid: 2, reaped, forks_fail: false }
    }

    /// What the parent does each time it wakes.
    fn turn(&mut self) {
        self.reap();
        let taken = self.world.places.borrow().iter().map(|(_, taken)| taken).sum();
        let mut orders = Orders::default();
        self.policy.turn(&self.world, taken, self.now, &mut orders);
        let Orders { tell, spawn } = orders;
        self.signal(&tell);
        if tell.is_empty() && spawn == 0 {
            assert!(!self.policy.next_turn(self.now).is_zero(), "it looks again without a pause");
        }
        for _ in 0..spawn {
            assert!(self.policy.may_fork(self.now), "a fork too soon after one that failed");
            if self.forks_fail {
                self.policy.fork_failed(self.now);
                break;
            }
            let at = self.policy.roster.free_place(self.now).expect("there is a place");
            assert!(self.policy.roster.child(at).is_none(), "a place for two");
            let process = Process { pid: self.next_pid, ..Process::default() };
            self.next_pid += 1;
            let child = Child::new(Pid::from_raw(process.pid), ChildKind::Worker, None);
            let mut places = self.world.places.borrow_mut();
            if places.len() <= at {
                places.resize(at + 1, (Process::default(), 0));
            }
            places[at].0 = process;
            drop(places);
            let taken = self.world.taken_at(at);
            self.policy.spawned(at, child, taken, self.now);
        }
        if spawn > 0 {
            self.hold();
        }
    }

    fn reap(&mut self) {
        let ended: Vec<(usize, i32, End)> = {
            let places = self.world.places.borrow();
            let ended = places.iter().enumerate();
            ended.filter_map(|(at, (one, _))| Some((at, one.pid, one.end?))).collect()
        };
        for (at, pid, end) in ended {
            if self.policy.roster.child(at).is_none() {
                continue;
            }
            assert!(self.reaped.insert(pid), "{pid} was waited for twice");
            let (ended, _) = self.policy.ended(at, end, &self.world, self.now).expect("a child");
            assert_eq!(ended.child.pid(), pid.unsigned_abs());
        }
    }

    fn signal(&mut self, orders: &[(Pid, Signal)]) {
        let mut places = self.world.places.borrow_mut();
        for (pid, signal) in orders {
            assert!(!self.reaped.contains(&pid.as_raw()), "{pid} was signalled after its end");
            let found = places.iter_mut().find(|(process, _)| process.pid == pid.as_raw());
            let (process, _) = found.expect("a process that was forked");
            assert!(*signal != Signal::SIGTERM || !process.told, "{pid} was told twice");
            process.told = true;
            if *signal == Signal::SIGKILL {
                process.end = process.end.or(Some(End::Signal(9)));
            }
        }
    }

    /// What holds whenever children were started; signals may have made the limits less before.
    fn hold(&self) {
        let limits = &self.policy.limits;
        let alive = self.policy.roster.alive();
        let most = limits.max_servers + limits.max_recycling;
        assert!(alive <= most, "{alive} of {most} alive: {limits:?}");
        let tally = self.policy.roster.tally(&self.world, self.now);
        if tally.due == 0 && tally.leaving == 0 {
            assert!(alive <= limits.max_servers, "{tally:?} {limits:?}");
        }
    }

    /// Some child does something, or something happens to it, or time goes by.
    fn happen(&mut self) {
        let count = self.world.places.borrow().len();
        let at = self.dice.roll(count.max(1));
        let what = self.dice.roll(20);
        let mut places = self.world.places.borrow_mut();
        let one = places.get_mut(at).filter(|(one, _)| one.pid > 0 && one.end.is_none());
        match (what, one) {
            (0..=3, Some((one, _))) if one.doing.is_none() => {
                (one.doing, one.was_ready) = (Some(Doing::Idle), true);
            }
            (0..=7, Some((one, taken))) if one.doing == Some(Doing::Idle) => {
                one.doing = Some(Doing::Busy);
                *taken += 1;
            }
            (4..=9, Some((one, _))) if one.doing == Some(Doing::Busy) => {
                one.doing = Some(Doing::Idle);
            }
            (10, Some((one, _))) if one.was_ready => one.due = true,
            // It dies.
            (11, Some((one, _))) => one.end = Some(End::Signal(9)),
            (12, Some((one, _))) if one.doing.is_none() => one.end = Some(End::Code(1)),
            // Or leaves, as it was told by its parent or by somebody.
            (13..=16, Some((one, _))) if one.told && one.doing != Some(Doing::Busy) => {
                (one.left, one.end) = (true, Some(End::Code(0)));
            }
            (17, _) => {
                drop(places);
                self.forks_fail = self.dice.roll(3) == 0;
            }
            (18, _) => {
                drop(places);
                match self.dice.roll(4) {
                    0 => self.policy.resize(1, 6),
                    1 => self.policy.resize(-1, 6),
                    2 => self.policy.roster.renew_all(),
                    // A jump of the clock, or a parent that was stopped for a while.
                    _ => self.now += Duration::from_secs(3600),
                }
            }
            _ => {
                drop(places);
                let step = u64::try_from(self.dice.roll(3000)).unwrap_or_default();
                self.now += Duration::from_millis(step);
            }
        }
    }

    /// Nothing fails any more: the pool is as it should be before long, and stays so.
    fn settle(&mut self) {
        self.forks_fail = false;
        for _ in 0..400 {
            for (one, _) in self.world.places.borrow_mut().iter_mut() {
                if one.pid > 0 && one.end.is_none() {
                    if one.told {
                        (one.left, one.end) = (true, Some(End::Code(0)));
                    } else if one.doing.is_none() {
                        (one.doing, one.was_ready) = (Some(Doing::Idle), true);
                    } else {
                        one.doing = Some(Doing::Idle);
                    }
                }
            }
            self.turn();
            let wait = self.policy.next_turn(self.now).max(Duration::from_millis(1));
            self.now += wait.max(AFTER_FAILURE / 4);
        }
        let tally = self.policy.roster.tally(&self.world, self.now);
        let limits = &self.policy.limits;
        assert!(tally.staying() >= limits.min_servers, "{tally:?} {limits:?}");
        assert!(tally.alive() <= limits.max_servers, "{tally:?} {limits:?}");
        assert_eq!((tally.due, tally.leaving, tally.resting), (0, 0, 0), "{limits:?}");
    }

    /// A stop ends them all.
    fn stop(&mut self) {
        for stage in [Stage::Graceful, Stage::Quick, Stage::Kill] {
            self.reap();
            let orders = self.policy.stop(stage, &self.world, self.now);
            for (pid, _) in &orders {
                assert!(!self.reaped.contains(&pid.as_raw()), "{pid} was signalled after its end");
            }
            let mut places = self.world.places.borrow_mut();
            for (one, _) in places.iter_mut().filter(|(one, _)| one.pid > 0) {
                // Some are stuck, and do as they are told only by the last signal.
                let obeys = stage == Stage::Kill || self.dice.roll(2) == 0;
                if obeys && one.end.is_none() {
                    one.end = Some(End::Code(0));
                }
            }
        }
        self.reap();
        assert!(self.policy.roster.is_empty(), "nobody survives");
    }
}

#[test]
fn whatever_children_do_its_promises_hold() {
    let sequences = std::env::var("SEQUENCES").ok().and_then(|count| count.parse().ok());
    for seed in 0..sequences.unwrap_or(2_000_u64) {
        let outcome = std::panic::catch_unwind(|| {
            let mut simulation = Simulation::new(seed);
            for _ in 0..simulation.dice.roll(60) + 20 {
                simulation.happen();
                if simulation.dice.roll(2) == 0 {
                    simulation.turn();
                }
            }
            if seed % 4 == 0 {
                simulation.settle();
            }
            simulation.stop();
        });
        assert!(outcome.is_ok(), "sequence {seed}");
    }
}
