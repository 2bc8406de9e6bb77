//! Who is there of the threads of a process: which places they have, who was told to leave, and when things
//! were last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::pool::{Doing, Limits, Plan, Scoreboard, Tally, Times};
use crate::sys::ends;
use crate::sys::signal;

/// One thread, as it and whoever has started it know it.
#[derive(Debug)]
pub(super) struct Mate {
    pub(super) place: usize,
    /// Where a quick stop finds what it serves.
    serving: &'static ends::Place,
    /// Its number; 0 until it has begun.
    thread: AtomicI32,
    is_told: AtomicBool,
    /// Whether what it serves is a packet.
    has_packet: AtomicBool,
}

impl Mate {
    /// The calling thread is it.
    pub(super) fn begin(&self) {
        self.serving.take();
        self.thread.store(signal::this_thread(), SeqCst);
    }

    /// Whether it is to leave.
    #[inline]
    pub(super) fn is_told(&self) -> bool {
        self.is_told.load(SeqCst)
    }

    /// Whether it serves a packet, from here on. It says so before it is busy.
    pub(super) fn has_packet(&self, has: bool) {
        self.has_packet.store(has, SeqCst);
    }
}

/// A place, with a thread or not.
#[derive(Debug)]
struct Place {
    serving: &'static ends::Place,
    mate: Option<Arc<Mate>>,
}

/// The threads.
#[derive(Debug)]
pub(super) struct Crew<'a> {
    board: &'a Scoreboard,
    /// As the options have it.
    declared: Limits,
    limits: Limits,
    /// How many places there may be.
    most: usize,
    places: Vec<Place>,
    times: Times,
}

impl<'a> Crew<'a> {
    pub(super) fn new(limits: Limits, most: usize, board: &'a Scoreboard, now: Instant) -> Self {
        let times = Times::new(now);
        Self { board, declared: limits, limits, most, places: Vec::new(), times }
    }

    /// There are to be so many more than the options say, or fewer. Tells how many at most, where that
    /// is new.
    pub(super) fn resize(&mut self, by: isize) -> Option<usize> {
        let before = self.limits.max_servers;
        self.limits = self.declared.resized(by, self.most);
        Some(self.limits.max_servers).filter(|now| *now != before)
    }

    /// Forgets those that have left.
    pub(super) fn reap(&mut self) {
        for (at, place) in self.places.iter_mut().enumerate() {
            if place.mate.is_some() && self.board.has_left(at) {
                place.mate = None;
                self.board.vacate(at);
            }
        }
    }

    /// A place for the next one.
    pub(super) fn next(&mut self) -> Option<Arc<Mate>> {
        let free = self.places.iter().position(|place| place.mate.is_none());
        let at = free.unwrap_or(self.places.len());
        if at >= self.most {
            return None;
        }
        if free.is_none() {
            self.places.push(Place { serving: ends::Place::add(), mate: None });
        }
        let mate = Mate {
            place: at,
            serving: self.places.get(at)?.serving,
            thread: AtomicI32::new(0),
            is_told: AtomicBool::new(false),
            has_packet: AtomicBool::new(false),
        };
        self.board.clear(at);
        Some(Arc::new(mate))
    }

    /// That one was started.
    pub(super) fn started(&mut self, mate: Arc<Mate>, now: Instant) {
        self.times.spawned(now);
        if let Some(place) = self.places.get_mut(mate.place) {
            place.mate = Some(mate);
        }
    }

    /// None could be.
    pub(super) fn failed(&mut self, now: Instant) {
        self.times.failed(now);
    }

    fn mates(&self) -> impl Iterator<Item = &Mate> {
        self.places.iter().filter_map(|place| place.mate.as_deref())
    }

    fn doing(&self, mate: &Mate) -> Doing {
        self.board.doing(mate.place)
    }

    pub(super) fn count(&self) -> usize {
        self.mates().count()
    }

    /// Whether one of them waits for a client, or is about to.
    pub(super) fn any_waits(&self) -> bool {
        self.mates().any(|mate| matches!(self.doing(mate), Doing::Starting | Doing::Idle))
    }

    /// Whether one of them serves a packet. There may be more while [one waits](Self::any_waits).
    pub(super) fn any_has_packet(&self) -> bool {
        self.mates().any(|mate| mate.has_packet.load(SeqCst))
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for mate in self.mates() {
            let kind = match self.doing(mate) {
                _ if mate.is_told() => &mut tally.leaving,
                // Nothing of the server's own runs before it is ready.
                Doing::Starting => &mut tally.starting,
                Doing::Idle => &mut tally.idle,
                Doing::Busy => &mut tally.busy,
                Doing::Gone | Doing::Finishing => &mut tally.leaving,
            };
            *kind += 1;
        }
        tally
    }

    /// How many are idle, and stay.
    fn idle(&self) -> usize {
        self.mates().filter(|mate| !mate.is_told() && self.doing(mate) == Doing::Idle).count()
    }

    /// One look at all. Has some leave, where that is the plan, and tells how many; and how many are to be
    /// started.
    pub(super) fn turn(&mut self, now: Instant) -> (usize, usize) {
        let tally = self.tally();
        let taken = self.board.taken(self.places.len());
        let Plan { spawn, retire, shed, .. } = self.times.plan(&self.limits, &tally, taken, now);
        let told = self.tell(retire, |doing| doing == Doing::Idle)
            + self.tell(shed, |doing| matches!(doing, Doing::Idle | Doing::Busy));
        (told, spawn)
    }

    /// Tells some of those that do that to leave, idle ones first. None of them leaves a client.
    fn tell(&self, count: usize, may: impl Fn(Doing) -> bool) -> usize {
        if count == 0 {
            return 0;
        }
        let mut mates: Vec<(bool, &Mate)> = self
            .mates()
            .filter(|mate| !mate.is_told())
            .map(|mate| (self.doing(mate), mate))
            .filter(|(doing, _)| may(*doing))
            .map(|(doing, mate)| (doing != Doing::Idle, mate))
            .collect();
        // Those in low places stay, so that there are few to be looked at.
        mates.sort_by_key(|(busy, mate)| (*busy, std::cmp::Reverse(mate.place)));
        mates.truncate(count);
        for (_, mate) in &mates {
            mate.is_told.store(true, SeqCst);
        }
        mates.len()
    }

    /// Wakes those that wait though they were told to leave, or `all` were. One that was about to wait has
    /// not noticed, so it is done again until they have left. Tells whether there are any.
    pub(super) fn wake(&self, all: bool) -> bool {
        let mut any = false;
        for mate in self.mates().filter(|mate| all || mate.is_told()) {
            if matches!(self.doing(mate), Doing::Starting | Doing::Idle) {
                any = true;
                match mate.thread.load(SeqCst) {
                    // It looks before it waits.
                    0 => {}
                    thread => signal::wake_thread(thread),
                }
            }
        }
        any
    }

    /// Says below how many idle ones whoever starts more wants to be woken. Who went below before that has
    /// woken nobody, so there is another look: false where that shows too few.
    pub(super) fn ask_to_be_woken(&self, now: Instant) -> bool {
        let line = self.times.wake_below(&self.limits, &self.tally(), now);
        self.board.correct_hint(|| self.idle());
        self.board.wake_below(line);
        self.idle() >= line
    }

    /// How long the next turn may wait for somebody who wants it sooner.
    pub(super) fn next_turn(&self, now: Instant) -> Duration {
        let check = self.times.until_check(&self.limits, now);
        self.times.wait_after_failure(now).map_or(check, |left| left.min(check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::AFTER_FAILURE;
    use crate::seat::Post;

    const LIMITS: Limits = Limits {
        min_servers: 2,
        max_servers: 5,
        min_spare: 1,
        max_spare: 2,
        max_recycling: 1,
        check_for_waiting: Duration::from_secs(10),
        min_child_ttl: Duration::from_secs(10),
    };
    const LONG: Duration = Duration::from_secs(60);

    fn start(crew: &mut Crew<'_>, count: usize, now: Instant) {
        for _ in 0..count {
            let mate = crew.next().unwrap();
            crew.started(mate, now);
        }
    }

    #[test]
    fn who_was_told_to_leave_has_its_place_until_it_has() {
        let (now, board) = (Instant::now(), Scoreboard::new(10, 0).unwrap());
        let mut crew = Crew::new(LIMITS, 10, &board, now);
        assert_eq!(crew.turn(now), (0, 2));
        start(&mut crew, 5, now);
        assert!(crew.any_waits());
        let mut seats: Vec<_> = (0..5).map(|place| board.seat(place, 0, false)).collect();
        seats.iter_mut().for_each(Post::ready);
        seats[4].busy();
        // Nobody came for long but the one that is served: two idle ones more than there may be.
        let later = now + LONG;
        assert_eq!(crew.turn(later), (2, 0));
        let told = |crew: &Crew<'_>| crew.mates().map(Mate::is_told).collect::<Vec<_>>();
        assert_eq!(told(&crew), [false, false, true, true, false], "idle ones in high places");
        assert_eq!((crew.idle(), crew.count()), (2, 5));
        assert_eq!(crew.turn(later), (0, 0), "and they count against max_servers");
        board.leave(2, true);
        board.leave(3, true);
        crew.reap();
        assert_eq!(crew.count(), 3);
        assert_eq!(crew.next().map(|mate| mate.place), Some(2));
    }

    #[test]
    fn a_smaller_crew_sheds_busy_ones_too_and_none_is_started_after_a_failure() {
        let (now, board) = (Instant::now(), Scoreboard::new(10, 0).unwrap());
        let mut crew = Crew::new(LIMITS, 10, &board, now);
        start(&mut crew, 5, now);
        let mut seats: Vec<_> = (0..5).map(|place| board.seat(place, 0, false)).collect();
        seats.iter_mut().for_each(Post::ready);
        seats.iter_mut().for_each(Post::busy);
        assert_eq!(crew.resize(-2), Some(3));
        assert_eq!(crew.resize(-2), None);
        assert_eq!(crew.turn(now), (2, 0));
        assert_eq!(crew.resize(2), Some(7));
        let failed = now + LONG;
        crew.failed(failed);
        assert_eq!(crew.turn(failed), (0, 0));
        assert_eq!(
            crew.next_turn(failed),
            Duration::ZERO.max(AFTER_FAILURE).min(LIMITS.check_for_waiting)
        );
        assert_eq!(crew.turn(failed + AFTER_FAILURE), (0, 1));
    }
}
