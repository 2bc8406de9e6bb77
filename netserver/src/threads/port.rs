//! Where the threads of one process wait for their next connections.
//!
//! With one listener each blocks in accept, and the kernel wakes one for each connection. With several they
//! wait by one set of all listeners, and whoever comes late finds nobody. That set is not one of those
//! that are woken alone: another process with the same listeners hears of each client as well, so none is
//! lost that this one was woken for and does not take as it stops.
//!
//! A stop takes listeners and set away, which ends every call that is made from then on. Calls that were
//! made before go on, and whoever is in one has to be woken.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use super::crew::Mate;
use crate::acceptor::Arrival;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::listener::{Listener, Listeners};
use crate::proto::{AcceptFault, Pauses, cannot_accept, say_over, say_short};
use crate::sys::poll::{self, Direction, PollSet, Woken};
use crate::sys::signal;

/// What all threads wait by.
#[derive(Debug)]
pub(super) struct Port<'a> {
    listeners: Vec<&'a Listener>,
    /// Some where there are several, which are known there by their places.
    set: Option<PollSet>,
    /// How many threads lack something to accept by.
    short: AtomicUsize,
}

const CANNOT_WAIT: &str = "cannot wait for clients";

impl<'a> Port<'a> {
    /// # Errors
    /// Where the kernel has no descriptor left for it.
    pub(super) fn new(listeners: &'a Listeners) -> Result<Self> {
        let listeners: Vec<_> = listeners.iter().collect();
        let set = (listeners.len() > 1).then(|| set_of(&listeners)).transpose();
        let set = set.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        Ok(Self { listeners, set, short: AtomicUsize::new(0) })
    }

    /// What a stop takes away beside the listeners.
    pub(super) fn set(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.set.iter().map(AsFd::as_fd)
    }

    /// The listener that may have a client, once there is one; `None` where it is to be looked again.
    #[inline]
    fn ready(&self) -> Result<Option<&'a Listener>> {
        let Some(set) = &self.set else {
            return Ok(self.listeners.first().copied());
        };
        match set.wait(None) {
            Ok(place) => {
                let place = place.and_then(|place| usize::try_from(place).ok());
                Ok(place.and_then(|place| self.listeners.get(place)).copied())
            }
            // A stop has taken it away.
            Err(_) if !signal::accepts() => Ok(None),
            Err(err) => Err(Error::because(CANNOT_WAIT, err)),
        }
    }
}

fn set_of(listeners: &[&Listener]) -> io::Result<PollSet> {
    let set = PollSet::new()?;
    for (place, listener) in (0..).zip(listeners) {
        // Another thread may take what woke this one.
        listener.set_waiting(false)?;
        set.add(listener, place)?;
    }
    Ok(set)
}

/// How one thread gets its connections.
#[derive(Debug)]
pub(super) struct Door<'a> {
    port: &'a Port<'a>,
    mate: &'a Mate,
    /// How long it waits for want of something.
    pauses: Pauses,
}

impl<'a> Door<'a> {
    pub(super) fn new(port: &'a Port<'a>, mate: &'a Mate) -> Self {
        Self { port, mate, pauses: Pauses::default() }
    }

    /// The next connection; `None` once this thread or the process was told to leave. What was accepted is
    /// always handed out: that is looked at before. What a datagram holds is in the buffers then.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    #[inline]
    pub(super) fn accept(&mut self, buffers: &mut Buffers) -> Result<Option<Arrival<'a>>> {
        buffers.clear();
        while signal::accepts() && !self.mate.is_told() {
            let Some(listener) = self.port.ready()? else { continue };
            match listener.accept(buffers) {
                Ok(accepted) => {
                    self.is_open();
                    return Ok(Some(Arrival::at(listener, accepted)));
                }
                Err(err) => self.look_at(listener, &err)?,
            }
        }
        Ok(None)
    }

    /// What becomes of an accept that failed.
    #[cold]
    fn look_at(&mut self, listener: &Listener, err: &io::Error) -> Result<()> {
        match AcceptFault::of(err) {
            AcceptFault::Again => {
                // It had waited for long, or a process that is not itself any more has turned that for all.
                if self.port.set.is_none() && err.kind() == io::ErrorKind::WouldBlock {
                    // Where a stop has taken it away that is seen next.
                    let _ = listener.set_waiting(true);
                }
                Ok(())
            }
            AcceptFault::Short if self.waits_for_nobody(listener)? => Ok(()),
            AcceptFault::Short => self.wait(err),
            // A stop has taken it away.
            AcceptFault::Broken if !signal::accepts() => Ok(()),
            AcceptFault::Broken => Err(cannot_accept(err)),
        }
    }

    /// Every thread that waits in accept has the descriptor of its next client already. One that gets none has
    /// no client waiting for it, where nobody is there: then it waits for one without.
    fn waits_for_nobody(&mut self, listener: &Listener) -> Result<bool> {
        let wait = |limit| poll::ready(listener, Direction::Read, limit);
        if self.port.set.is_some() || wait(Some(Duration::ZERO))? != Woken::Time {
            return Ok(false);
        }
        self.is_open();
        wait(None)?;
        Ok(true)
    }

    /// Waits, longer each time. That has one line when the first thread does, and one when the last has
    /// what it needs.
    fn wait(&mut self, err: &io::Error) -> Result<()> {
        if !self.pauses.go_on() && self.port.short.fetch_add(1, SeqCst) == 0 {
            say_short(err);
        }
        poll::pause(self.pauses.next())?;
        Ok(())
    }

    #[inline]
    fn is_open(&mut self) {
        if self.pauses.end() && self.port.short.fetch_sub(1, SeqCst) == 1 {
            say_over();
        }
    }
}

impl Drop for Door<'_> {
    fn drop(&mut self) {
        // Who leaves lacks nothing any more.
        if self.pauses.go_on() {
            self.port.short.fetch_sub(1, SeqCst);
        }
    }
}
