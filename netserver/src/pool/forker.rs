//! A child for each connection: the parent accepts, and forks for whoever came.
//!
//! While clients come thick and fast the parent looks for children that have ended beside each of them,
//! and their ends cost it no signal. Once nobody has come for a moment, or there is no room for another
//! child, they wake it.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::acceptor::{Arrival, Faults};
use crate::buffer::Buffers;
use crate::child::ChildKind;
use crate::error::Result;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::serve::Terms;
use crate::stop::Stage;
use crate::sys::descriptor::{self, Unneeded};
use crate::sys::signal;
use crate::worker::{Craft, OneByOne};

use super::Aside;
use super::child;
use super::ears::Heard;
use super::parent::{Parent, manage};
use super::plan::Limits;

/// Serves each connection by a child of its own until the server is told to stop. Tells whether all
/// ended without being killed.
///
/// # Errors
/// Where the parent cannot be set up, a listener is broken, or waiting fails.
pub(crate) fn on_demand<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
    aside: Aside,
) -> Result<bool> {
    let parent = Parent::new(
        server,
        info,
        aside,
        Limits::on_demand(info.options()),
        None,
        OneByOne::serve_waiting,
    )?;
    manage(parent, listeners, |parent, listeners| Forker::new(parent, listeners)?.serve())
}

/// After so long without a client their ends wake the parent.
const QUIET: Duration = Duration::from_millis(100);
/// So soon after the one before, a client comes thick and fast.
const DENSE: Duration = Duration::from_millis(10);
/// A wait that ends so soon was none: there is a queue.
const AT_ONCE: Duration = Duration::from_micros(20);
/// The most clients of one listener before another has its turn.
const IN_A_ROW: usize = 16;
/// How often it is looked for children that have ended without a word, whatever comes.
const CRASHED: Duration = Duration::from_millis(500);

struct Forker<'p, 'a, S> {
    parent: &'p mut Parent<'a, S>,
    all: &'p Listeners,
    listeners: Vec<&'p Listener>,
    terms: Terms,
    /// What no child has any use for, and no child that answers a packet.
    unneeded: Unneeded,
    unneeded_for_packets: Unneeded,
    /// Since when they were not gathered.
    changes: usize,
    faults: Faults,
    /// Some but in a child, which takes them.
    buffers: Option<Buffers>,
    /// A client that was accepted, and has no child yet as none could be forked.
    waiting: Option<Arrival<'p>>,
    /// Whether there is a queue of clients.
    queue: bool,
    /// Whether ends of children wake the parent.
    hearing: bool,
    last_client: Instant,
    reaped: Instant,
}

/// What no child has any use for, and no child that answers a packet.
fn unneeded<S: NetServer>(parent: &Parent<'_, S>, listeners: &Listeners) -> (Unneeded, Unneeded) {
    let own = || parent.own_descriptors().chain([parent.board.wake().as_fd()]);
    let all = Unneeded::with_private(own().chain(listeners.all_descriptors()));
    (all, Unneeded::with_private(own().chain(listeners.descriptors())))
}

impl<'p, 'a, S: NetServer> Forker<'p, 'a, S> {
    fn new(parent: &'p mut Parent<'a, S>, listeners: &'p Listeners) -> Result<Self> {
        parent.ready()?;
        // Those of before may have ended before anybody listened.
        parent.reap()?;
        parent.relieve(listeners);
        let changes = descriptor::private_changes();
        let (unneeded, unneeded_for_packets) = unneeded(parent, listeners);
        let terms = Terms::of_one::<S>(parent.info);
        for listener in listeners.iter() {
            // Whoever woke this process may be gone again.
            listener.set_waiting(false)?;
        }
        // What a hook has changed: a client that goes away must not end a child.
        signal::ignore_pipe()?;
        let now = Instant::now();
        Ok(Self {
            parent,
            all: listeners,
            listeners: listeners.iter().collect(),
            terms,
            unneeded,
            unneeded_for_packets,
            changes,
            faults: Faults::default(),
            buffers: Some(Buffers::default()),
            waiting: None,
            queue: false,
            hearing: true,
            last_client: now,
            reaped: now,
        })
    }

    /// Turns until a signal says to stop.
    fn serve(&mut self) -> Result<()> {
        while signal::accepts() {
            self.look_for_ends()?;
            self.parent.succession.holds_client = self.waiting.is_some();
            self.parent.chores(self.all, &self.unneeded);
            self.look_at_descriptors();
            if self.waiting.is_some() && self.parent.policy.may_fork(Instant::now()) {
                self.fork();
                continue;
            }
            self.parent.hook("pre_accept_hook", S::pre_accept_hook);
            let room = self.has_room();
            if !room {
                self.hear_ends(true)?;
            }
            self.parent.ears.open(self.listeners.iter(), room)?;
            if signal::accepts() {
                self.wait()?;
            }
        }
        // Whoever was accepted is served, if that can be.
        if self.waiting.is_some() {
            self.fork();
        }
        Ok(())
    }

    /// One of those that are no child's may be closed by now, and its number become another's.
    fn look_at_descriptors(&mut self) {
        let changes = descriptor::private_changes();
        if changes != self.changes {
            self.changes = changes;
            (self.unneeded, self.unneeded_for_packets) = unneeded(self.parent, self.all);
        }
    }

    /// Whether another client may be accepted.
    fn has_room(&self) -> bool {
        let policy = &self.parent.policy;
        self.waiting.is_none() && policy.roster.alive() < policy.limits.max_servers
    }

    fn wait(&mut self) -> Result<()> {
        let elders = self.parent.succession.has_elders();
        let anybody = !self.parent.policy.roster.is_empty() || elders;
        let mut limit = self.parent.next_chore();
        if self.waiting.is_some() {
            limit = limit.min(self.parent.policy.next_turn(Instant::now()));
        }
        if anybody && !self.hearing {
            limit = limit.min(QUIET);
        }
        let start = Instant::now();
        let heard = self.parent.wait(limit)?;
        // Talk is heard, and nothing to go on at once for.
        let nothing = heard == Heard::Talk || (heard == Heard::Wake && !anybody);
        self.parent.ears.found(!nothing);
        match heard {
            Heard::Client(at) => {
                self.queue |= start.elapsed() < AT_ONCE;
                self.accept(at)?;
            }
            Heard::Nothing if start.elapsed() >= QUIET => self.hear_ends(true)?,
            Heard::Wake => self.reap()?,
            Heard::Nothing | Heard::Talk => {}
        }
        Ok(())
    }

    /// Serves the clients of a listener: the one that was waited for, and the queue behind it.
    fn accept(&mut self, at: usize) -> Result<()> {
        let Some(listener) = self.listeners.get(at).copied() else { return Ok(()) };
        for _ in 0..IN_A_ROW {
            let Some(buffers) = &mut self.buffers else { return Ok(()) };
            buffers.clear();
            let accepted = match listener.accept(buffers) {
                Ok(accepted) => accepted,
                Err(err) => {
                    self.queue = false;
                    return self.faults.look_at(&err);
                }
            };
            self.faults.are_over();
            let now = Instant::now();
            // A child that looks at the clock for the first time has three more pages mapped for that.
            self.waiting = Some(Arrival { since: Some(now), ..Arrival::at(listener, accepted) });
            let dense = now.saturating_duration_since(self.last_client) < DENSE;
            self.last_client = now;
            let few = self.parent.policy.roster.alive() < self.parent.policy.limits.max_servers / 2;
            if dense && few {
                self.hear_ends(false)?;
            }
            self.fork();
            self.parent.reap_gone()?;
            if !self.queue || !self.has_room() || !signal::accepts() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Forks for the client that waits. Where that fails it goes on waiting.
    fn fork(&mut self) {
        let Self { parent, terms, unneeded, unneeded_for_packets, buffers, waiting, .. } = self;
        let packet = waiting.as_ref().is_some_and(|arrival| arrival.accepted.is_datagram());
        let unneeded = if packet { &*unneeded_for_packets } else { &*unneeded };
        let forked = parent.fork(ChildKind::Worker, Stage::Graceful, unneeded, |server, birth| {
            let (Some(arrival), Some(buffers)) = (waiting.take(), buffers.take()) else { return 1 };
            child::serve_one(server, birth, terms, arrival, buffers)
        });
        if forked {
            // Its child has it: this process closes it.
            self.waiting = None;
        } else if let Some(arrival) = &mut self.waiting {
            arrival.since = None;
        }
    }

    /// Collects children that have ended: those that said so at once, all others now and then.
    fn look_for_ends(&mut self) -> Result<()> {
        let anybody = !self.parent.policy.roster.is_empty() || self.parent.succession.has_elders();
        if self.reaped.elapsed() >= CRASHED && anybody {
            return self.reap();
        }
        self.parent.reap_gone()
    }

    fn reap(&mut self) -> Result<()> {
        self.reaped = Instant::now();
        self.parent.reap()?;
        Ok(())
    }

    /// Has ends of children wake the parent, or not. Those that have ended before woke nobody.
    fn hear_ends(&mut self, heard: bool) -> Result<()> {
        if self.hearing != heard {
            signal::hear_children(heard)?;
            self.hearing = heard;
            if heard {
                self.reap()?;
            }
        }
        Ok(())
    }
}
