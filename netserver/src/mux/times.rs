//! What is over, or begins again, by its time.

use std::io;
use std::time::{Duration, Instant};

use super::client::{Client, Leave, Phase};
use super::clients::ConnId;
use super::event_loop::{CANNOT_WAIT, Turns};
use super::failure::fail_by;
use super::server::MuxServer;
use crate::error::{Error, Result};
use crate::lookup::Unconfirmed;

impl<S: MuxServer> Turns<'_, S> {
    pub(super) fn look_at_times(&mut self) -> Result<()> {
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
    pub(super) fn look(&mut self, id: ConnId) {
        let Some(client) = self.clients.get_mut(id) else { return };
        let (bounds, now) = (self.bounds, self.now);
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match client.phase {
            Phase::Parting(_) => return self.take_rest(id),
            Phase::Greeting if is_over(client.over_at()) => {
                overdue(client, "handshake");
                return self.let_go(id);
            }
            // Nobody has met it yet, and its name would come too late for anybody to.
            Phase::Naming(_) if is_over(client.over_at()) => {
                overdue(client, "reverse lookup");
                return self.let_go(id);
            }
            Phase::Naming(until) if until <= now => {
                return self.named(id, Err(Unconfirmed::Late));
            }
            Phase::Greeting | Phase::Naming(_) => return self.wait_for(id),
            Phase::Served => {}
        }
        // A packet's client may have room by now, and nobody tells. And while others had their turn another may
        // have sent or taken what nobody has looked at yet.
        let has_room = client.conn.is_datagram()
            || (is_over(client.write_until(&bounds)) && client.conn.has_room());
        client.full &= !has_room;
        if is_over(client.write_until(&bounds)) || is_over(client.read_until(&bounds)) {
            self.read(id);
        }
        let Some(client) = self.clients.get_mut(id) else { return };
        if client.phase != Phase::Served {
            return;
        }
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
}

#[cold]
fn overdue(client: &mut Client, what: &str) {
    if let Some(deadline) = client.conn.deadline() {
        fail_by(client, what, deadline.is_over());
    }
}

#[cold]
fn timed_out(client: &mut Client, what: &str, limit: Duration) {
    let text = format!("the client {what} for {limit:?}");
    let phase = if what == "took nothing" { "sending the reply" } else { "reading" };
    fail_by(client, phase, io::Error::new(io::ErrorKind::TimedOut, text));
}
