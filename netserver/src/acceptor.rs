//! How one process waits for its next connection.
//!
//! With one listener it blocks in accept: the kernel wakes one process for each connection, and a
//! stop puts `/dev/null` over the listener's descriptor. With several it waits for all of them at
//! once, again woken alone, and a stop puts `/dev/null` over the set: the process looks once more
//! for what it may have been woken for, and only then are its listeners gone.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::listener::{Listener, Listeners};
use crate::proto::AcceptFault;
use crate::stop::Stage;
use crate::sys::poll::{self, PollSet};
use crate::sys::signal::{self, Known, Waiting};

/// A client that was just accepted, and the listener that it came to.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) listener: &'a Listener,
    pub(crate) accepted: Accepted,
}

/// What one process waits on.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    listeners: Vec<&'a Listener>,
    /// Some where there are several listeners, which it knows by their places.
    set: Option<PollSet>,
}

impl<'a> Wait<'a> {
    /// For the calling process alone.
    ///
    /// # Errors
    /// Where the kernel has no descriptor left for it.
    pub(crate) fn new(listeners: &'a Listeners) -> Result<Self> {
        let listeners: Vec<_> = listeners.iter().collect();
        let set = (listeners.len() > 1).then(|| set_of(&listeners)).transpose();
        let set = set.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        Ok(Self { listeners, set })
    }

    /// The set, for a stop to end.
    pub(crate) fn known(&self) -> Known<'_> {
        Known::new(self.set.iter().map(AsFd::as_fd))
    }

    /// The listener to accept from, or `None` where it is to be looked again.
    fn ready(&self) -> Result<Option<&'a Listener>> {
        let Some(set) = &self.set else {
            return Ok(self.listeners.first().copied());
        };
        match set.wait() {
            Ok(place) => {
                let place = place.and_then(|place| usize::try_from(place).ok());
                Ok(place.and_then(|place| self.listeners.get(place).copied()))
            }
            // The handler has put /dev/null over it.
            Err(_) if signal::stage() != Stage::Serving => Ok(None),
            Err(err) => Err(Error::because(CANNOT_WAIT, err)),
        }
    }
}

const CANNOT_WAIT: &str = "cannot wait for clients";

fn set_of(listeners: &[&Listener]) -> io::Result<PollSet> {
    let set = PollSet::new()?;
    for (place, listener) in (0..).zip(listeners) {
        // Another process may take what woke this one.
        listener.never_wait()?;
        set.add_shared(listener, place)?;
    }
    Ok(set)
}

/// Accepts connections in one process, where a stop ends the listeners.
#[derive(Debug)]
pub(crate) struct Acceptor<'a> {
    wait: &'a Wait<'a>,
    /// What a stop ends first.
    set: &'a Known<'a>,
    shortage: Shortage,
}

impl<'a> Acceptor<'a> {
    /// In the process that made `wait`, whose role the signal handler already has; `set` is that of
    /// [`Wait::known`].
    pub(crate) fn new(wait: &'a Wait<'a>, set: &'a Known<'a>) -> Self {
        Self { wait, set, shortage: Shortage::default() }
    }

    /// The next connection; `None` once this process was told to stop. What was accepted is always
    /// handed out: the stop is looked at before. What a datagram holds is in the buffers then.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    pub(crate) fn accept(&mut self, buffers: &mut Buffers) -> Result<Option<Arrival<'a>>> {
        buffers.clear();
        let _set = self.wait.set.is_some().then(|| Waiting::on(self.set));
        loop {
            if signal::stage() != Stage::Serving {
                return Ok(self.last(buffers));
            }
            let Some(listener) = self.wait.ready()? else {
                continue;
            };
            match listener.accept(buffers) {
                Ok(accepted) => {
                    self.shortage.is_over();
                    return Ok(Some(Arrival { listener, accepted }));
                }
                Err(err) => self.look_at(&err)?,
            }
        }
    }

    /// A connection that this process may have been woken for, alone, when it was told to stop:
    /// nobody else would come to take it. After this look its listeners are gone.
    fn last(&self, buffers: &mut Buffers) -> Option<Arrival<'a>> {
        let look = self.wait.set.is_some() && signal::stage() == Stage::Graceful;
        let listeners = if look { self.wait.listeners.as_slice() } else { &[] };
        listeners.iter().find_map(|listener| {
            let accepted = listener.accept(buffers).ok()?;
            Some(Arrival { listener, accepted })
        })
    }

    fn look_at(&mut self, err: &io::Error) -> Result<()> {
        match AcceptFault::of(err) {
            AcceptFault::Again => Ok(()),
            AcceptFault::Short => self.shortage.wait(err),
            // The handler has put /dev/null over it.
            AcceptFault::Broken if signal::stage() != Stage::Serving => Ok(()),
            AcceptFault::Broken => {
                Err(Error::because("cannot accept", io::Error::other(err.to_string())))
            }
        }
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

    fn is_over(&mut self) {
        if self.pause.take().is_some() {
            log::warn!("accepting again");
        }
    }
}
