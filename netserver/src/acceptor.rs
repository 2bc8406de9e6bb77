//! How one process waits for its next connection.
//!
//! With one listener it blocks in accept: the kernel wakes one process for each connection, and a
//! stop puts `/dev/null` over the listener's descriptor. With several it waits for all of them at
//! once, again woken alone, with an event counter among them for the stop.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use socket2::{SockAddr, Socket};

use crate::error::{Error, Result};
use crate::listener::{Listener, Listeners};
use crate::proto::AcceptFault;
use crate::sys::descriptor;
use crate::sys::poll::{self, PollSet};
use crate::sys::signal::{self, Stage};

/// A connection that was just accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: OwnedFd,
    pub(crate) peer: Option<SocketAddr>,
}

/// Waits for connections in one process.
#[derive(Debug)]
pub(crate) struct Acceptor<'a> {
    listeners: &'a [Listener],
    /// Some where there are several listeners.
    set: Option<StopSet>,
    shortage: Shortage,
}

/// Several listeners, and the counter that ends the wait for them.
#[derive(Debug)]
struct StopSet {
    set: PollSet,
    /// Open as long as the handler may write to it.
    _counter: OwnedFd,
}

/// The number of the counter in the set; listeners have their places.
const STOP: u64 = u64::MAX;

impl<'a> Acceptor<'a> {
    /// For this process alone, whose role the signal handler already has.
    ///
    /// # Errors
    /// Where the kernel has no descriptor left for the wait.
    pub(crate) fn new(listeners: &'a Listeners) -> Result<Self> {
        let listeners = listeners.as_slice();
        let set = match listeners {
            [one] => {
                signal::end_accept_of(one.socket.as_fd());
                None
            }
            several => Some(
                StopSet::new(several)
                    .map_err(|err| Error::because("cannot wait for clients", err))?,
            ),
        };
        Ok(Self { listeners, set, shortage: Shortage::default() })
    }

    /// The next connection; `None` once this process was told to stop. What was accepted is always
    /// handed out: the stop is looked at before.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    pub(crate) fn accept(&mut self) -> Result<Option<Accepted>> {
        loop {
            if signal::stage() != Stage::Serving {
                return Ok(None);
            }
            let Some(listener) = self.ready()? else {
                continue;
            };
            match listener.socket.accept() {
                Ok((socket, address)) => {
                    self.shortage.is_over();
                    return Ok(Some(Accepted::new(socket, &address)));
                }
                Err(err) => self.look_at(&err)?,
            }
        }
    }

    /// The listener to accept from, or `None` where it is to be looked again.
    fn ready(&self) -> Result<Option<&'a Listener>> {
        let Some(StopSet { set, .. }) = &self.set else {
            return Ok(self.listeners.first());
        };
        let number = set.wait().map_err(|err| Error::because("cannot wait for clients", err))?;
        let place = number.and_then(|number| usize::try_from(number).ok());
        Ok(place.and_then(|place| self.listeners.get(place)))
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

impl StopSet {
    fn new(listeners: &[Listener]) -> io::Result<Self> {
        let set = PollSet::new()?;
        for (number, listener) in (0..).zip(listeners) {
            // Another process may take what woke this one. The flag belongs to the socket, so
            // every process sets it alike; accepted streams do not inherit it.
            listener.socket.set_nonblocking(true)?;
            set.add_shared(&listener.socket, number)?;
        }
        let counter = descriptor::event_counter()?;
        set.add(&counter, STOP)?;
        signal::wake(counter.as_fd());
        Ok(Self { set, _counter: counter })
    }
}

impl Accepted {
    fn new(socket: Socket, address: &SockAddr) -> Self {
        Self { stream: socket.into(), peer: address.as_socket() }
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
