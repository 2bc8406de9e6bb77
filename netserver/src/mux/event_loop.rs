//! The loop: each turn waits once for all, and calls for whatever has come.

use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use log::Level;

use super::client::{Bounds, Client, Leave, Phase};
use super::clients::{Clients, ConnId};
use super::crowd::Crowd;
use super::gate::{Fault, Gate, fault};
use super::handle::Mux;
use super::input::Input;
use super::names::Names;
use super::server::MuxServer;
use crate::accept_lock::Taker;
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::guard::{self, Failure};
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::lookup::{self, Found, Unconfirmed};
use crate::seat::Post;
use crate::serve::{Reporter, TOO_MANY, Terms};
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::poll::{Events, Interest, PollSet, Ready};
use crate::sys::signal;
use crate::wire;
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
        signal::ignore_pipe()?;
        post.ready();
        let outcome = turns.serve();
        drop(turns);
        post.gone();
        outcome
    }

    fn serve_waiting(server: &mut S, info: &ServerInfo, listeners: &[Listener]) -> Result<()> {
        let gate = gate(listeners.iter().collect())?;
        let mut turns = Turns::new(server, info, gate, None)?;
        signal::ignore_pipe()?;
        turns.let_all_in()?;
        turns.serve()
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
const ROOM: usize = 16 * 1024;
/// The most connections that one turn hears of.
const EVENTS: usize = 512;
/// The most clients that may wait at a listener: more do not fit into a queue of the kernel.
const MOST_WAITING: usize = 65_536;

/// The numbers of what is no connection.
const BELL: u64 = u64::MAX;
const GATE: u64 = BELL - 1;
const PARENT: u64 = BELL - 2;

const CANNOT_WAIT: &str = "cannot wait for clients";

/// The loop with all that it serves.
struct Turns<'a, S> {
    server: &'a mut S,
    info: &'a ServerInfo,
    terms: Terms,
    bounds: Bounds,
    gate: Gate<'a>,
    /// What breaks once the parent is gone.
    parent: Option<OwnedFd>,
    set: PollSet,
    events: Events,
    /// Rung by the handler of signals, and where a name was found.
    bell: Arc<OwnedFd>,
    names: Names,
    clients: Clients,
    crowd: Crowd,
    /// When this turn began.
    now: Instant,
    /// For whatever is read.
    room: Vec<u8>,
    /// Those of which there is more to be read, though the kernel may have nothing.
    again: Vec<ConnId>,
    /// For the next packet.
    spare: Buffers,
    /// Whether those who wait are all that there will be.
    only_waiting: bool,
    /// Whether a stop has begun, and whether all are to leave.
    stopping: bool,
    closing: bool,
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
        let set = PollSet::new().map_err(cannot)?;
        let bell = Arc::new(descriptor::bell().map_err(cannot)?);
        set.add(&bell, BELL).map_err(cannot)?;
        if let Some(listeners) = gate.set() {
            set.add(listeners, GATE).map_err(cannot)?;
        }
        let parent = parent.map(|parent| descriptor::duplicate(parent.as_fd()));
        let parent = parent.transpose().map_err(cannot)?;
        if let Some(parent) = &parent {
            set.add_end_of(parent, PARENT).map_err(cannot)?;
        }
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
            names: Names::new(&bell),
            bell,
            clients: Clients::new(now),
            crowd: Crowd::new(most),
            now,
            room: vec![0; ROOM],
            again: Vec::new(),
            spare: Buffers::empty(),
            only_waiting: false,
            stopping: false,
            closing: false,
        })
    }

    /// Serves until nobody is let in any more, and the last one is gone.
    fn serve(&mut self) -> Result<()> {
        loop {
            self.look_at_stop();
            if !self.gate.is_open() && self.clients.is_empty() {
                return Ok(());
            }
            self.turn()?;
        }
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
        let mut waiting = false;
        for at in 0.. {
            match self.events.get(at) {
                None => break,
                Some(Ready { number: GATE, .. }) => waiting = true,
                Some(Ready { number: BELL, .. }) => self.rung(),
                Some(Ready { number: PARENT, .. }) => self.parent_is_gone(),
                Some(ready) => self.heard(ready),
            }
        }
        for id in again {
            self.read(id);
        }
        if waiting {
            self.let_in()?;
        }
        self.look_at_times()?;
        self.see_to_others();
        Ok(())
    }

    /// Something has happened that is no client's doing.
    fn rung(&mut self) {
        descriptor::drain(&self.bell);
        while let Some((id, found)) = self.names.found() {
            self.named(id, found);
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
        let Some(id) = self.clients.of_number(ready.number) else { return };
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

/// Letting clients in.
impl<S: MuxServer> Turns<'_, S> {
    fn let_in(&mut self) -> Result<()> {
        let mut ready = Vec::new();
        self.gate.look(&mut ready).map_err(|err| Error::because(CANNOT_WAIT, err))?;
        ready.into_iter().try_for_each(|place| self.let_in_at(place))
    }

    /// Lets in all who wait, and nobody later.
    fn let_all_in(&mut self) -> Result<()> {
        self.only_waiting = true;
        (0..self.gate.count()).try_for_each(|place| self.let_in_at(place))?;
        self.close_if_empty()
    }

    /// Nobody comes any more where those who waited were let in.
    fn close_if_empty(&mut self) -> Result<()> {
        if self.only_waiting && self.gate.is_open() && self.gate.next().is_none() {
            self.gate.close();
            let mut listeners = (0..).map_while(|place| self.gate.listener(place));
            listeners.try_for_each(Listener::end)?;
        }
        Ok(())
    }

    fn let_in_at(&mut self, place: usize) -> Result<()> {
        let Some(listener) = self.gate.listener(place) else { return Ok(()) };
        let most = if self.only_waiting { MOST_WAITING } else { self.gate.burst(place) };
        let mut count = 0;
        while count < most && (self.only_waiting || signal::accepts()) {
            self.spare.clear();
            match listener.accept(&mut self.spare) {
                Ok(accepted) => {
                    count += 1;
                    self.meet(place, listener, accepted);
                }
                Err(err) => match fault(&err)? {
                    Fault::Nobody => break,
                    Fault::Again => {}
                    Fault::Short => {
                        self.gate.took(place, count);
                        self.gate.is_short(place, &err, self.now);
                        return Ok(());
                    }
                },
            }
        }
        self.gate.took(place, count);
        Ok(())
    }

    fn meet(&mut self, place: usize, listener: &Listener, accepted: Accepted) {
        let address = accepted.peer.ip();
        let admitted = address.is_none_or(|address| self.crowd.admits(address));
        let is_packet = accepted.is_datagram();
        let buffers = mem::replace(&mut self.spare, Buffers::empty());
        let (packet, spare) =
            if is_packet { (buffers, Buffers::empty()) } else { (Buffers::empty(), buffers) };
        self.spare = spare;
        let conn = Connection::looped(accepted, listener.name(), self.terms.limits(), packet);
        // Who has too many connections has no more of our time.
        if !admitted && !listener.is_plain() {
            Reporter::of(&conn).denied(TOO_MANY);
            return;
        }
        let now = self.now;
        let inserted = self.clients.insert(|id| Client {
            admitted,
            counted: address.filter(|_| admitted),
            ..Client::new(id, conn, place, now)
        });
        let Some(id) = inserted else { return };
        if listener.is_plain() {
            self.greet(id);
            return;
        }
        if let Some(client) = self.clients.get_mut(id) {
            client.conn.begin_handshake();
        }
        self.shake_hands(id);
    }

    /// What both say first, as far as it has come.
    fn shake_hands(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let Some(listener) = self.gate.listener(client.listener) else { return };
        let conn = &mut client.conn;
        let shaken = guard::run(|| match listener.proto().handshake(conn) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(false),
            shaken => shaken.map(|()| true),
        });
        match shaken {
            Ok(true) => self.greet(id),
            Ok(false) => self.wait_for(id),
            Err(failure) => {
                fail(client, "handshake", failure);
                self.let_go(id);
            }
        }
    }

    /// Ends one that nobody has met, with what its protocol has said.
    fn let_go(&mut self, id: ConnId) {
        if let Some(client) = self.clients.get_mut(id) {
            client.phase = Phase::Served;
            client.leave = Leave::Sent;
            self.settle(id);
        }
    }

    /// Who it is, which comes before every hook.
    fn greet(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.conn.begin_request();
        let address = client.conn.peer_ref().ip();
        if let Some(address) = address.filter(|_| client.admitted && self.terms.needs_name()) {
            client.phase = Phase::Naming(self.now + lookup::LIMIT);
            match self.names.ask(id, address) {
                Ok(()) => self.wait_for(id),
                Err(why) => self.named(id, Err(why)),
            }
            return;
        }
        self.welcome(id);
    }

    /// Its name is known, or that it has none.
    fn named(&mut self, id: ConnId, found: Found) {
        let client = self.clients.get_mut(id);
        let Some(client) = client.filter(|client| matches!(client.phase, Phase::Naming(_))) else {
            return;
        };
        if let Some(address) = client.conn.peer_ref().ip() {
            client.conn.set_peer_host(lookup::told(address, found));
        }
        self.welcome(id);
    }

    /// The hooks that meet a client, and its first callbacks.
    fn welcome(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.phase = Phase::Served;
        client.read = self.now;
        if log::log_enabled!(Level::Debug) {
            Reporter::of(&client.conn).connected(&client.conn);
        }
        if self.hook(id, "post_accept_hook", S::post_accept_hook).is_none() {
            self.let_go(id);
            return;
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        let allowed = self.terms.allow(&client.conn, client.admitted)
            && self.hook(id, "allow_deny_hook", S::allow_deny_hook).unwrap_or(false);
        if !allowed {
            self.hook(id, "request_denied_hook", S::request_denied_hook);
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        client.hook = Some(allowed);
        if !allowed {
            self.let_go(id);
            return;
        }
        client.met = true;
        self.call(id, "mux_connection", S::mux_connection);
        if self.stopping {
            self.say_goodbye(id);
        }
        self.begin_to_read(id);
    }

    /// Takes what hooks have left, and what has come since.
    fn begin_to_read(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let buffers = client.conn.take_buffers();
        if client.conn.is_datagram() {
            self.take_packet(id, &buffers);
            self.spare = buffers;
            return;
        }
        if !buffers.unread().is_empty() {
            client.input = buffers.unread().to_vec();
            if client.is_open() {
                self.take(id, 0);
            }
        }
        self.read(id);
    }
}

/// What comes in.
impl<S: MuxServer> Turns<'_, S> {
    /// One read, and what follows from it.
    #[inline]
    fn read(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.is_read() {
            match client.conn.receive_now(&mut self.room) {
                Ok(0) => self.take_end(id),
                Ok(count) => {
                    client.read = self.now;
                    if client.conn.has_unread() {
                        self.again.push(id);
                    }
                    self.take(id, count);
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                Err(err) => {
                    fail_by(client, "reading", err);
                    client.leave(Leave::Sent);
                }
            }
        }
        self.settle(id);
    }

    /// What has come is taken: so many bytes of the room, behind what was left before.
    #[inline]
    fn take(&mut self, id: ConnId, count: usize) {
        let Some(mut client) = self.clients.lend(id) else { return };
        let mut own = mem::take(&mut client.input);
        let come = &self.room[..count];
        let kept = !own.is_empty();
        if kept {
            own.extend_from_slice(come);
        }
        let mut input = Input::new(if kept { &own } else { come }, client.searched);
        let mut mux = Mux::new(&mut client, &mut self.clients, self.info);
        let taken = guard::run(|| self.server.mux_input(&mut mux, &mut input));
        let (count, searched) = input.end();
        client.searched = searched;
        if kept {
            own.drain(..count);
            client.input = own;
        } else if count < come.len() {
            client.input = come[count..].to_vec();
        }
        if client.input.is_empty() {
            client.input = Vec::new();
        }
        if let Err(failure) = taken {
            fail(&mut client, "mux_input", failure);
        }
        self.hold_line(&mut client);
        self.clients.give_back(client);
    }

    /// Lets nobody go on who sends more than the server is ever to take at once.
    fn hold_line(&self, client: &mut Client) {
        /// The bytes of `\r\n`.
        const LINE_END: usize = 2;
        let limit = self.bounds.line;
        let is_over = limit > 0 && client.input.len() > limit.saturating_add(LINE_END);
        if is_over && client.is_open() {
            let what = format!("a line longer than max_line, {limit} bytes");
            fail_by(client, "mux_input", io::Error::new(io::ErrorKind::InvalidData, what));
            client.leave(Leave::Sent);
        }
    }

    /// The client sends no more.
    fn take_end(&mut self, id: ConnId) {
        let Some(mut client) = self.clients.lend(id) else { return };
        client.ended = true;
        let own = mem::take(&mut client.input);
        let mut input = Input::new(&own, client.searched);
        let mut mux = Mux::new(&mut client, &mut self.clients, self.info);
        let taken = guard::run(|| self.server.mux_eof(&mut mux, &mut input));
        if let Err(failure) = taken {
            fail(&mut client, "mux_eof", failure);
        }
        if !client.stays {
            client.leave(Leave::Sent);
        }
        self.clients.give_back(client);
    }

    /// A packet is a connection of its own, whose output is the answer.
    fn take_packet(&mut self, id: ConnId, packet: &Buffers) {
        let Some(mut client) = self.clients.lend(id) else { return };
        client.ended = true;
        let mut input = Input::new(packet.unread(), 0);
        for (what, callback) in [
            ("mux_input", S::mux_input as fn(&mut S, &mut Mux<'_>, &mut Input<'_>) -> _),
            ("mux_eof", S::mux_eof),
        ] {
            if client.is_open() {
                let mut mux = Mux::new(&mut client, &mut self.clients, self.info);
                let taken = guard::run(|| callback(self.server, &mut mux, &mut input));
                if let Err(failure) = taken {
                    fail(&mut client, what, failure);
                }
            }
        }
        client.leave(Leave::Sent);
        self.clients.give_back(client);
        self.settle(id);
    }

    /// One callback that takes nothing.
    fn call(
        &mut self,
        id: ConnId,
        what: &str,
        callback: impl FnOnce(&mut S, &mut Mux<'_>) -> io::Result<()>,
    ) {
        let Some(mut client) = self.clients.lend(id) else { return };
        let mut mux = Mux::new(&mut client, &mut self.clients, self.info);
        if let Err(failure) = guard::run(|| callback(self.server, &mut mux)) {
            fail(&mut client, what, failure);
        }
        self.clients.give_back(client);
    }

    /// One hook; what it has written is to be sent, unless it panicked.
    fn hook<T>(
        &mut self,
        id: ConnId,
        what: &str,
        hook: impl FnOnce(&mut S, &mut Connection) -> Result<T>,
    ) -> Option<T> {
        let client = self.clients.get_mut(id)?;
        let result = guard::run(|| hook(self.server, &mut client.conn));
        if matches!(result, Err(Failure::Panic(_))) {
            client.conn.drop_written();
        }
        client.conn.take_written(&mut client.output.bytes);
        let failed = |failure| {
            Reporter::of(&client.conn).failed(what, failure, client.conn.faults());
        };
        result.map_err(failed).ok()
    }
}

/// What goes out, and how connections end.
impl<S: MuxServer> Turns<'_, S> {
    /// Sends what was written, ends what is to end, and waits for the rest.
    #[inline]
    fn settle(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.phase != Phase::Served {
            return;
        }
        if client.leave != Leave::AtOnce {
            match client.send(self.now) {
                Ok(()) => self.hold_output(id),
                Err(err) => {
                    fail_by(client, "sending the reply", err);
                    client.leave(Leave::AtOnce);
                }
            }
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        match client.leave {
            Leave::AtOnce => self.cut(id),
            Leave::Sent if client.hook.is_some() => {
                self.say_last(id);
                self.settle(id);
            }
            Leave::Sent if !client.is_behind() => self.part(id),
            Leave::Sent | Leave::No => {
                if client.press(self.bounds.unsent, self.now) && client.conn.has_unread() {
                    self.again.push(id);
                }
                self.wait_for(id);
            }
        }
    }

    /// Drops whoever takes too little of what is written.
    fn hold_output(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let limit = self.bounds.unsent;
        if limit > 0 && client.output.len() > limit {
            let what = format!("more than max_unsent, {limit} bytes, wait to be sent");
            fail_by(client, "sending the reply", io::Error::other(what));
            client.leave(Leave::AtOnce);
        }
    }

    /// The last hook of a connection.
    fn say_last(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if let Some(allowed) = client.hook.take() {
            self.hook(id, "post_process_request_hook", |server, conn| {
                server.post_process_request_hook(conn, allowed)
            });
        }
    }

    /// All is sent.
    fn part(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let parted = match client.conn.end_now() {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                client.full = true;
                client.wrote = self.now;
                self.wait_for(id);
                return;
            }
            // A client that sends no more, and of which all was read, can lose nothing.
            Ok(()) if client.ended && client.input.is_empty() && !client.conn.is_secret() => {
                Ok(false)
            }
            Ok(()) => client.conn.part(!client.input.is_empty()),
            Err(err) => Err(err),
        };
        let lingers = parted.unwrap_or_else(|err| {
            fail_by(client, "sending the reply", err);
            false
        });
        self.forget(id);
        if !lingers {
            self.close(id);
            return;
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        let limit = if self.bounds.write.is_zero() { wire::LONGEST } else { self.bounds.write };
        client.phase = Phase::Parting(self.now + limit);
        self.take_rest(id);
    }

    /// Takes what a client still sends that has not got all of its reply yet: closed before, it would lose it.
    fn take_rest(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let Phase::Parting(until) = client.phase else { return };
        let goes_on = client.conn.take_rest();
        let has_all = client.conn.has_all().unwrap_or(true);
        if has_all {
            client.phase = Phase::Parting(until.min(self.now + wire::AFTER_ALL));
        }
        let is_over = until <= self.now || client.over_at().is_some_and(|at| at <= self.now);
        match goes_on {
            Ok(true) if !is_over => return self.wait_for(id),
            Ok(true) if !has_all => {
                let what = "the client did not take the rest in its time";
                fail_by(client, "sending the reply", io::Error::other(what));
            }
            Err(err) if !has_all => fail_by(client, "sending the reply", err),
            _ => {}
        }
        self.close(id);
    }

    /// Ends it as it is.
    fn cut(&mut self, id: ConnId) {
        self.say_last(id);
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.conn.has_sent() || client.is_behind() {
            client.conn.break_off();
        }
        self.forget(id);
        self.close(id);
    }

    /// The last callback, and what was counted for it.
    fn forget(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.output.clear();
        if let Some(address) = client.counted.take() {
            self.crowd.leaves(address);
        }
        if mem::take(&mut client.met) {
            self.call(id, "mux_close", S::mux_close);
        }
    }

    fn close(&mut self, id: ConnId) {
        if let Some(client) = self.clients.remove(id) {
            client.conn.close();
        }
    }

    /// Has the kernel tell of it, and its time be looked at.
    #[inline]
    fn wait_for(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if let Some(stream) = client.conn.stream() {
            let (wants, number) = (client.wants(), id.number());
            let waits = match client.interest {
                None if wants == Interest::Nothing => Ok(()),
                None => self.set.add_for(&stream, wants, number),
                Some(interest) if interest == wants => Ok(()),
                Some(_) => self.set.change(&stream, wants, number),
            };
            if client.interest.is_some() || wants != Interest::Nothing {
                client.interest = Some(wants);
            }
            if let Err(err) = waits {
                log::warn!("cannot wait for client {}: {err}", client.conn.peer_ref());
                client.phase = Phase::Served;
                client.leave(Leave::AtOnce);
                self.cut(id);
                return;
            }
        }
        if let Some(due) = client.due(&self.bounds, self.now) {
            self.clients.schedule(id, due);
        }
    }
}

/// Times, others, and a stop.
impl<S: MuxServer> Turns<'_, S> {
    fn look_at_times(&mut self) -> Result<()> {
        let mut due = Vec::new();
        self.clients.expired(self.now, &mut due);
        for id in due {
            self.look(id);
        }
        let mut resumed = Vec::new();
        let resume = self.gate.go_on(self.now, &mut resumed);
        resume.map_err(|err| Error::because(CANNOT_WAIT, err))?;
        if resumed.is_empty() {
            return Ok(());
        }
        resumed.into_iter().try_for_each(|place| self.let_in_at(place))?;
        self.close_if_empty()
    }

    /// Whether the time of one is over.
    fn look(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let (bounds, now) = (self.bounds, self.now);
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match client.phase {
            Phase::Parting(_) => return self.take_rest(id),
            Phase::Greeting if is_over(client.over_at()) => {
                overdue(client, "handshake");
                return self.let_go(id);
            }
            Phase::Naming(until) if until <= now => {
                return self.named(id, Err(Unconfirmed::Late));
            }
            Phase::Greeting | Phase::Naming(_) => return self.wait_for(id),
            Phase::Served => {}
        }
        // A packet's client may have room by now, and nobody tells.
        client.full &= !client.conn.is_datagram();
        if is_over(client.over_at()) {
            overdue(client, "mux_input");
            let behind = client.is_behind();
            client.leave(if behind { Leave::AtOnce } else { Leave::Sent });
        } else if is_over(client.write_until(&bounds)) {
            timed_out(client, "took nothing", bounds.write);
            client.leave(Leave::AtOnce);
        } else if is_over(client.read_until(&bounds)) {
            timed_out(client, "sent nothing", bounds.read);
            client.leave(Leave::Sent);
        } else if client.is_open() && is_over(client.timer) {
            client.timer = None;
            self.call(id, "mux_timeout", S::mux_timeout);
        }
        self.settle(id);
    }

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

    fn look_at_stop(&mut self) {
        if !self.stopping && !signal::accepts() {
            self.stopping = true;
            self.gate.close();
            for id in self.clients.ids() {
                self.say_goodbye(id);
                self.settle(id);
            }
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

    fn say_goodbye(&mut self, id: ConnId) {
        let client = self.clients.get_mut(id);
        if let Some(client) = client.filter(|client| client.is_open() && !client.told) {
            client.told = true;
            self.call(id, "mux_stopping", S::mux_stopping);
        }
    }

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

/// What follows from a callback that has failed: after a panic nobody knows what was written, or half so.
#[cold]
fn fail(client: &mut Client, what: &str, failure: Failure) {
    let panicked = matches!(failure, Failure::Panic(_));
    let mut faults = client.conn.faults().to_vec();
    if client.ended {
        // Who needs more than there was fails with this, and it is the client's fault.
        faults.push(io::ErrorKind::UnexpectedEof);
    }
    Reporter::of(&client.conn).failed(what, failure, &faults);
    client.leave(if panicked { Leave::AtOnce } else { Leave::Sent });
}

/// The same of what is the client's own doing; how it is to leave is up to the caller.
#[cold]
fn fail_by(client: &Client, what: &str, err: io::Error) {
    let own = !client.conn.is_datagram() || err.kind() != io::ErrorKind::InvalidInput;
    let faults = [err.kind()];
    let faults = if own { &faults[..] } else { &[] };
    Reporter::of(&client.conn).failed(what, Failure::Error(err.into()), faults);
}

#[cold]
fn overdue(client: &Client, what: &str) {
    if let Some(deadline) = client.conn.deadline() {
        fail_by(client, what, deadline.is_over());
    }
}

#[cold]
fn timed_out(client: &Client, what: &str, limit: std::time::Duration) {
    let text = format!("the client {what} for {limit:?}");
    let phase = if what == "took nothing" { "sending the reply" } else { "reading" };
    fail_by(client, phase, io::Error::new(io::ErrorKind::TimedOut, text));
}
