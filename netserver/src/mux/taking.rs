//! What comes in, and the callbacks that take it.

use std::io;
use std::mem;

use super::client::{Client, Leave};
use super::clients::ConnId;
use super::event_loop::{ROOM, Turns};
use super::failure::{fail, fail_by};
use super::handle::Mux;
use super::input::{Input, LINE_END};
use super::server::MuxServer;
use crate::buffer::Buffers;
use crate::connection::Connection;
use crate::error::Result;
use crate::guard::{self, Failure};
use crate::report;

impl<S: MuxServer> Turns<'_, S> {
    /// One read, and what follows from it.
    #[inline]
    pub(super) fn read(&mut self, id: ConnId) {
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
                    let gone = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
                    let is_gone = gone.contains(&err.kind());
                    fail_by(client, "reading", err);
                    // Nothing more can be sent to it; one that has ended its half may still read.
                    client.leave(if is_gone { Leave::AtOnce } else { Leave::Sent });
                }
            }
        }
        self.settle(id);
    }

    /// What has come is taken: so many bytes of the room, behind what was left before.
    #[inline]
    pub(super) fn take(&mut self, id: ConnId, count: usize) {
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
            if own.capacity() > own.len() + ROOM {
                own.shrink_to_fit();
            }
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
    pub(super) fn hold_line(&self, client: &mut Client) {
        let limit = self.bounds.line;
        let is_over = limit > 0 && client.input.len() > limit.saturating_add(LINE_END);
        if is_over && client.is_open() {
            let what = format!("a line longer than max_line, {limit} bytes");
            fail_by(client, "mux_input", io::Error::new(io::ErrorKind::InvalidData, what));
            client.leave(Leave::Sent);
        }
    }

    /// The client sends no more.
    pub(super) fn take_end(&mut self, id: ConnId) {
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
    pub(super) fn take_packet(&mut self, id: ConnId, packet: &Buffers) {
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
    pub(super) fn call(
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
    pub(super) fn hook<T>(
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
        let conn = &client.conn;
        let failed = |failure| report::failed(conn.peer_ref(), what, failure, conn.faults());
        result.map_err(failed).ok()
    }
}
