//! How clients come in: what their protocol says first, who they are, and the hooks that meet them.

use std::io;
use std::mem;

use super::client::{Client, Leave, Phase};
use super::clients::ConnId;
use super::event_loop::{CANNOT_WAIT, Turns};
use super::failure::fail;
use super::gate::{Fault, fault};
use super::server::MuxServer;
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::guard;
use crate::listener::Listener;
use crate::lookup::{self, Found};
use crate::report;
use crate::serve::TOO_MANY;
use crate::sys::signal;

/// The most clients that may wait at a listener: more do not fit into a queue of the kernel.
const MOST_WAITING: usize = 65_536;

impl<S: MuxServer> Turns<'_, S> {
    pub(super) fn let_in(&mut self) -> Result<()> {
        let mut ready = Vec::new();
        self.gate.look(&mut ready).map_err(|err| Error::because(CANNOT_WAIT, err))?;
        ready.into_iter().try_for_each(|place| self.let_in_at(place))
    }

    /// Lets in all who wait, and nobody later.
    pub(super) fn let_all_in(&mut self) -> Result<()> {
        self.only_waiting = true;
        (0..self.gate.count()).try_for_each(|place| self.let_in_at(place))?;
        self.close_if_empty()
    }

    /// Nobody comes any more where those who waited were let in.
    pub(super) fn close_if_empty(&mut self) -> Result<()> {
        if self.only_waiting && self.gate.is_open() && self.gate.next().is_none() {
            self.gate.close();
            let mut listeners = (0..).map_while(|place| self.gate.listener(place));
            listeners.try_for_each(Listener::end)?;
        }
        Ok(())
    }

    pub(super) fn let_in_at(&mut self, place: usize) -> Result<()> {
        let Some(listener) = self.gate.listener(place) else { return Ok(()) };
        let most = if self.only_waiting { MOST_WAITING } else { self.gate.burst(place) };
        if self.has_elders.is_some_and(|until| self.now < until) {
            // Where a stop has taken it away that is seen next.
            let _ = listener.set_waiting(false);
        }
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

    pub(super) fn meet(&mut self, place: usize, listener: &Listener, accepted: Accepted) {
        if let Some(counter) = self.counter.take() {
            counter.count();
        }
        let address = accepted.peer.ip();
        let admitted = address.is_none_or(|address| self.crowd.admits(address));
        let is_packet = accepted.is_datagram();
        let mut packet = Buffers::empty();
        if is_packet {
            mem::swap(&mut packet, &mut self.spare);
        }
        let conn = Connection::looped(accepted, listener.name(), self.terms.limits(), packet);
        // Who has too many connections has no more of our time.
        if !admitted && !listener.is_plain() {
            report::denied(&conn, TOO_MANY);
            return;
        }
        let now = self.now;
        let inserted = self.clients.insert(|id| Client {
            admitted,
            speaks_first: listener.is_client_first(),
            counted: address.filter(|_| admitted),
            ..Client::new(id, conn, place, now)
        });
        let Some(id) = inserted else {
            address.filter(|_| admitted).into_iter().for_each(|address| self.crowd.leaves(address));
            return;
        };
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
    pub(super) fn shake_hands(&mut self, id: ConnId) {
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
                client.given_up = true;
                self.let_go(id);
            }
        }
    }

    /// Ends one that nobody has met, with what its protocol has said.
    pub(super) fn let_go(&mut self, id: ConnId) {
        if let Some(client) = self.clients.get_mut(id) {
            client.phase = Phase::Served;
            client.leave = Leave::Sent;
            self.settle(id);
        }
    }

    /// Who it is, which comes before every hook.
    pub(super) fn greet(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.conn.begin_request();
        let address = client.conn.peer_ref().ip();
        if let Some(address) = address.filter(|_| client.admitted && self.terms.needs_name()) {
            let until = self.now + lookup::LIMIT;
            client.phase = Phase::Naming(until);
            match self.names.ask(id, address, (self.now, until)) {
                Ok(()) => self.wait_for(id),
                Err(why) => self.named(id, Err(why)),
            }
            return;
        }
        self.welcome(id);
    }

    /// Its name is known, or that it has none.
    pub(super) fn named(&mut self, id: ConnId, found: Found) {
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
    pub(super) fn welcome(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.phase = Phase::Served;
        client.read = self.now;
        report::connected(&client.conn);
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
        self.begin_to_read(id);
        if self.stopping || self.only_waiting {
            // After what it has asked already. It is one of the last, and is told so like those before.
            self.say_goodbye(id);
            self.settle(id);
        }
    }

    /// Takes what hooks have left, and what has come since.
    pub(super) fn begin_to_read(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.conn.is_datagram() {
            let packet = client.conn.take_buffers();
            self.take_packet(id, &packet);
            self.spare = packet;
            return;
        }
        client.input = client.conn.take_unread();
        if !client.input.is_empty() && client.is_open() {
            self.take(id, 0);
        }
        self.read(id);
    }
}
