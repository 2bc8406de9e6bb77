//! What every child does at this moment, in memory that parent and children share.
//!
//! A slot has one writer at a time: the child that sits in it, and the parent while nobody does.
//! The slots are the truth. The count of idle children beside them is a hint that tells a child
//! when to wake the parent; a child that is killed leaves it wrong, and the parent sets it right at
//! every turn.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::SeqCst;

use crate::seat::Seat;
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
}

/// The numbers in a child's line: what it does, whether it ever waited for a connection, and how
/// many the children of that place have taken.
const DOING: usize = 0;
const WAS_READY: usize = 1;
const TAKEN: usize = 2;

/// The numbers in the line of the hint: about how many children are idle, and below how many the
/// child that leaves so few wakes the parent. It puts 0 there, so that the parent is woken once; 0
/// is also there while the parent could do nothing.
const IDLE: usize = 0;
const WAKE_BELOW: usize = 1;

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
    slots: SharedLines,
    /// One line.
    hint: SharedLines,
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
        let slots = SharedLines::new(size)?;
        let hint = SharedLines::new(1)?;
        let limit = usize::try_from(max_per_ip).unwrap_or(usize::MAX);
        let crowd = if limit > 0 { Some(Crowd::new(size, limit)?) } else { None };
        Ok(Self { slots, hint, crowd, wake, woken })
    }

    /// The end that is readable once a child wants the parent.
    pub(crate) fn woken(&self) -> &OwnedFd {
        &self.woken
    }

    /// Makes a slot ready for the next child.
    pub(crate) fn clear(&self, place: usize) {
        self.slots[place].number::<DOING>().store(Doing::Starting as i64, SeqCst);
        self.slots[place].number::<WAS_READY>().store(0, SeqCst);
    }

    /// The child of that slot is no more, and serves nobody.
    pub(crate) fn vacate(&self, place: usize) {
        if let Some(crowd) = &self.crowd {
            crowd.leave(place);
        }
    }

    pub(crate) fn doing(&self, place: usize) -> Doing {
        match self.slots[place].number::<DOING>().load(SeqCst) {
            0 => Doing::Starting,
            1 => Doing::Idle,
            _ => Doing::Busy,
        }
    }

    /// Whether the child of that slot ever waited for a connection.
    pub(crate) fn was_ready(&self, place: usize) -> bool {
        self.slots[place].number::<WAS_READY>().load(SeqCst) != 0
    }

    /// How many connections all children have taken so far.
    pub(crate) fn taken(&self) -> i64 {
        let each = self.slots.iter().map(|slot| slot.number::<TAKEN>().load(SeqCst));
        each.fold(0, i64::wrapping_add)
    }

    /// Sets the hint right by the slots, where `idle` counts those who are idle.
    ///
    /// Children change meanwhile: a count is only believed if no child did while it was made. One
    /// that is half way through is counted as busy, so that the hint errs towards waking the parent
    /// too soon; too late it would not be woken at all.
    pub(crate) fn correct_hint(&self, idle: impl Fn() -> usize) {
        const TRIES: usize = 8;
        let hint = self.hint[0].number::<IDLE>();
        for _ in 0..TRIES {
            let seen = hint.load(SeqCst);
            let wrong_by = i64::try_from(idle()).unwrap_or(i64::MAX) - idle_of(seen);
            if hint.compare_exchange(seen, seen + wrong_by, SeqCst, SeqCst).is_ok() {
                return;
            }
        }
        // So busy a pool wakes the parent soon enough.
    }

    /// From here on the child that leaves fewer than `idle` idle ones wakes the parent.
    pub(crate) fn wake_below(&self, idle: usize) {
        let idle = i64::try_from(idle).unwrap_or(i64::MAX);
        self.hint[0].number::<WAKE_BELOW>().store(idle, SeqCst);
    }

    /// The place of the calling child, which serves `max_requests` connections (0: no limit).
    pub(crate) fn seat(&self, place: usize, max_requests: u32) -> PoolSeat<'_> {
        PoolSeat { board: self, place, slot: &self.slots[place], max_requests, served: 0 }
    }

    fn wake_parent(&self) {
        // A full pipe has woken it already, and nobody else is told when there is no parent.
        let _ = descriptor::write(&self.wake, b"!");
    }
}

/// A child's own place.
#[derive(Debug)]
pub(crate) struct PoolSeat<'a> {
    board: &'a Scoreboard,
    place: usize,
    slot: &'a Line,
    max_requests: u32,
    served: u32,
}

impl PoolSeat<'_> {
    /// The child could not go on: that it once was ready is no sign that the next one will be.
    pub(crate) fn failed(&self) {
        self.slot.number::<WAS_READY>().store(0, SeqCst);
    }

    fn is_idle(&self) {
        self.board.hint[0].number::<IDLE>().fetch_add(CHANGE + 1, SeqCst);
        self.slot.number::<DOING>().store(Doing::Idle as i64, SeqCst);
    }
}

impl Seat for PoolSeat<'_> {
    fn ready(&mut self) {
        self.slot.number::<WAS_READY>().store(1, SeqCst);
        self.is_idle();
        // The parent's threshold took this child for one that is still starting.
        self.board.wake_parent();
    }

    fn busy(&mut self) {
        // The slot first, then the hint; the other way round when it is idle again.
        self.slot.number::<DOING>().store(Doing::Busy as i64, SeqCst);
        self.slot.number::<TAKEN>().fetch_add(1, SeqCst);
        let hint = &self.board.hint[0];
        let idle = idle_of(hint.number::<IDLE>().fetch_add(CHANGE - 1, SeqCst)) - 1;
        let line = hint.number::<WAKE_BELOW>();
        if idle < line.load(SeqCst) && line.swap(0, SeqCst) > 0 {
            self.board.wake_parent();
        }
    }

    fn admits(&mut self, address: IpAddr) -> bool {
        self.board.crowd.as_ref().is_none_or(|crowd| crowd.admits(self.place, address))
    }

    fn idle(&mut self) -> bool {
        self.board.vacate(self.place);
        self.served = self.served.saturating_add(1);
        if self.max_requests > 0 && self.served >= self.max_requests {
            return false;
        }
        self.is_idle();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn woken(board: &Scoreboard) -> usize {
        let mut bytes = [0; 64];
        descriptor::read(board.woken(), &mut bytes).unwrap_or(0)
    }

    #[test]
    fn the_child_that_crosses_the_line_wakes_once() {
        let board = Scoreboard::new(3, 0).unwrap();
        let mut seats: Vec<_> = (0..3).map(|place| board.seat(place, 0)).collect();
        seats.iter_mut().for_each(PoolSeat::ready);
        assert_eq!(woken(&board), 3);
        board.wake_below(2);
        seats[0].busy();
        assert_eq!(woken(&board), 0);
        seats[1].busy();
        assert_eq!(woken(&board), 1);
        seats[2].busy();
        assert_eq!(woken(&board), 0, "woken once until the parent asks again");
        assert_eq!(board.taken(), 3);
        assert_eq!(board.doing(2), Doing::Busy);
        assert!(seats[2].idle());
        assert_eq!(board.doing(2), Doing::Idle);
    }

    #[test]
    fn a_count_is_not_believed_where_changes_make_up_for_each_other() {
        let board = Scoreboard::new(2, 0).unwrap();
        let mut seats: Vec<_> = (0..2).map(|place| board.seat(place, 0)).collect();
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
        assert_eq!(idle_of(board.hint[0].number::<IDLE>().load(SeqCst)), 1);
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
        board.seat(0, 0).ready();
        board.correct_hint(|| 5);
        board.wake_below(5);
        board.seat(0, 0).busy();
        assert_eq!(woken(&board), 2, "one at ready, one below five");
    }

    #[test]
    fn a_seat_has_enough_after_max_requests() {
        let board = Scoreboard::new(1, 0).unwrap();
        let mut seat = board.seat(0, 2);
        assert!(seat.idle());
        assert!(!seat.idle());
    }

    #[test]
    fn a_client_counts_until_its_child_is_idle_or_gone() {
        let board = Scoreboard::new(3, 1).unwrap();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut seats: Vec<_> = (0..3).map(|place| board.seat(place, 1)).collect();
        assert!(seats[0].admits(one));
        assert!(!seats[1].admits(one));
        assert!(seats[1].admits(other));
        assert!(!seats[0].idle(), "it has served enough");
        assert!(seats[2].admits(one));
        // Somebody killed it.
        board.vacate(2);
        assert!(seats[0].admits(one));
    }

    #[test]
    fn without_a_limit_nobody_is_counted() {
        let board = Scoreboard::new(1, 0).unwrap();
        assert!(board.crowd.is_none());
        assert!(board.seat(0, 0).admits(IpAddr::from([192, 0, 2, 1])));
    }
}
