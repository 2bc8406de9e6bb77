//! The table of children that are alive: who sits where, and who was told to leave.
//!
//! Only children in the table are signalled or waited for. The kernel gives no number away before it
//! was waited for; as somebody else in this process may do that, it is asked before each signal.

use std::io;

use nix::libc;

use crate::sys::process::{self, End, Pid};
use crate::sys::signal::Signal;

use super::plan::Tally;
use super::scoreboard::{Doing, Scoreboard};

/// One child.
#[derive(Debug)]
struct Child {
    pid: Pid,
    /// The last signal that told it to leave.
    told: Option<Signal>,
}

/// A child that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) pid: Pid,
    pub(crate) end: End,
    /// The last signal that told it to leave.
    pub(crate) told: Option<Signal>,
    /// Whether it ever waited for a connection.
    pub(crate) was_ready: bool,
}

/// The children by their places on the scoreboard; `None` is a free one.
#[derive(Debug)]
pub(crate) struct Children(Vec<Option<Child>>);

impl Children {
    pub(crate) fn new(places: usize) -> Self {
        Self((0..places).map(|_| None).collect())
    }

    /// A place without a child.
    pub(crate) fn free_place(&self) -> Option<usize> {
        self.0.iter().position(Option::is_none)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// A new child sits there.
    pub(crate) fn seat(&mut self, place: usize, pid: Pid) {
        self.0[place] = Some(Child { pid, told: None });
    }

    /// How many there are, by what they do.
    pub(crate) fn tally(&self, board: &Scoreboard) -> Tally {
        let mut tally = Tally::default();
        for (place, child) in self.seated() {
            match (child.told, board.doing(place)) {
                (Some(_), _) => tally.leaving += 1,
                (_, Doing::Starting) => tally.starting += 1,
                (_, Doing::Idle) => tally.idle += 1,
                (_, Doing::Busy) => tally.busy += 1,
            }
        }
        tally
    }

    /// Tells up to `count` idle children to leave. One that has just become busy finishes first.
    pub(crate) fn retire(&mut self, count: usize, board: &Scoreboard) {
        let idle = |(place, child): &(usize, &mut Child)| {
            child.told.is_none() && board.doing(*place) == Doing::Idle
        };
        let seats = self.0.iter_mut().enumerate();
        let seated = seats.filter_map(|(place, child)| child.as_mut().map(|child| (place, child)));
        for (_, child) in seated.filter(idle).take(count) {
            child.tell(Signal::SIGTERM);
        }
    }

    /// Signals every child.
    pub(crate) fn signal_all(&mut self, signal: Signal) {
        for child in self.0.iter_mut().flatten() {
            child.tell(signal);
        }
    }

    /// Collects every child that has ended, and nobody else's. A look at `each` of them also finds
    /// those that somebody else has waited for, of whom the kernel says nothing.
    ///
    /// # Errors
    /// What the kernel says, which it does not of one's own children.
    pub(crate) fn reap(&mut self, board: &Scoreboard, each: bool) -> io::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        // A stranger in front, which a hook may wait for, hides those behind it.
        let mut hidden = each;
        while let (Some(pid), false) = (process::peek()?, hidden) {
            match self.place_of(pid) {
                Some(place) => ended.extend(self.collect(place, board)?),
                None => hidden = true,
            }
        }
        if hidden {
            let places: Vec<usize> = self.seated().map(|(place, _)| place).collect();
            for place in places {
                ended.extend(self.collect(place, board)?);
            }
        }
        Ok(ended)
    }

    fn collect(&mut self, place: usize, board: &Scoreboard) -> io::Result<Option<Ended>> {
        let Some(&Child { pid, told }) = self.0[place].as_ref() else {
            return Ok(None);
        };
        let Some(end) = process::reap(pid)? else {
            return Ok(None);
        };
        self.0[place] = None;
        board.vacate(place);
        Ok(Some(Ended { pid, end, told, was_ready: board.was_ready(place) }))
    }

    fn place_of(&self, pid: Pid) -> Option<usize> {
        self.seated().find(|(_, child)| child.pid == pid).map(|(place, _)| place)
    }

    fn seated(&self) -> impl Iterator<Item = (usize, &Child)> {
        let places = self.0.iter().enumerate();
        places.filter_map(|(place, child)| child.as_ref().map(|child| (place, child)))
    }
}

impl Child {
    fn tell(&mut self, signal: Signal) {
        self.told = Some(signal);
        match process::kill(self.pid, signal) {
            // Somebody else has waited for it, as the next look finds out.
            Err(err) if err.raw_os_error() == Some(libc::ESRCH) => {}
            Err(err) => log::warn!("cannot send {signal} to child {}: {err}", self.pid),
            Ok(()) => {}
        }
    }
}
