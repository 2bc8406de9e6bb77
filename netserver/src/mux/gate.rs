//! The listeners of a loop: which of them have clients, and which are to be left alone for a while.
//!
//! They are in a set of their own, which is in the one that the loop waits on. A stop puts something else
//! over their numbers, and the kernel would go on to tell of the listeners themselves as long as anybody
//! has them; it does no longer once their set is closed.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::listener::Listener;
use crate::proto::{AcceptFault, Pauses, cannot_accept, say_over, say_short};
use crate::sys::poll::{Events, PollSet};
use crate::sys::{descriptor, ends, signal};

/// The most that are accepted at one listener before others have their turn.
const BURST: usize = 16;

/// All listeners of a loop.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    listeners: Vec<&'a Listener>,
    doors: Vec<Door>,
    /// None once nobody is let in any more.
    set: Option<PollSet>,
    events: Events,
    keeps: bool,
}

/// How one of them fares.
#[derive(Debug, Clone, Copy)]
struct Door {
    /// How many clients it is expected to have.
    burst: usize,
    /// How long it is left alone where a client cannot be taken.
    pauses: Pauses,
    /// Until when it is.
    until: Option<Instant>,
}

impl<'a> Gate<'a> {
    /// # Errors
    /// Where there is no descriptor left; and where a stop has taken a listener away.
    pub(super) fn new(listeners: Vec<&'a Listener>) -> io::Result<Self> {
        let set = PollSet::new()?;
        for (place, listener) in (0..).zip(&listeners) {
            // Whoever came may have gone again.
            listener.set_waiting(false)?;
            set.add(listener, place)?;
        }
        let door = Door { burst: 1, pauses: Pauses::default(), until: None };
        let (doors, events) = (vec![door; listeners.len()], Events::new(listeners.len().max(1)));
        let keeps = listeners.iter().any(|listener| listener.proto().kept().is_some());
        Ok(Self { listeners, doors, set: Some(set), events, keeps })
    }

    /// What is ready where any listener is.
    pub(super) fn set(&self) -> Option<&impl AsFd> {
        self.set.as_ref()
    }

    pub(super) fn is_open(&self) -> bool {
        self.set.is_some()
    }

    /// Nobody is let in any more.
    pub(super) fn close(&mut self) {
        self.set = None;
    }

    /// Whether it has what packets are answered by.
    pub(super) fn keeps_addresses(&self) -> bool {
        self.keeps
    }

    /// Lets go of what packets are answered by, once none is to be: it would keep their addresses, though a stop
    /// has taken the listeners.
    pub(super) fn free(&mut self) {
        self.keeps = false;
        for kept in self.listeners.iter().filter_map(|listener| listener.proto().kept()) {
            // It fails where the kernel has no memory for it, and goes with this process then.
            let _ = ends::with_null(|null| descriptor::put_over(kept, &null));
        }
    }

    pub(super) fn listener(&self, place: usize) -> Option<&'a Listener> {
        self.listeners.get(place).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.listeners.len()
    }

    /// The listeners that have clients.
    ///
    /// # Errors
    /// Where waiting fails.
    pub(super) fn look(&mut self, ready: &mut Vec<usize>) -> io::Result<()> {
        ready.clear();
        let Some(set) = &self.set else { return Ok(()) };
        if let [only] = &self.doors[..] {
            // The set has told of no other.
            if only.until.is_none() {
                ready.push(0);
            }
            return Ok(());
        }
        set.wait_for_many(&mut self.events, Some(Duration::ZERO))?;
        let numbers = (0..).map_while(|at| self.events.get(at)).map(|event| event.number);
        ready.extend(numbers.filter_map(|number| usize::try_from(number).ok()));
        Ok(())
    }

    /// How many are to be accepted now at the listener of that place.
    pub(super) fn burst(&self, place: usize) -> usize {
        self.doors.get(place).map_or(0, |door| door.burst)
    }

    /// So many were, of as many as were to be: a call that finds nobody is one too many, and clients that
    /// come many at a time are to be taken so.
    pub(super) fn took(&mut self, place: usize, count: usize) {
        if let Some(door) = self.doors.get_mut(place) {
            let all = count >= door.burst;
            door.burst = if all { (door.burst * 2).min(BURST) } else { count.max(1) };
            if count > 0 && door.pauses.end() {
                say_over();
            }
        }
    }

    /// Leaves a listener alone for a while, whose client could not be taken.
    pub(super) fn is_short(&mut self, place: usize, err: &io::Error, now: Instant) {
        let (Some(door), Some(set)) = (self.doors.get_mut(place), &self.set) else { return };
        if !door.pauses.go_on() {
            say_short(err);
        }
        door.until = now.checked_add(door.pauses.next());
        if let Some(listener) = self.listeners.get(place) {
            // It fails where a stop has taken it away, which is seen next.
            let _ = set.remove(*listener);
        }
    }

    /// When the next one has been left alone for long enough.
    pub(super) fn next(&self) -> Option<Instant> {
        let untils = self.doors.iter().filter_map(|door| door.until);
        untils.min().filter(|_| self.set.is_some())
    }

    /// Goes on with those that have been left alone for long enough, and tells which they are.
    ///
    /// # Errors
    /// Where the kernel has no memory for that.
    pub(super) fn go_on(&mut self, now: Instant, resumed: &mut Vec<usize>) -> io::Result<()> {
        resumed.clear();
        let Some(set) = &self.set else { return Ok(()) };
        if self.next().is_none_or(|next| next > now) {
            return Ok(());
        }
        for ((door, listener), place) in self.doors.iter_mut().zip(&self.listeners).zip(0..) {
            if door.until.is_some_and(|until| until <= now) {
                door.until = None;
                resumed.push(place);
                let added = set.add(*listener, place as u64);
                // A stop may have taken it away.
                if signal::accepts() {
                    added?;
                }
            }
        }
        Ok(())
    }
}

/// What becomes of an accept that has failed.
pub(super) enum Fault {
    /// Nobody is there.
    Nobody,
    /// It is to be tried again at once.
    Again,
    /// It is to be tried again later.
    Short,
}

/// # Errors
/// Where the listener is none.
pub(super) fn fault(err: &io::Error) -> Result<Fault> {
    match AcceptFault::of(err) {
        AcceptFault::Again if err.kind() == io::ErrorKind::WouldBlock => Ok(Fault::Nobody),
        AcceptFault::Again => Ok(Fault::Again),
        AcceptFault::Short => Ok(Fault::Short),
        // A stop has taken it away.
        AcceptFault::Broken if !signal::accepts() => Ok(Fault::Nobody),
        AcceptFault::Broken => Err(cannot_accept(err)),
    }
}
