//! The places of a pool and the children that have them: who was told to leave, which places wait before
//! the next try. Pure: it knows what was done, and does nothing.
//!
//! Only children in the table are signalled or waited for. The kernel gives no number away before it
//! was waited for; as another part of the program may do that, it is asked before each signal.

use std::time::{Duration, Instant};

use crate::child::{Child, ChildKind};
use crate::handover::Elder;
use crate::stop::{Stage, Timing};
use crate::sys::process::{End, Pid};
use crate::sys::signal::Signal;

use super::plan::{SLOW, Tally, rest};
use super::scoreboard::{Doing, Scoreboard};

/// What is seen of the child in a place.
pub(crate) trait Look {
    fn doing(&self, place: usize) -> Doing;
    fn was_ready(&self, place: usize) -> bool;
    fn is_due(&self, place: usize) -> bool;
    fn has_left(&self, place: usize) -> bool;
    fn taken_at(&self, place: usize) -> i64;
    fn busy_until(&self, place: usize) -> Option<i64>;
    fn is_unable(&self, place: usize) -> bool;
}

impl Look for Scoreboard {
    fn doing(&self, place: usize) -> Doing {
        self.doing(place)
    }

    fn was_ready(&self, place: usize) -> bool {
        self.was_ready(place)
    }

    fn is_due(&self, place: usize) -> bool {
        self.is_due(place)
    }

    fn has_left(&self, place: usize) -> bool {
        self.has_left(place)
    }

    fn taken_at(&self, place: usize) -> i64 {
        self.taken_at(place)
    }

    fn busy_until(&self, place: usize) -> Option<i64> {
        self.busy_until(place)
    }

    fn is_unable(&self, place: usize) -> bool {
        self.is_unable(place)
    }
}

/// A place, with a child or not.
#[derive(Debug, Default)]
struct Place {
    seated: Option<Seated>,
    /// How many children in a row have died here before their first connection.
    strikes: u32,
    /// Some while no other is to be started here.
    rests_until: Option<Instant>,
}

/// A child in its place.
#[derive(Debug)]
struct Seated {
    child: Child,
    /// The last signal that told it to leave.
    told: Option<Signal>,
    /// When the first one did, and how many connections the children of this place had taken then.
    told_first: Option<(Instant, i64)>,
    /// Whether another is to take its place.
    renew: bool,
    /// How many connections the children of this place had taken before it.
    taken: i64,
    /// When it was forked, and whether the log was told that it is slow.
    since: Instant,
    called_slow: bool,
}

/// Room for so many children is made before there are any.
const AT_FIRST: usize = 64;

/// A child that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) child: Child,
    pub(crate) end: End,
    /// The last signal that told it to leave.
    pub(crate) told: Option<Signal>,
    /// How long its place waits now, where it died before its first connection.
    pub(crate) rest: Option<Duration>,
}

/// The places, from the first to the last that was ever used.
#[derive(Debug)]
pub(crate) struct Roster {
    places: Vec<Place>,
    /// How many there may be.
    most: usize,
    /// The longest wait of a place.
    longest_rest: Duration,
    /// How many workers are alive.
    alive: usize,
}

impl Roster {
    pub(crate) fn new(most: usize, longest_rest: Duration) -> Self {
        Self { places: Vec::with_capacity(most.min(AT_FIRST)), most, longest_rest, alive: 0 }
    }

    /// The longest wait of a place.
    pub(crate) fn longest_rest(&self) -> Duration {
        self.longest_rest
    }

    /// How many places were ever used.
    pub(crate) fn used(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody is alive.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.iter().all(|place| place.seated.is_none())
    }

    /// A place for the next child: one where others have died, so that it is known what comes of it;
    /// else any.
    pub(crate) fn free_place(&mut self, now: Instant) -> Option<usize> {
        let is_free = |place: &&mut Place| place.seated.is_none() && !place.rests(now);
        let mut free = None;
        for (at, place) in self.places.iter_mut().enumerate().filter(|(_, place)| is_free(place)) {
            if place.strikes > 0 {
                return Some(at);
            }
            free = free.or(Some(at));
        }
        if free.is_none() && self.places.len() < self.most {
            self.places.push(Place::default());
            return Some(self.places.len() - 1);
        }
        free
    }

    /// A new child has that place, whose children had taken so many connections before it was forked.
    pub(crate) fn seat(&mut self, at: usize, child: Child, taken: i64, since: Instant) {
        self.alive += usize::from(child.kind() == ChildKind::Worker);
        self.places[at].rests_until = None;
        let seated = Seated {
            child,
            told: None,
            told_first: None,
            renew: false,
            taken,
            since,
            called_slow: false,
        };
        self.places[at].seated = Some(seated);
    }

    /// The child of that place.
    pub(crate) fn child(&self, at: usize) -> Option<&Child> {
        self.seated_at(at).map(|seated| &seated.child)
    }

    /// Every child, for the next image: none of them has a place there. They are all told anew.
    pub(crate) fn handed(&self, now: Instant) -> impl Iterator<Item = Elder> {
        self.seated().map(move |(_, seated)| {
            let first = seated.told_first.map(|(first, _)| now.saturating_duration_since(first));
            Elder {
                pid: seated.child.process(),
                kind: seated.child.kind(),
                told: Stage::Serving,
                since: first.unwrap_or_default(),
            }
        })
    }

    /// Every child with its place.
    pub(crate) fn children(&self) -> impl Iterator<Item = (usize, &Child)> {
        self.seated().map(|(at, seated)| (at, &seated.child))
    }

    /// The place of the child of that number.
    pub(crate) fn place_of(&self, pid: Pid) -> Option<usize> {
        self.children().find(|(_, child)| child.process() == pid).map(|(at, _)| at)
    }

    /// How many workers there are, by what they do.
    pub(crate) fn tally(&self, look: &impl Look, now: Instant) -> Tally {
        let mut tally = Tally::default();
        for (at, seated) in self.workers() {
            let kind = match (seated.told, look.doing(at)) {
                (Some(_), _) | (None, Doing::Gone | Doing::Finishing) => &mut tally.leaving,
                (None, Doing::Starting) => &mut tally.starting,
                (None, Doing::Idle) => &mut tally.idle,
                (None, Doing::Busy) => &mut tally.busy,
            };
            *kind += 1;
            tally.slow += usize::from(seated.is_slow(look.doing(at), now));
            let serves = matches!(look.doing(at), Doing::Idle | Doing::Busy);
            let due = seated.told.is_none() && serves && seated.is_due(at, look);
            tally.due += usize::from(due);
        }
        tally.resting = self.places.iter().filter(|place| place.rests(now)).count();
        tally
    }

    /// How many workers are idle, and stay.
    pub(crate) fn idle(&self, look: &impl Look) -> usize {
        let idle = |(at, seated): &(usize, &Seated)| {
            seated.told.is_none() && look.doing(*at) == Doing::Idle
        };
        self.workers().filter(idle).count()
    }

    /// Up to `count` workers that nobody has told to leave, and that can take clients; those that are idle
    /// first.
    pub(crate) fn serving(&self, count: usize, look: &impl Look) -> Vec<Pid> {
        let mut all: Vec<(bool, Pid)> = self
            .workers()
            .filter(|(at, seated)| seated.told.is_none() && !look.is_unable(*at))
            .map(|(at, seated)| (look.doing(at) != Doing::Idle, seated.child.process()))
            .collect();
        all.sort_unstable_by_key(|(busy, _)| *busy);
        all.into_iter().take(count).map(|(_, pid)| pid).collect()
    }

    /// Workers that were told to leave longer than `limit` ago, and serve nobody, or somebody who came
    /// since: they are told once more, for good.
    pub(crate) fn overstayers(
        &mut self,
        look: &impl Look,
        now: Instant,
        limit: Duration,
    ) -> Vec<Pid> {
        let overstays = |at: usize, seated: &Seated| {
            let told = seated.told_first.filter(|_| seated.told != Some(Signal::SIGKILL));
            told.is_some_and(|(told, taken)| {
                // It may just have accepted when it was told.
                let goes_on = look.taken_at(at) > taken.saturating_add(1);
                now.saturating_duration_since(told) >= limit
                    && (!matches!(look.doing(at), Doing::Busy | Doing::Finishing) || goes_on)
            })
        };
        let places = self.workers().filter(|(at, seated)| overstays(*at, seated));
        let places: Vec<usize> = places.map(|(at, _)| at).collect();
        places.into_iter().filter_map(|at| self.tell(at, Signal::SIGKILL, look, now)).collect()
    }

    /// Whether a worker finishes with the clients it has, told so or not.
    pub(crate) fn any_finishes(&self, look: &impl Look) -> bool {
        self.workers().any(|(at, seated)| seated.finishes(at, look))
    }

    /// Workers with many clients each, that finish: they are told so, where they do it by themselves, and harder
    /// when the time of a step is over. Hands out whom to signal.
    pub(crate) fn hurry(
        &mut self,
        look: &impl Look,
        now: Instant,
        timing: &Timing,
    ) -> Vec<(Pid, Signal)> {
        let next = |(at, seated): (usize, &Seated)| {
            let since = seated.told_first.map(|(told, _)| now.saturating_duration_since(told));
            let next = match seated.told {
                None => Some(Signal::SIGTERM),
                Some(Signal::SIGTERM) if since >= Some(timing.graceful) => Some(Signal::SIGINT),
                Some(Signal::SIGINT) if since >= Some(timing.graceful + timing.quick) => {
                    Some(Signal::SIGKILL)
                }
                Some(_) => None,
            };
            next.map(|signal| (at, signal))
        };
        let finishing = self.workers().filter(|(at, seated)| seated.finishes(*at, look));
        let orders: Vec<(usize, Signal)> = finishing.filter_map(next).collect();
        let told = |(at, signal)| Some((self.tell(at, signal, look, now)?, signal));
        orders.into_iter().filter_map(told).collect()
    }

    /// Those that were forked so long ago that they should be ready, each once.
    pub(crate) fn slow(&mut self, look: &impl Look, now: Instant) -> Vec<Pid> {
        let seated = self.places.iter_mut().enumerate();
        let seated = seated.filter_map(|(at, place)| Some((at, place.seated.as_mut()?)));
        let slow = seated.filter(|(at, seated)| {
            seated.child.kind() == ChildKind::Worker
                && !seated.called_slow
                && seated.is_slow(look.doing(*at), now)
        });
        slow.map(|(_, seated)| {
            seated.called_slow = true;
            seated.child.process()
        })
        .collect()
    }

    /// When the next child that was forked is slow, unless it is ready by then; `None` where all were
    /// forked long ago.
    pub(crate) fn next_slow(&self, now: Instant) -> Option<Instant> {
        self.workers().map(|(_, seated)| seated.since + SLOW).filter(|slow| *slow > now).min()
    }

    /// How many workers are alive.
    pub(crate) fn alive(&self) -> usize {
        self.alive
    }

    /// The first place from `from` on of a child that is about to leave, or has left already.
    pub(crate) fn gone(&self, from: usize, look: &impl Look) -> Option<usize> {
        let gone = |at: &usize| look.doing(*at) == Doing::Gone;
        self.seated().map(|(at, _)| at).skip_while(|at| *at < from).find(gone)
    }

    /// How many children run `dequeue`.
    pub(crate) fn dequeuing(&self) -> usize {
        self.children().filter(|(_, child)| child.kind() == ChildKind::Dequeue).count()
    }

    /// Every worker that serves now is to be renewed.
    pub(crate) fn renew_all(&mut self) {
        for seated in self.places.iter_mut().filter_map(|place| place.seated.as_mut()) {
            seated.renew = true;
        }
    }

    /// The place of the worker that is to leave next, of those that `may`: one that is due, else one that is
    /// idle. It collects nothing: what a parent writes between two forks the next child has for itself.
    pub(crate) fn next_to_leave(
        &self,
        look: &impl Look,
        may: impl Fn(Doing, bool) -> bool,
    ) -> Option<usize> {
        self.workers()
            .filter(|(_, seated)| seated.told.is_none())
            .map(|(at, seated)| (seated.is_due(at, look), look.doing(at), at))
            .filter(|(due, doing, _)| *doing != Doing::Starting && may(*doing, *due))
            .min_by_key(|(due, doing, at)| (!due, *doing != Doing::Idle, *at))
            .map(|(_, _, at)| at)
    }

    /// The workers whose connection should have ended `grace` nanoseconds ago at least.
    pub(crate) fn overdue(&self, look: &impl Look, now: i64, grace: i64) -> Vec<usize> {
        let is_late =
            |at: usize| look.busy_until(at).is_some_and(|until| now.saturating_sub(until) > grace);
        let killed = |seated: &Seated| seated.told == Some(Signal::SIGKILL);
        let late = self.workers().filter(|(at, seated)| !killed(seated) && is_late(*at));
        late.map(|(at, _)| at).collect()
    }

    /// The child of that place is told to leave. Hands out whom to signal.
    pub(crate) fn tell(
        &mut self,
        at: usize,
        signal: Signal,
        look: &impl Look,
        now: Instant,
    ) -> Option<Pid> {
        let seated = self.places.get_mut(at)?.seated.as_mut()?;
        seated.told = Some(signal);
        seated.told_first.get_or_insert((now, look.taken_at(at)));
        Some(seated.child.process())
    }

    /// The child of that place has ended, and was waited for.
    pub(crate) fn ended(
        &mut self,
        at: usize,
        end: End,
        look: &impl Look,
        now: Instant,
    ) -> Option<Ended> {
        let longest = self.longest_rest;
        let place = self.places.get_mut(at)?;
        let Seated { child, told, taken, .. } = place.seated.take()?;
        self.alive -= usize::from(child.kind() == ChildKind::Worker);
        let ready = look.was_ready(at);
        let well = told.is_some()
            || child.kind() == ChildKind::Dequeue
            || look.taken_at(at) != taken
            || (ready && look.has_left(at));
        if well {
            place.strikes = 0;
            return Some(Ended { child, end, told, rest: None });
        }
        place.strikes = place.strikes.saturating_add(1);
        let rest = rest(place.strikes, ready, longest);
        place.rests_until = (!rest.is_zero()).then(|| now + rest);
        Some(Ended { child, end, told, rest: Some(rest) })
    }

    /// When the next place that waits may be tried again; `None` where none waits.
    pub(crate) fn next_try(&self, now: Instant) -> Option<Instant> {
        self.places.iter().filter_map(|place| place.rests_until).filter(|until| *until > now).min()
    }

    /// Whether somebody serves, or just served, in each place whose last child died before its first
    /// connection. Where nobody was started for as long as a place ever waits, nobody is wanted.
    pub(crate) fn is_well(&self, look: &impl Look, now: Instant) -> bool {
        let troubled = |(at, place): (usize, &Place)| match (&place.seated, place.rests_until) {
            _ if place.strikes == 0 => false,
            (Some(_), _) => !look.was_ready(at),
            (None, until) => until.is_some_and(|until| until + self.longest_rest > now),
        };
        !self.places.iter().enumerate().any(troubled)
    }

    fn seated_at(&self, at: usize) -> Option<&Seated> {
        self.places.get(at)?.seated.as_ref()
    }

    fn seated(&self) -> impl Iterator<Item = (usize, &Seated)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(at, place)| place.seated.as_ref().map(|seated| (at, seated)))
    }

    fn workers(&self) -> impl Iterator<Item = (usize, &Seated)> {
        self.seated().filter(|(_, seated)| seated.child.kind() == ChildKind::Worker)
    }
}

impl Place {
    fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| until > now)
    }
}

impl Seated {
    /// Whether it finishes with the clients it has, told so or not.
    fn finishes(&self, at: usize, look: &impl Look) -> bool {
        self.told.is_some() || look.doing(at) == Doing::Finishing
    }

    /// Whether it should be ready by now, and is not.
    fn is_slow(&self, doing: Doing, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.since);
        self.told.is_none() && doing == Doing::Starting && age >= SLOW
    }

    fn is_due(&self, at: usize, look: &impl Look) -> bool {
        self.renew || look.is_due(at)
    }
}
