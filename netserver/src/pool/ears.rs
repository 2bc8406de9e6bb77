//! What the parent waits for: a byte that wakes it, children that talk, and with `fork` its listeners.
//!
//! Children can write that byte, and talk; one that was taken over may do nothing else. A parent that
//! finds nothing to do again and again, or hears no end of talk, stops listening for a moment: signals end
//! that, too. The byte of its own handler of signals has a pipe of its own, which no child can fill, or
//! have a write to it wait.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::sys::descriptor;
use crate::sys::poll::{self, PollSet};
use crate::sys::signal;

/// What has ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Somebody wants the parent to look.
    Wake,
    /// Some child talks.
    Talk,
    /// The listener in that place has a client.
    Client(usize),
    /// The time is over, or a signal came.
    Nothing,
}

const WAKE: u64 = 0;
const SIGNAL: u64 = 1;
const TALK: u64 = 2;
const FIRST_LISTENER: u64 = 3;

/// So many wakes for nothing are believed.
const BELIEVED: u32 = 16;
/// After those the next one is looked at so much later.
const DOUBT: Duration = Duration::from_millis(2);

/// The set of all that.
#[derive(Debug)]
pub(crate) struct Ears {
    set: PollSet,
    /// Readable once the handler of signals has written to the other end.
    signaled: OwnedFd,
    signal: OwnedFd,
    /// Those of the children, where they can talk.
    talkers: Option<PollSet>,
    /// Some while talk is not listened to.
    deaf_until: Option<Instant>,
    /// Whether clients are waited for.
    open: bool,
    in_vain: u32,
}

impl Ears {
    /// Listens to `woken`, and to children where they can talk.
    ///
    /// # Errors
    /// Where the kernel has no descriptor for it.
    pub(crate) fn new(woken: &OwnedFd, talk: bool) -> io::Result<Self> {
        let set = PollSet::new()?;
        set.add(woken, WAKE)?;
        let (signaled, signal) = descriptor::pipe()?;
        set.add(&signaled, SIGNAL)?;
        let talkers = talk.then(PollSet::new).transpose()?;
        if let Some(talkers) = &talkers {
            set.add(talkers, TALK)?;
        }
        Ok(Self { set, signaled, signal, talkers, deaf_until: None, open: false, in_vain: 0 })
    }

    /// The descriptors that no child has any use for.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = std::os::fd::BorrowedFd<'_>> {
        let own = [self.set.as_fd(), self.signaled.as_fd(), self.signal.as_fd()];
        own.into_iter().chain(self.talkers.iter().map(AsFd::as_fd))
    }

    /// What the handler of signals writes to.
    pub(crate) fn signal(&self) -> &OwnedFd {
        &self.signal
    }

    /// From here on clients are waited for at these listeners, or not.
    pub(crate) fn open<'a>(
        &mut self,
        listeners: impl Iterator<Item = impl AsFd + 'a>,
        open: bool,
    ) -> io::Result<()> {
        if self.open != open {
            for (number, listener) in (FIRST_LISTENER..).zip(listeners) {
                if open {
                    self.set.add(&listener, number)?;
                } else {
                    self.set.remove(&listener)?;
                }
            }
            self.open = open;
        }
        Ok(())
    }

    /// Listens to a child that has that place.
    pub(crate) fn add(&self, line: &OwnedFd, place: usize) -> io::Result<()> {
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        self.talkers.as_ref().map_or(Ok(()), |talkers| talkers.add(line, place))
    }

    /// No longer.
    pub(crate) fn remove(&self, line: &OwnedFd) {
        // It may be gone already: its end was heard.
        let _ = self.talkers.as_ref().map_or(Ok(()), |talkers| talkers.remove(line));
    }

    /// The place of some child that talks.
    pub(crate) fn talker(&self) -> io::Result<Option<usize>> {
        let Some(talkers) = &self.talkers else { return Ok(None) };
        let place = talkers.wait(Some(Duration::ZERO))?;
        Ok(place.and_then(|place| usize::try_from(place).ok()))
    }

    /// Does not listen to talk for that long.
    pub(crate) fn be_deaf(&mut self, time: Duration) -> io::Result<()> {
        if let (Some(talkers), None) = (&self.talkers, self.deaf_until) {
            self.set.remove(talkers)?;
            self.deaf_until = Some(Instant::now() + time);
        }
        Ok(())
    }

    /// The last look has found something to do, or not.
    pub(crate) fn found(&mut self, something: bool) {
        self.in_vain = if something { 0 } else { self.in_vain.saturating_add(1) };
    }

    /// Waits.
    pub(crate) fn wait(&mut self, limit: Duration, woken: &OwnedFd) -> io::Result<Heard> {
        if self.in_vain > BELIEVED {
            poll::pause(DOUBT)?;
        }
        let mut limit = limit;
        if let Some(until) = self.deaf_until {
            let left = until.saturating_duration_since(Instant::now());
            limit = limit.min(left);
            if let (Some(talkers), true) = (&self.talkers, left.is_zero()) {
                self.set.add(talkers, TALK)?;
                self.deaf_until = None;
            }
        }
        Ok(match self.set.wait(Some(limit))? {
            None => Heard::Nothing,
            Some(WAKE) => {
                descriptor::drain(woken);
                Heard::Wake
            }
            Some(SIGNAL) => {
                // In this order: a byte that comes now is for another look.
                descriptor::drain(&self.signaled);
                signal::looks();
                Heard::Wake
            }
            Some(TALK) => Heard::Talk,
            Some(number) => {
                usize::try_from(number - FIRST_LISTENER).map_or(Heard::Nothing, Heard::Client)
            }
        })
    }
}
