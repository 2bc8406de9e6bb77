//! What every child does at this moment, in memory that parent and children share.
//!
//! A slot has one writer at a time: the child that sits in it, and the parent while nobody does.
//! The slots are the truth. The count of idle children beside them is a hint that tells a child
//! when to wake the parent; a child that is killed leaves it wrong, and the parent sets it right at
//! every turn.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::seat::{Counter, Post, Seat, TAKEN, Timer, UNTIL};
use crate::sys::descriptor;
use crate::sys::memory::{Line, SharedLines};

use super::crowd::Crowd;

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Doing {
    /// It was forked and prepares itself. Zero: what a fresh slot holds.
    Starting = 0,
    /// It waits for a connection.
    Idle = 1,
    /// It serves one.
    Busy = 2,
    /// It is about to leave, and does nothing more.
    Gone = 3,
    /// It leaves once those are served that it has already, several at a time.
    Finishing = 4,
}

/// The numbers in a child's line: what it does, whether it ever waited for a connection, how many the
/// children of that place have taken ([`TAKEN`]), until when it may serve one ([`UNTIL`]), whether it has
/// served as many as it should, whether it left by itself, as it should, and whether it could not take the
/// client that it was woken for.
const DOING: usize = 0;
const WAS_READY: usize = 1;
const DUE: usize = 4;
const LEFT: usize = 5;
const UNABLE: usize = 6;
/// It asks for another that does; the parent has heard that.
const ASKS: i64 = 1;
const HEARD: i64 = 2;

/// The numbers in the line of the hint: about how many children are idle, and below how many the
/// child that leaves so few wakes the parent. It puts 0 there, so that the parent is woken once; 0
/// is also there while the parent could do nothing.
const IDLE: usize = 0;
const WAKE_BELOW: usize = 1;
/// By how many more than the options say, or fewer, a child that serves several at a time is to.
const MORE: usize = 2;

/// The hint's idle children are the lower half of their number; each change of it also adds one to
/// the upper half, so that two changes that make up for each other are seen all the same.
const CHANGE: i64 = 1 << 32;

fn idle_of(hint: i64) -> i64 {
    let [_, _, _, _, low @ ..] = hint.to_be_bytes();
    i32::from_be_bytes(low).into()
}

/// The slots, the hint, and the pipe that wakes the parent.
#[derive(Debug)]
pub(crate) struct Scoreboard {
    /// The hint, and one line for each slot behind it, on the same page as the first of them.
    lines: Arc<SharedLines>,
    /// Whom they serve, where that is limited.
    crowd: Option<Crowd>,
    /// Children write, the parent reads. Neither end blocks.
    wake: OwnedFd,
    woken: OwnedFd,
}

impl Scoreboard {
    /// Room for `size` children, of whom `max_per_ip` may serve the same client (0: no limit).
    ///
    /// # Errors
    /// Where there is no memory or no descriptor.
    pub(crate) fn new(size: usize, max_per_ip: u32) -> io::Result<Self> {
        let (woken, wake) = descriptor::pipe()?;
        let lines = Arc::new(SharedLines::new(size.saturating_add(1))?);
        let limit = usize::try_from(max_per_ip).unwrap_or(usize::MAX);
        let crowd = if limit > 0 { Some(Crowd::new(size, limit)?) } else { None };
        Ok(Self { lines, crowd, wake, woken })
    }

    #[inline]
    fn hint(&self) -> &Line {
        &self.lines[0]
    }

    #[inline]
    fn slot(&self, place: usize) -> &Line {
        &self.lines[slot_of(place)]
    }

    /// The end that is readable once a child wants the parent.
    pub(crate) fn woken(&self) -> &OwnedFd {
        &self.woken
    }

    /// The end that children write to.
    pub(crate) fn wake(&self) -> &OwnedFd {
        &self.wake
    }

    /// Makes a slot ready for the next child.
    pub(crate) fn clear(&self, place: usize) {
        if let Some(crowd) = &self.crowd {
            crowd.seat(place);
        }
        let slot = self.slot(place);
        slot.number::<DOING>().store(Doing::Starting as i64, SeqCst);
        slot.number::<WAS_READY>().store(0, SeqCst);
        slot.number::<DUE>().store(0, SeqCst);
        slot.number::<LEFT>().store(0, SeqCst);
        slot.number::<UNABLE>().store(0, SeqCst);
    }

    /// Makes a slot ready for a child that serves one connection, which is there already.
    pub(crate) fn occupy(&self, place: usize) {
        self.clear(place);
        let slot = self.slot(place);
        slot.number::<WAS_READY>().store(1, SeqCst);
        begin(slot);
    }

    /// The child of that slot is no more, and serves nobody.
    pub(crate) fn vacate(&self, place: usize) {
        if let Some(crowd) = &self.crowd {
            crowd.leave(place);
        }
    }

    pub(crate) fn doing(&self, place: usize) -> Doing {
        match self.slot(place).number::<DOING>().load(SeqCst) {
            0 => Doing::Starting,
            1 => Doing::Idle,
            3 => Doing::Gone,
            4 => Doing::Finishing,
            // Or whatever a child that is not itself any more has put there.
            _ => Doing::Busy,
        }
    }

    /// Until when, by the time that only goes on, the child of that slot may serve its connection; `None`
    /// where it serves none, or has no such limit.
    pub(crate) fn busy_until(&self, place: usize) -> Option<i64> {
        let until = self.slot(place).number::<UNTIL>().load(SeqCst);
        (until > 0 && self.doing(place) == Doing::Busy).then_some(until)
    }

    /// Whether the child of that slot has served as many connections as it should.
    pub(crate) fn is_due(&self, place: usize) -> bool {
        self.slot(place).number::<DUE>().load(SeqCst) != 0
    }

    /// Whether the child of that slot left by itself, as it should.
    pub(crate) fn has_left(&self, place: usize) -> bool {
        self.slot(place).number::<LEFT>().load(SeqCst) != 0
    }

    /// How many connections the children of that slot have taken.
    pub(crate) fn taken_at(&self, place: usize) -> i64 {
        self.slot(place).number::<TAKEN>().load(SeqCst)
    }

    /// Whether a child of the first `places` slots asks for another, since it was last looked.
    pub(crate) fn takes_asked(&self, places: usize) -> bool {
        let asked = |place: &usize| {
            let unable = self.slot(*place).number::<UNABLE>();
            unable.compare_exchange(ASKS, HEARD, SeqCst, SeqCst).is_ok()
        };
        (0..places).filter(asked).count() > 0
    }

    /// Whether the child of that slot was the last time unable to take a client.
    pub(crate) fn is_unable(&self, place: usize) -> bool {
        self.slot(place).number::<UNABLE>().load(SeqCst) != 0
    }

    /// Whether the child of that slot ever waited for a connection.
    pub(crate) fn was_ready(&self, place: usize) -> bool {
        self.slot(place).number::<WAS_READY>().load(SeqCst) != 0
    }

    /// How many connections the children of the first `places` slots have taken so far.
    pub(crate) fn taken(&self, places: usize) -> i64 {
        (0..places).map(|place| self.taken_at(place)).fold(0, i64::wrapping_add)
    }

    /// Sets the hint right by the slots, where `idle` counts those who are idle.
    ///
    /// Children change meanwhile: a count is only believed if no child did while it was made. One
    /// that is half way through is counted as busy, so that the hint errs towards waking the parent
    /// too soon; too late it would not be woken at all.
    pub(crate) fn correct_hint(&self, idle: impl Fn() -> usize) {
        const TRIES: usize = 8;
        let hint = self.hint().number::<IDLE>();
        for _ in 0..TRIES {
            let seen = hint.load(SeqCst);
            let wrong_by = i64::try_from(idle()).unwrap_or(i64::MAX) - idle_of(seen);
            // Whatever is there: a child that is not itself any more can write to it.
            let right = seen.wrapping_add(wrong_by);
            if hint.compare_exchange(seen, right, SeqCst, SeqCst).is_ok() {
                return;
            }
        }
        // So busy a pool wakes the parent soon enough.
    }

    /// From here on the child that leaves fewer than `idle` idle ones wakes the parent.
    pub(crate) fn wake_below(&self, idle: usize) {
        let idle = i64::try_from(idle).unwrap_or(i64::MAX);
        self.hint().number::<WAKE_BELOW>().store(idle, SeqCst);
    }

    /// From here on a child that serves several at a time is to serve so many more, or fewer.
    pub(crate) fn want_more(&self, by: isize) {
        self.hint().number::<MORE>().store(i64::try_from(by).unwrap_or_default(), SeqCst);
    }

    /// The place of the calling child, which is due after `max_requests` connections (0: never);
    /// `watched` tells whether it says until when it may serve one.
    pub(crate) fn seat(&self, place: usize, max_requests: u32, watched: bool) -> PoolSeat<'_> {
        let one = self.seat_of_one(place, watched);
        PoolSeat { one, slot: self.slot(place), max_requests, served: 0 }
    }

    /// The place of the calling child, which serves the one connection that it was forked for.
    pub(crate) fn seat_of_one(&self, place: usize, watched: bool) -> OneSeat<'_> {
        OneSeat { board: self, place, watched }
    }

    /// The calling child leaves, as it should or not.
    #[inline]
    pub(crate) fn leave(&self, place: usize, as_it_should: bool) {
        self.slot(place).number::<LEFT>().store(i64::from(as_it_should), SeqCst);
        self.slot(place).number::<DOING>().store(Doing::Gone as i64, SeqCst);
    }

    /// Whether one more connection of that client may be served in that slot.
    #[inline]
    fn admits(&self, place: usize, address: IpAddr) -> bool {
        self.crowd.as_ref().is_none_or(|crowd| crowd.admits(place, address))
    }

    fn timer(&self, place: usize) -> Timer {
        Timer::new(&self.lines, slot_of(place))
    }

    /// A child is idle no more: who leaves too few wakes the parent.
    #[inline]
    fn one_idle_less(&self) {
        let idle = idle_of(self.hint().number::<IDLE>().fetch_add(CHANGE - 1, SeqCst)) - 1;
        let line = self.hint().number::<WAKE_BELOW>();
        if idle < line.load(SeqCst) && line.swap(0, SeqCst) > 0 {
            self.wake_parent();
        }
    }

    /// Has whoever waits at the other end of the pipe look.
    pub(crate) fn wake_parent(&self) {
        // A full pipe has woken it already, and nobody else is told when there is no parent.
        let _ = descriptor::write(&self.wake, b"!");
    }
}

/// Where the slot of a place is among the lines.
const fn slot_of(place: usize) -> usize {
    place + 1
}

/// A child's own place.
#[derive(Debug)]
pub(crate) struct PoolSeat<'a> {
    one: OneSeat<'a>,
    slot: &'a Line,
    max_requests: u32,
    served: u32,
}

/// A connection begins in that slot.
#[inline]
fn begin(slot: &Line) {
    slot.number::<UNTIL>().store(0, Relaxed);
    slot.number::<UNABLE>().store(0, Relaxed);
    slot.number::<DOING>().store(Doing::Busy as i64, SeqCst);
    slot.number::<TAKEN>().fetch_add(1, SeqCst);
}

impl PoolSeat<'_> {
    /// The child could not go on: that it once was ready is no sign that the next one will be.
    pub(crate) fn failed(&self) {
        self.slot.number::<WAS_READY>().store(0, SeqCst);
    }

    #[inline]
    fn is_idle(&self) {
        self.one.board.hint().number::<IDLE>().fetch_add(CHANGE + 1, SeqCst);
        self.slot.number::<DOING>().store(Doing::Idle as i64, SeqCst);
    }
}

impl<'a> Post for PoolSeat<'a> {
    type Seat = OneSeat<'a>;

    #[inline]
    fn seat(&mut self) -> &mut OneSeat<'a> {
        &mut self.one
    }

    #[inline]
    fn ready(&mut self) {
        self.slot.number::<WAS_READY>().store(1, SeqCst);
        self.is_idle();
        // The parent's threshold took this child for one that is still starting.
        self.one.board.wake_parent();
    }

    #[inline]
    fn busy(&mut self) {
        // The slot first, then the hint; the other way round when it is idle again.
        begin(self.slot);
        self.one.board.one_idle_less();
    }

    #[inline]
    fn idle(&mut self) -> bool {
        self.served = self.served.saturating_add(1);
        if self.max_requests > 0 && self.served == self.max_requests {
            // It serves on until the parent, which first sees to another, tells it to leave.
            self.slot.number::<DUE>().store(1, SeqCst);
            self.one.board.wake_parent();
        }
        self.is_idle();
        true
    }

    fn finishing(&mut self) {
        self.slot.number::<DOING>().store(Doing::Finishing as i64, SeqCst);
        // Where it was not told to, another is to take its place at once.
        self.one.board.wake_parent();
    }

    fn gone(&mut self) {
        // Its last hook may take long, and nobody is to count on it meanwhile.
        self.slot.number::<DOING>().store(Doing::Gone as i64, SeqCst);
        self.one.board.one_idle_less();
    }

    fn cannot_take(&self) {
        self.slot.number::<UNABLE>().store(ASKS, SeqCst);
        self.one.board.wake_parent();
    }

    fn parent(&self) -> Option<&OwnedFd> {
        Some(self.one.board.wake())
    }

    /// Its parent is, who sees to it.
    #[inline]
    fn is_watched(&self) -> bool {
        false
    }

    fn more(&self) -> isize {
        isize::try_from(self.one.board.hint().number::<MORE>().load(SeqCst)).unwrap_or_default()
    }

    fn counter(&self) -> Option<Counter> {
        Some(Counter::new(&self.one.board.lines, slot_of(self.one.place)))
    }
}

/// The place of a child that serves one connection.
#[derive(Debug)]
pub(crate) struct OneSeat<'a> {
    board: &'a Scoreboard,
    place: usize,
    watched: bool,
}

impl Seat for OneSeat<'_> {
    #[inline]
    fn admits(&mut self, address: IpAddr) -> bool {
        self.board.admits(self.place, address)
    }

    #[inline]
    fn release(&mut self) {
        self.board.vacate(self.place);
    }

    #[inline]
    fn timer(&self) -> Option<Timer> {
        self.watched.then(|| self.board.timer(self.place))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sys::clock;

    fn woken(board: &Scoreboard) -> usize {
        let mut bytes = [0; 64];
        descriptor::read(board.woken(), &mut bytes).unwrap_or(0)
    }

    #[test]
    fn the_child_that_crosses_the_line_wakes_once() {
        let board = Scoreboard::new(3, 0).unwrap();
        let mut seats: Vec<_> = (0..3).map(|place| board.seat(place, 0, false)).collect();
        seats.iter_mut().for_each(PoolSeat::ready);
        assert_eq!(woken(&board), 3);
        board.wake_below(2);
        seats[0].busy();
        assert_eq!(woken(&board), 0);
        seats[1].busy();
        assert_eq!(woken(&board), 1);
        seats[2].busy();
        assert_eq!(woken(&board), 0, "woken once until the parent asks again");
        assert_eq!(board.taken(3), 3);
        assert_eq!(board.doing(2), Doing::Busy);
        assert!(seats[2].idle());
        assert_eq!(board.doing(2), Doing::Idle);
    }

    #[test]
    fn nobody_counts_on_a_child_that_leaves() {
        let board = Scoreboard::new(2, 0).unwrap();
        let mut seats: Vec<_> = (0..2).map(|place| board.seat(place, 0, false)).collect();
        seats.iter_mut().for_each(PoolSeat::ready);
        woken(&board);
        board.wake_below(2);
        // Told while it served, it was idle for a moment.
        seats[0].gone();
        assert_eq!((board.doing(0), woken(&board)), (Doing::Gone, 1));
        assert_eq!(idle_of(board.hint().number::<IDLE>().load(SeqCst)), 1);
    }

    #[test]
    fn a_child_asks_once_and_is_unable_until_it_serves_again() {
        let board = Scoreboard::new(2, 0).unwrap();
        let mut seat = board.seat(1, 0, false);
        assert!(!board.takes_asked(2) && !board.is_unable(1));
        seat.cannot_take();
        assert_eq!((woken(&board), board.takes_asked(2), board.takes_asked(2)), (1, true, false));
        assert!(board.is_unable(1));
        seat.busy();
        assert!(!board.is_unable(1));
    }

    #[test]
    fn a_count_is_not_believed_where_changes_make_up_for_each_other() {
        let board = Scoreboard::new(2, 0).unwrap();
        let mut seats: Vec<_> = (0..2).map(|place| board.seat(place, 0, false)).collect();
        seats.iter_mut().for_each(PoolSeat::ready);
        seats[0].busy();
        let seats = std::cell::RefCell::new(seats);
        let counts = std::cell::Cell::new(0);
        board.correct_hint(|| {
            counts.set(counts.get() + 1);
            if counts.get() == 1 {
                seats.borrow_mut()[1].busy();
                seats.borrow_mut()[0].idle();
                return 2;
            }
            1
        });
        assert_eq!(counts.get(), 2, "counted again");
        assert_eq!(idle_of(board.hint().number::<IDLE>().load(SeqCst)), 1);
    }

    #[test]
    fn a_half_of_a_number_may_be_negative() {
        assert_eq!(idle_of(0), 0);
        assert_eq!(idle_of(5 * CHANGE + 7), 7);
        assert_eq!(idle_of(5 * CHANGE - 1), -1);
        assert_eq!(idle_of(-CHANGE - 3), -3);
    }

    #[test]
    fn the_hint_is_set_right() {
        let board = Scoreboard::new(1, 0).unwrap();
        board.seat(0, 0, false).ready();
        board.correct_hint(|| 5);
        board.wake_below(5);
        board.seat(0, 0, false).busy();
        assert_eq!(woken(&board), 2, "one at ready, one below five");
    }

    #[test]
    fn a_seat_is_due_after_max_requests_and_says_so_once() {
        let board = Scoreboard::new(1, 0).unwrap();
        let mut seat = board.seat(0, 2, false);
        for (due, wakes) in [(false, 0), (true, 1), (true, 0)] {
            assert!(seat.idle(), "it serves on");
            assert_eq!((board.is_due(0), woken(&board)), (due, wakes));
        }
        board.clear(0);
        assert!(!board.is_due(0));
    }

    #[test]
    fn a_child_says_until_when_it_may_serve_where_that_is_watched() {
        let board = Scoreboard::new(1, 0).unwrap();
        assert!(board.seat(0, 0, false).seat().timer().is_none());
        let mut seat = board.seat(0, 0, true);
        let timer = seat.seat().timer().unwrap();
        seat.ready();
        seat.busy();
        assert_eq!(board.busy_until(0), None);
        let before = clock::monotonic();
        timer.ends_in(Some(Duration::from_secs(1)));
        let until = board.busy_until(0).unwrap() - 1_000_000_000;
        assert!((before..=clock::monotonic()).contains(&until));
        timer.ends_in(None);
        assert_eq!(board.busy_until(0), None);
        timer.ends_in(Some(Duration::MAX));
        assert_eq!(board.busy_until(0), Some(i64::MAX));
        seat.idle();
        seat.busy();
        assert_eq!(board.busy_until(0), None, "the next one has its own");
        board.leave(0, true);
        assert!(board.has_left(0));
        assert_eq!(board.doing(0), Doing::Gone);
    }

    #[test]
    fn a_client_counts_until_it_is_released_or_its_child_is_gone() {
        let board = Scoreboard::new(3, 1).unwrap();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        (0..3).for_each(|place| board.clear(place));
        let mut seats: Vec<_> = (0..3).map(|place| board.seat(place, 1, false)).collect();
        assert!(seats[0].seat().admits(one));
        assert!(!seats[1].seat().admits(one));
        assert!(seats[1].seat().admits(other));
        seats[0].seat().release();
        assert!(seats[2].seat().admits(one));
        // Somebody killed it.
        board.vacate(2);
        assert!(seats[0].seat().admits(one));
    }

    #[test]
    fn without_a_limit_nobody_is_counted() {
        let board = Scoreboard::new(1, 0).unwrap();
        assert!(board.crowd.is_none());
        assert!(board.seat(0, 0, false).seat().admits(IpAddr::from([192, 0, 2, 1])));
    }
}
