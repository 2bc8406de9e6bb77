//! What goes out, and how connections end.

use std::io;
use std::mem;

use super::client::{Leave, Phase};
use super::clients::ConnId;
use super::event_loop::Turns;
use super::failure::fail_by;
use super::server::MuxServer;
use crate::sys::poll::Interest;
use crate::wire;

impl<S: MuxServer> Turns<'_, S> {
    /// Sends what was written, ends what is to end, and waits for the rest.
    #[inline]
    pub(super) fn settle(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.phase != Phase::Served {
            return;
        }
        if client.leave != Leave::AtOnce {
            match client.send(self.now, self.bounds.unsent) {
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
    pub(super) fn hold_output(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let limit = self.bounds.unsent;
        if limit > 0 && client.output.len() > limit {
            let what = format!("more than max_unsent, {limit} bytes, wait to be sent");
            fail_by(client, "sending the reply", io::Error::other(what));
            client.leave(Leave::AtOnce);
        }
    }

    /// The last hook of a connection.
    pub(super) fn say_last(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        if let Some(allowed) = client.hook.take() {
            self.hook(id, "post_process_request_hook", |server, conn| {
                server.post_process_request_hook(conn, allowed)
            });
        }
    }

    /// All is sent.
    pub(super) fn part(&mut self, id: ConnId) {
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
    pub(super) fn take_rest(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let Phase::Parting(mut until) = client.phase else { return };
        let goes_on = client.conn.take_rest();
        let has_all = client.has_all || client.conn.has_all().unwrap_or(true);
        if has_all && !mem::replace(&mut client.has_all, true) {
            until = until.min(self.now + wire::AFTER_ALL);
            client.phase = Phase::Parting(until);
        }
        let is_over = until <= self.now || client.over_at().is_some_and(|at| at <= self.now);
        match goes_on {
            Ok(true) if !is_over => return self.wait_for(id),
            Ok(true) if !has_all => {
                let what = "the client did not take the rest in its time";
                fail_by(client, "sending the reply", io::Error::new(io::ErrorKind::TimedOut, what));
            }
            Err(err) if !has_all => fail_by(client, "sending the reply", err),
            _ => {}
        }
        self.close(id);
    }

    /// Ends it as it is.
    pub(super) fn cut(&mut self, id: ConnId) {
        self.say_last(id);
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.conn.has_sent() || client.is_behind() {
            client.conn.break_off();
        }
        self.forget(id);
        self.close(id);
    }

    /// The last callback, and what was counted for it.
    pub(super) fn forget(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        client.output.clear();
        if let Some(address) = client.counted.take() {
            self.crowd.leaves(address);
        }
        if mem::take(&mut client.met) {
            self.call(id, "mux_close", S::mux_close);
        }
    }

    pub(super) fn close(&mut self, id: ConnId) {
        if let Some(client) = self.clients.remove(id) {
            client.conn.close();
        }
    }

    /// Has the kernel tell of it, and its time be looked at.
    #[inline]
    pub(super) fn wait_for(&mut self, id: ConnId) {
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
