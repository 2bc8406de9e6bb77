//! How one worker waits for its next connection.
//!
//! With one listener it blocks in accept: the kernel wakes one process for each connection, and a
//! stop takes the listener's descriptor away. With several it waits for all of them at once, again
//! woken alone, and a stop takes the set away: the process looks once more for what it may have been
//! woken for, and only then are its listeners gone. Where the workers take turns it waits for its turn
//! first, and a stop takes that away as well.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crate::accept_lock::Taker;
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::listener::{Listener, Listeners};
use crate::proto::{AcceptFault, Proto};
use crate::stop::Stage;
use crate::sys::ends::{Known, Waiting};
use crate::sys::poll::{self, PollSet};
use crate::sys::signal;

/// A client that was just accepted, and what is spoken with it.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) proto: &'a dyn Proto,
    /// The name of that.
    pub(crate) name: &'static str,
    /// Whether it can be told something at once.
    pub(crate) plain: bool,
    /// Whether the last bytes of a reply take the end of the connection along.
    pub(crate) client_first: bool,
    pub(crate) accepted: Accepted,
}

impl<'a> Arrival<'a> {
    /// One that came to that listener.
    #[inline]
    pub(crate) fn at(listener: &'a Listener, accepted: Accepted) -> Self {
        let (plain, client_first) = (listener.is_plain(), listener.is_client_first());
        let (proto, name) = (listener.proto(), listener.name());
        Self { proto, name, plain, client_first, accepted }
    }
}

/// What one process waits on.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    listeners: Vec<&'a Listener>,
    /// Some where there are several listeners, which it knows by their places.
    set: Option<PollSet>,
    /// Some where workers take turns.
    taker: Option<Taker<'a>>,
}

impl<'a> Wait<'a> {
    /// For the calling process alone; `parent` is what breaks when that goes, if there is one.
    ///
    /// # Errors
    /// Where the kernel has no descriptor left for it.
    pub(crate) fn new(
        listeners: &'a Listeners,
        taker: Option<Taker<'a>>,
        parent: Option<&OwnedFd>,
    ) -> Result<Self> {
        let listeners: Vec<_> = listeners.iter().collect();
        let set = (listeners.len() > 1).then(|| set_of(&listeners, parent)).transpose();
        let set = set.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        Ok(Self { listeners, set, taker })
    }

    /// What a stop ends first: the wait for its turn, the set, and where there is none the listeners.
    pub(crate) fn known(&self) -> Known<'_> {
        let turn = self.taker.iter().map(Taker::waits_on);
        let set = self.set.iter().map(AsFd::as_fd);
        let alone = self.listeners.iter().map(|listener| listener.as_fd());
        let alone = alone.filter(|_| self.set.is_none());
        Known::new(turn.chain(set).chain(alone))
    }

    /// Whether a stop ends something else before the listeners.
    #[inline]
    fn is_staged(&self) -> bool {
        self.set.is_some() || self.taker.is_some()
    }

    /// The listener to accept from, or `None` where it is to be looked again.
    #[inline]
    fn ready(&self) -> Result<Option<&'a Listener>> {
        let Some(set) = &self.set else {
            return Ok(self.listeners.first().copied());
        };
        match set.wait(None) {
            Ok(place) => {
                let place = place.and_then(|place| usize::try_from(place).ok());
                Ok(place.and_then(|place| self.listeners.get(place).copied()))
            }
            // A stop has taken it away.
            Err(_) if signal::stage() != Stage::Serving => Ok(None),
            Err(err) => Err(Error::because(CANNOT_WAIT, err)),
        }
    }
}

/// The number of the parent in a set, which no listener has.
const PARENT: u64 = u64::MAX;

const CANNOT_WAIT: &str = "cannot wait for clients";

fn set_of(listeners: &[&Listener], parent: Option<&OwnedFd>) -> io::Result<PollSet> {
    let set = PollSet::new()?;
    for (place, listener) in (0..).zip(listeners) {
        // Another process may take what woke this one.
        listener.set_waiting(false)?;
        set.add_shared(listener, place)?;
    }
    if let Some(parent) = parent {
        set.add_end_of(parent, PARENT)?;
    }
    Ok(set)
}

/// Accepts connections in one process, where a stop ends the listeners.
#[derive(Debug)]
pub(crate) struct Acceptor<'a> {
    wait: &'a Wait<'a>,
    /// What a stop ends first.
    set: &'a Known<'a>,
    faults: Faults,
}

impl<'a> Acceptor<'a> {
    /// In the process that made `wait`, whose role the signal handler already has; `set` is that of
    /// [`Wait::known`].
    pub(crate) fn new(wait: &'a Wait<'a>, set: &'a Known<'a>) -> Self {
        Self { wait, set, faults: Faults::default() }
    }

    /// The next connection; `None` once this process was told to stop. What was accepted is always
    /// handed out: the stop is looked at before. What a datagram holds is in the buffers then. `alone`
    /// is called where nobody came for a while, or the parent is gone.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    #[inline]
    pub(crate) fn accept(
        &mut self,
        buffers: &mut Buffers,
        mut alone: impl FnMut(),
    ) -> Result<Option<Arrival<'a>>> {
        buffers.clear();
        let _staged = self.wait.is_staged().then(|| Waiting::on(self.set));
        loop {
            if signal::stage() != Stage::Serving {
                return Ok(if self.wait.taker.is_none() { self.last(buffers) } else { None });
            }
            let turn = match &self.wait.taker {
                None => None,
                Some(taker) => match taker.take().map_err(|err| Error::because(NO_TURN, err))? {
                    None => continue,
                    turn => turn,
                },
            };
            let Some(listener) = self.wait.ready()? else {
                alone();
                // Only the one whose turn it was may have been woken.
                if turn.is_some() && signal::stage() != Stage::Serving {
                    return Ok(self.last(buffers));
                }
                continue;
            };
            match listener.accept(buffers) {
                Ok(accepted) => {
                    drop(turn);
                    self.faults.are_over();
                    return Ok(Some(Arrival::at(listener, accepted)));
                }
                Err(err) => {
                    if self.wait.set.is_none() && err.kind() == io::ErrorKind::WouldBlock {
                        Self::found_nobody(listener, &mut alone);
                    }
                    self.faults.look_at(&err)?;
                }
            }
        }
    }

    /// Nobody was there, though somebody was waited for: for long, or a child that is not itself any more
    /// has turned that for all of them.
    fn found_nobody(listener: &Listener, mut alone: impl FnMut()) {
        alone();
        // Where a stop has taken it away that is seen next.
        let _ = listener.set_waiting(true);
    }

    /// A connection that this process may have been woken for, alone, when it was told to stop:
    /// nobody else would come to take it. After this look its listeners are gone.
    fn last(&self, buffers: &mut Buffers) -> Option<Arrival<'a>> {
        let look = self.wait.set.is_some() && signal::stage() == Stage::Graceful;
        let listeners = if look { self.wait.listeners.as_slice() } else { &[] };
        listeners.iter().find_map(|listener| {
            // Nobody ends this call: it must not wait, whoever has turned that.
            listener.set_waiting(false).ok()?;
            let accepted = listener.accept(buffers).ok()?;
            Some(Arrival::at(listener, accepted))
        })
    }
}

const NO_TURN: &str = "cannot wait for its turn to accept";

/// What becomes of an accept that failed.
#[derive(Debug, Default)]
pub(crate) struct Faults(Shortage);

impl Faults {
    /// Waits where something is short, and passes over what is one client's affair.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    pub(crate) fn look_at(&mut self, err: &io::Error) -> Result<()> {
        match AcceptFault::of(err) {
            AcceptFault::Again => Ok(()),
            AcceptFault::Short => self.0.wait(err),
            // A stop has taken it away.
            AcceptFault::Broken if signal::stage() != Stage::Serving => Ok(()),
            AcceptFault::Broken => {
                Err(Error::because("cannot accept", io::Error::other(err.to_string())))
            }
        }
    }

    /// One has succeeded.
    #[inline]
    pub(crate) fn are_over(&mut self) {
        self.0.is_over();
    }
}

/// A time without descriptors or memory: longer pauses, and one line when it begins and ends.
#[derive(Debug, Default)]
struct Shortage {
    pause: Option<Duration>,
}

impl Shortage {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(1);

    fn wait(&mut self, err: &io::Error) -> Result<()> {
        if self.pause.is_none() {
            log::warn!("cannot accept, clients wait: {err}");
        }
        let pause = self.pause.map_or(Self::FIRST, |pause| (pause * 2).min(Self::LONGEST));
        self.pause = Some(pause);
        poll::pause(pause)?;
        Ok(())
    }

    #[inline]
    fn is_over(&mut self) {
        if self.pause.take().is_some() {
            log::warn!("accepting again");
        }
    }
}
