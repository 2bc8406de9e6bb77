//! The loop: each turn waits once for all, and calls for whatever has come.

use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{Bounds, Leave, Phase};
use super::clients::{Clients, ConnId};
use super::copies::new_set;
use super::crowd::Crowd;
use super::gate::Gate;
use super::names::Names;
use super::server::MuxServer;
use crate::accept_lock::Taker;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::guard;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::seat::{Counter, Post};
use crate::serve::Terms;
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::poll::{Events, PollSet, Ready};
use crate::sys::signal;
use crate::worker::Craft;

/// All connections at once.
#[derive(Debug)]
pub(crate) struct Loop;

impl<S: MuxServer> Craft<S> for Loop {
    fn work(
        server: &mut S,
        info: &ServerInfo,
        listeners: &Listeners,
        _: Option<Taker<'_>>,
        post: &mut impl Post,
        _: Buffers,
    ) -> Result<()> {
        let gate = match gate(listeners.iter().collect()) {
            // A stop has ended the listeners already.
            Err(_) if !signal::accepts() => return Ok(()),
            gate => gate?,
        };
        let mut turns = Turns::new(server, info, gate, post.parent())?;
        turns.counter = post.counter();
        signal::ignore_pipe()?;
        post.ready();
        let outcome = turns.serve();
        if outcome.is_ok() {
            post.finishing();
        }
        let outcome = outcome.and_then(|()| turns.see_off());
        drop(turns);
        post.gone();
        outcome
    }

    fn serve_waiting(server: &mut S, info: &ServerInfo, listeners: &[Listener]) -> Result<()> {
        let gate = gate(listeners.iter().collect())?;
        let mut turns = Turns::new(server, info, gate, None)?;
        signal::ignore_pipe()?;
        turns.let_all_in()?;
        turns.serve()?;
        turns.see_off()
    }
}

fn gate(listeners: Vec<&Listener>) -> Result<Gate<'_>> {
    for listener in &listeners {
        if !listener.is_plain() && listener.name() != "ssl" {
            let name = listener.name();
            return Err(Error::new(format!("multiplex cannot wait for what {name} says first")));
        }
    }
    Gate::new(listeners).map_err(|err| Error::because(CANNOT_WAIT, err))
}

/// The most that one read takes: whoever sends more has another turn.
pub(super) const ROOM: usize = 16 * 1024;
/// The most connections that one turn hears of.
const EVENTS: usize = 512;

/// After a restart, how long children of the image before may accept at most.
const ELDERS: Duration = Duration::from_secs(60);

/// The numbers of what is no connection.
pub(super) const BELL: u64 = u64::MAX;
pub(super) const GATE: u64 = BELL - 1;
pub(super) const PARENT: u64 = BELL - 2;

pub(super) const CANNOT_WAIT: &str = "cannot wait for clients";

/// The loop with all that it serves.
pub(super) struct Turns<'a, S> {
    pub(super) server: &'a mut S,
    pub(super) info: &'a ServerInfo,
    pub(super) terms: Terms,
    pub(super) bounds: Bounds,
    pub(super) gate: Gate<'a>,
    /// What breaks once the parent is gone.
    pub(super) parent: Option<OwnedFd>,
    pub(super) set: PollSet,
    pub(super) events: Events,
    /// What the kernel told of in this turn that is nobody's.
    pub(super) strangers: Vec<u64>,
    /// Rung by the handler of signals, and where a name was found.
    pub(super) bell: Arc<OwnedFd>,
    pub(super) names: Names,
    pub(super) clients: Clients,
    pub(super) crowd: Crowd,
    /// Where the first connection is counted, which tells a process that serves from one that dies at once.
    pub(super) counter: Option<Counter>,
    /// Until when children of an image before may have a listener wait, which ends the turns of this loop: with
    /// another personality they want to.
    pub(super) has_elders: Option<Instant>,
    /// When this turn began.
    pub(super) now: Instant,
    /// For whatever is read.
    pub(super) room: Vec<u8>,
    /// Those of which there is more to be read, though the kernel may have nothing.
    pub(super) again: Vec<ConnId>,
    /// For the next packet.
    pub(super) spare: Buffers,
    /// Whether those who wait are all that there will be.
    pub(super) only_waiting: bool,
    /// Whether a stop has begun, and whether all are to leave.
    pub(super) stopping: bool,
    pub(super) closing: bool,
}

impl<S> Drop for Turns<'_, S> {
    fn drop(&mut self) {
        signal::ring_no_more();
    }
}

impl<'a, S: MuxServer> Turns<'a, S> {
    fn new(
        server: &'a mut S,
        info: &'a ServerInfo,
        gate: Gate<'a>,
        parent: Option<&OwnedFd>,
    ) -> Result<Self> {
        let cannot = |err| Error::because(CANNOT_WAIT, err);
        let bell = Arc::new(descriptor::bell().map_err(cannot)?);
        let parent = parent.map(|parent| descriptor::duplicate(parent.as_fd()));
        let parent = parent.transpose().map_err(cannot)?;
        let set = new_set(&bell, gate.set(), parent.as_ref()).map_err(cannot)?;
        signal::ring(bell.as_fd());
        let (terms, now) = (Terms::of(info), Instant::now());
        let options = info.options();
        let most = usize::try_from(options.max_per_ip()).unwrap_or(usize::MAX);
        Ok(Self {
            server,
            info,
            bounds: Bounds::of(&terms, options),
            terms,
            gate,
            parent,
            set,
            events: Events::new(EVENTS),
            strangers: Vec::new(),
            names: Names::new(&bell),
            bell,
            clients: Clients::new(now),
            crowd: Crowd::new(most),
            counter: None,
            has_elders: (info.generation() > 1).then(|| now + ELDERS),
            now,
            room: vec![0; ROOM],
            again: Vec::new(),
            spare: Buffers::empty(),
            only_waiting: false,
            stopping: false,
            closing: false,
        })
    }

    /// Serves until nobody is let in any more.
    fn serve(&mut self) -> Result<()> {
        while self.gate.is_open() && signal::accepts() {
            self.turn()?;
        }
        Ok(())
    }

    /// Serves those who are there until the last one is gone.
    fn see_off(&mut self) -> Result<()> {
        self.look_at_stop();
        while !self.clients.is_empty() {
            self.turn()?;
            self.look_at_stop();
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<()> {
        let next = self.clients.next().into_iter().chain(self.gate.next()).min();
        let more = (!self.again.is_empty()).then_some(self.now);
        let next = more.or(next).map(|next| next.saturating_duration_since(Instant::now()));
        let waited = self.set.wait_for_many(&mut self.events, next);
        waited.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        self.now = Instant::now();
        // What there was to be read again before this turn: what comes up in it waits for the next.
        let again = mem::take(&mut self.again);
        let strangers = mem::take(&mut self.strangers);
        let mut waiting = false;
        for at in 0.. {
            match self.events.get(at) {
                None => break,
                Some(Ready { number: GATE, .. }) if self.gate.is_open() => waiting = true,
                Some(Ready { number: BELL, .. }) => self.rung(),
                Some(Ready { number: PARENT, .. }) => self.parent_is_gone(),
                Some(ready) => self.heard(ready),
            }
        }
        self.leave_strangers(&strangers);
        for id in again {
            self.read(id);
        }
        self.look_at_clock();
        if waiting {
            self.let_in()?;
        }
        self.look_at_times()?;
        self.see_to_others();
        Ok(())
    }

    /// Callbacks may have taken long: whose turn it was has its time from here on.
    fn look_at_clock(&mut self) {
        /// So little nobody misses.
        const SHORT: Duration = Duration::from_millis(10);
        let began = mem::replace(&mut self.now, Instant::now());
        if self.now.saturating_duration_since(began) > SHORT {
            self.clients.restamp(began, self.now);
        }
    }

    /// Something has happened that is no client's doing.
    fn rung(&mut self) {
        descriptor::drain(&self.bell);
        while let Some((ids, found)) = self.names.found(self.now) {
            for id in ids {
                self.named(id, found.clone());
            }
        }
    }

    fn parent_is_gone(&mut self) {
        signal::look_for_parent();
        // Who ends has lost his descriptors before his children see that he is gone.
        if let Some(parent) = self.parent.as_ref().filter(|_| !signal::accepts()) {
            // It would be told again and again.
            let _ = self.set.remove(parent);
            self.parent = None;
        }
    }

    /// Something has come of a client, or it has room.
    #[inline]
    fn heard(&mut self, ready: Ready) {
        let Some(id) = self.clients.of_number(ready.number) else {
            self.strangers.push(ready.number);
            return;
        };
        let Some(client) = self.clients.get_mut(id) else { return };
        match client.phase {
            Phase::Greeting => self.shake_hands(id),
            Phase::Parting(_) => self.take_rest(id),
            Phase::Naming(_) => {
                if ready.over {
                    client.phase = Phase::Served;
                    client.leave(Leave::AtOnce);
                    self.settle(id);
                }
            }
            Phase::Served => {
                client.full &= !(ready.writable || ready.over);
                if ready.over && client.ended {
                    // It can be neither read from nor written to.
                    client.leave(Leave::AtOnce);
                }
                if ready.readable || ready.over { self.read(id) } else { self.settle(id) }
            }
        }
    }
}

/// Others, and a stop.
impl<S: MuxServer> Turns<'_, S> {
    /// Those that callbacks of others have written to or closed. One that closes may write to others in turn.
    fn see_to_others(&mut self) {
        while !self.clients.touched.is_empty() {
            for id in mem::take(&mut self.clients.touched) {
                if let Some(client) = self.clients.get_mut(id) {
                    client.touched = false;
                    self.settle(id);
                }
            }
        }
    }

    /// Does what a stop asks for, as far as it has gone.
    fn look_at_stop(&mut self) {
        if !self.stopping && !signal::accepts() {
            self.stopping = true;
            self.gate.close();
            for id in self.clients.ids() {
                self.say_goodbye(id);
                self.settle(id);
            }
            self.say_who_stays();
        }
        let answers = || self.clients.iter().any(|client| client.conn.is_datagram());
        if self.stopping && self.gate.keeps_addresses() && !answers() {
            self.gate.free();
        }
        // One that has lost what it needs does not wait for clients that stay for hours.
        if !self.closing && guard::is_fatal() {
            self.closing = true;
            self.leave_all(Leave::Sent);
        }
        if signal::stage() >= Stage::Quick {
            self.leave_all(Leave::AtOnce);
        }
        self.see_to_others();
    }

    /// Whoever looks at a stop that takes long sees what it waits for.
    fn say_who_stays(&self) {
        let (count, limit) = (self.clients.count(), self.info.stop_timing().graceful);
        if count > 0 && signal::stage() == Stage::Graceful {
            let clients = if count == 1 { "client" } else { "clients" };
            log::info!("{count} {clients} may finish, for up to {limit:?}");
        }
    }

    /// Tells one of the stop, once.
    pub(super) fn say_goodbye(&mut self, id: ConnId) {
        let client = self.clients.get_mut(id);
        if let Some(client) = client.filter(|client| client.is_open() && !client.told) {
            client.told = true;
            self.call(id, "mux_stopping", S::mux_stopping);
        }
    }

    /// Has all leave.
    fn leave_all(&mut self, how: Leave) {
        for id in self.clients.ids() {
            let Some(client) = self.clients.get_mut(id) else { continue };
            if matches!(client.phase, Phase::Parting(_)) {
                if how == Leave::AtOnce {
                    client.conn.break_off();
                    self.close(id);
                }
                continue;
            }
            client.phase = Phase::Served;
            client.leave(how);
            self.settle(id);
        }
    }
}
