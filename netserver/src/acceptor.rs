//! How one worker waits for its next connection.
//!
//! With one listener it blocks in accept: the kernel wakes one process for each connection, and a
//! stop takes the listener's descriptor away. With several it waits for all of them at once, again
//! woken alone, and a stop takes the set away: the process looks once more for what it may have been
//! woken for, and only then are its listeners gone. Where the workers take turns it waits for its turn
//! first, and a stop takes that away as well.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::libc;

use crate::accept_lock::Taker;
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::drain;
use crate::error::{Error, Result};
use crate::listener::{Listener, Listeners, Spoken};
use crate::logger;
use crate::notify;
use crate::proto::{AcceptFault, Pauses, cannot_accept, say_over, say_short};
use crate::seat::Post;
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::ends::{Known, Waiting};
use crate::sys::poll::{self, PollSet};
use crate::sys::signal;

/// A client that was just accepted, and what is spoken with it.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) spoken: &'a Spoken,
    pub(crate) accepted: Accepted,
    /// When it came, where it is served at once and by a process that has not looked at the clock yet.
    pub(crate) since: Option<Instant>,
}

impl<'a> Arrival<'a> {
    /// One that came to that listener.
    #[inline]
    pub(crate) fn at(listener: &'a Listener, accepted: Accepted) -> Self {
        Self { spoken: listener.spoken(), accepted, since: None }
    }
}

/// What one process waits on.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    listeners: Vec<&'a Listener>,
    /// Some where there are several listeners, or the wait has to end now and then.
    set: Option<Several>,
    /// Whether somebody has to hear that this process goes on.
    watched: bool,
    /// Some where workers take turns.
    taker: Option<Taker<'a>>,
}

impl<'a> Wait<'a> {
    /// For the calling process alone, which has that post.
    ///
    /// # Errors
    /// Where the kernel has no descriptor left for it.
    pub(crate) fn new(
        listeners: &'a Listeners,
        taker: Option<Taker<'a>>,
        post: &impl Post,
    ) -> Result<Self> {
        let listeners: Vec<_> = listeners.iter().collect();
        let watched = post.is_watched();
        // What it is woken by besides clients comes by a bell, or is a time.
        let several = listeners.len() > 1 || watched || signal::drains_alone();
        let set = several.then(|| Several::of(&listeners, post.parent())).transpose();
        let set = set.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        Ok(Self { listeners, set, watched, taker })
    }

    /// What a stop ends first: the wait for its turn, the set, and where there is none the listeners.
    pub(crate) fn known(&self) -> Known<'_> {
        let turn = self.taker.iter().map(Taker::waits_on);
        let set = self.set.iter().map(|several| several.set.as_fd());
        let alone = self.listeners.iter().map(|listener| listener.as_fd());
        let alone = alone.filter(|_| self.set.is_none());
        Known::new(turn.chain(set).chain(alone))
    }

    /// Whether a stop ends something else before the listeners.
    #[inline]
    fn is_staged(&self) -> bool {
        self.set.is_some() || self.taker.is_some()
    }

    /// What there is.
    #[inline]
    fn ready(&self) -> Result<Ready<'a>> {
        let Some(Several { set, bell }) = &self.set else {
            return Ok(self.listeners.first().map_or(Ready::Again, |only| Ready::At(only)));
        };
        let limit = if self.watched { notify::until_alive() } else { None };
        match set.wait(limit) {
            Ok(Some(BELL)) => {
                descriptor::drain(bell);
                Ok(Ready::Somewhere)
            }
            Ok(place) => {
                let place = place.and_then(|place| usize::try_from(place).ok());
                let listener = place.and_then(|place| self.listeners.get(place));
                Ok(listener.map_or(Ready::Again, |listener| Ready::At(listener)))
            }
            // A stop has taken it away.
            Err(_) if !signal::accepts() => Ok(Ready::Again),
            Err(err) => Err(Error::because(CANNOT_WAIT, err)),
        }
    }
}

/// What has ended a wait.
#[derive(Debug, Clone, Copy)]
enum Ready<'a> {
    /// A client at that listener.
    At(&'a Listener),
    /// Perhaps one at any of them.
    Somewhere,
    /// Nothing that is known: it is to be looked again.
    Again,
}

/// What a process waits on that has several listeners, which are known by their places.
#[derive(Debug)]
struct Several {
    set: PollSet,
    /// Rung by the handler of signals, where this process is to look at all of them.
    bell: OwnedFd,
}

/// The numbers of the bell and of the parent, which no listener has.
const BELL: u64 = u64::MAX;
const PARENT: u64 = BELL - 1;

const CANNOT_WAIT: &str = "cannot wait for clients";

impl Several {
    fn of(listeners: &[&Listener], parent: Option<&OwnedFd>) -> io::Result<Self> {
        let (set, bell) = (PollSet::new()?, descriptor::bell()?);
        for (place, listener) in (0..).zip(listeners) {
            // Another process may take what woke this one.
            listener.set_waiting(false)?;
            set.add_shared(listener, place)?;
        }
        if let Some(parent) = parent {
            set.add_end_of(parent, PARENT)?;
        }
        set.add(&bell, BELL)?;
        signal::ring(bell.as_fd());
        Ok(Self { set, bell })
    }
}

impl Drop for Several {
    fn drop(&mut self) {
        signal::ring_no_more();
    }
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
    /// handed out: the stop is looked at before. What a datagram holds is in the buffers then. `post` is
    /// told where somebody else is to take one.
    ///
    /// # Errors
    /// Where the listener itself is broken.
    #[inline]
    pub(crate) fn accept(
        &mut self,
        buffers: &mut Buffers,
        post: &impl Post,
    ) -> Result<Option<Arrival<'a>>> {
        buffers.clear();
        let _staged = self.wait.is_staged().then(|| Waiting::on(self.set));
        loop {
            logger::reopen_alone();
            if !signal::accepts() {
                return Ok(if self.wait.taker.is_none() { self.last(buffers) } else { None });
            }
            drain::begun();
            if self.wait.watched {
                notify::alive();
            }
            if let Err(err) = self.can_take() {
                self.faults.look_at(&err)?;
                continue;
            }
            let turn = match &self.wait.taker {
                None => None,
                Some(taker) => match taker.take().map_err(|err| Error::because(NO_TURN, err))? {
                    None => continue,
                    turn => turn,
                },
            };
            let accepted = match self.wait.ready()? {
                Ready::At(listener) => {
                    listener.accept(buffers).map(|accepted| Some(Arrival::at(listener, accepted)))
                }
                Ready::Somewhere => self.look(buffers),
                Ready::Again => {
                    signal::look_for_parent();
                    // Only the one whose turn it was may have been woken.
                    if turn.is_some() && !signal::accepts() {
                        return Ok(self.last(buffers));
                    }
                    continue;
                }
            };
            // Whoever pauses for want of something keeps nobody from it.
            drop(turn);
            match accepted {
                Ok(None) => {}
                Ok(arrival) => {
                    self.faults.are_over();
                    return Ok(arrival);
                }
                Err(err) => {
                    if self.wait.set.is_none() && err.kind() == io::ErrorKind::WouldBlock {
                        self.found_nobody();
                    } else if self.wait.set.is_some() && AcceptFault::of(&err) == AcceptFault::Short
                    {
                        post.cannot_take();
                    }
                    self.faults.look_at(&err)?;
                }
            }
        }
    }

    /// Errs where a client that this process was woken for could not be taken: with several listeners
    /// nobody else is, so it does not wait while it lacks descriptors.
    #[inline]
    fn can_take(&self) -> io::Result<()> {
        if self.wait.set.is_some() && self.faults.last() {
            PollSet::new().map(drop)
        } else {
            Ok(())
        }
    }

    /// Nobody was there, though somebody was waited for: for long, or a child that is not itself any more
    /// has turned that for all of them.
    fn found_nobody(&self) {
        signal::look_for_parent();
        for listener in &self.wait.listeners {
            // Where a stop has taken it away that is seen next.
            let _ = listener.set_waiting(true);
        }
    }

    /// A connection that this process may have been woken for, alone, when it was told to stop:
    /// nobody else would come to take it. After this look its listeners are gone.
    fn last(&self, buffers: &mut Buffers) -> Option<Arrival<'a>> {
        let look = self.wait.set.is_some() && signal::stage() == Stage::Graceful;
        if look { self.look(buffers).ok().flatten() } else { None }
    }

    /// A connection that somebody else may have been woken for, of any listener.
    ///
    /// # Errors
    /// Where there is one, and something is short.
    fn look(&self, buffers: &mut Buffers) -> io::Result<Option<Arrival<'a>>> {
        for listener in &self.wait.listeners {
            // Nobody ends this call: it must not wait, whoever has turned that.
            if listener.set_waiting(false).is_err() {
                continue;
            }
            match listener.accept(buffers) {
                Ok(accepted) => return Ok(Some(Arrival::at(listener, accepted))),
                Err(err) if AcceptFault::of(&err) == AcceptFault::Short => return Err(err),
                Err(_) => {}
            }
        }
        Ok(None)
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
    /// Where the listener itself is broken, or this is a child that has used up its descriptors, and
    /// another would have its own.
    pub(crate) fn look_at(&mut self, err: &io::Error) -> Result<()> {
        match AcceptFault::of(err) {
            AcceptFault::Again => Ok(()),
            AcceptFault::Short if self.0.is_its_own(err) => Err(cannot_accept(err)),
            AcceptFault::Short => self.0.wait(err),
            // A stop has taken it away.
            AcceptFault::Broken if !signal::accepts() => Ok(()),
            AcceptFault::Broken => Err(cannot_accept(err)),
        }
    }

    /// Whether they go on.
    #[inline]
    fn last(&self) -> bool {
        self.0.pauses.go_on()
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
    pauses: Pauses,
    since: Option<Instant>,
}

impl Shortage {
    /// How long a child may lack descriptors before another takes its place.
    const ENDURED: Duration = Duration::from_secs(10);

    /// Whether it is this child's, and no passing one.
    fn is_its_own(&self, err: &io::Error) -> bool {
        err.raw_os_error() == Some(libc::EMFILE)
            && signal::is_child()
            && self.since.is_some_and(|since| since.elapsed() >= Self::ENDURED)
    }

    fn wait(&mut self, err: &io::Error) -> Result<()> {
        if !self.pauses.go_on() {
            say_short(err);
            self.since = Some(Instant::now());
        }
        poll::pause(self.pauses.next())?;
        Ok(())
    }

    #[inline]
    fn is_over(&mut self) {
        if self.pauses.end() {
            say_over();
        }
    }
}
