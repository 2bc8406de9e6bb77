//! What a callback does to its connection and to others.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::client::{Client, Leave};
use super::clients::{Clients, ConnId};
use crate::address::Address;
use crate::connection::Connection;
use crate::info::ServerInfo;

/// The connection that a callback is called for, and all others of this process.
///
/// What is written is gathered, and sent once the callback has returned; nothing of this ever waits. To a
/// connection that closes nothing more is written, and that is no error.
///
/// ```
/// # use netserver::{Input, Mux};
/// # use std::io::{self, Write};
/// fn mux_input(mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
///     while let Some(line) = input.take_line() {
///         if line == "quit" {
///             mux.close();
///         }
///         let id = mux.id();
///         mux.write_others(format!("{id}: {line}\n"));
///     }
///     Ok(())
/// }
/// ```
pub struct Mux<'a> {
    client: &'a mut Client,
    others: &'a mut Clients,
    server: &'a ServerInfo,
}

impl<'a> Mux<'a> {
    /// `client` is lent by `others`.
    #[inline]
    pub(super) fn new(
        client: &'a mut Client,
        others: &'a mut Clients,
        server: &'a ServerInfo,
    ) -> Self {
        Self { client, others, server }
    }

    /// The number of this connection.
    #[inline]
    pub fn id(&self) -> ConnId {
        self.client.id
    }

    /// Writes to this connection.
    #[inline]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        if self.client.is_open() {
            self.client.output.push(bytes.as_ref());
        }
    }

    /// Writes to any connection. Tells whether it is there, and does not close.
    pub fn write_to(&mut self, id: ConnId, bytes: impl AsRef<[u8]>) -> bool {
        self.change(id, |client| client.output.push(bytes.as_ref()))
    }

    /// Writes to all but this one.
    pub fn write_others(&mut self, bytes: impl AsRef<[u8]>) {
        self.others.touch_all(|client| client.output.push(bytes.as_ref()));
    }

    /// Has this connection end, once all that was written is sent. Nothing more is read from it.
    #[inline]
    pub fn close(&mut self) {
        self.client.leave(Leave::Sent);
    }

    /// Has any connection end as [`close`](Self::close). Tells whether it is there, and did not close yet.
    pub fn close_other(&mut self, id: ConnId) -> bool {
        self.change(id, |client| client.leave(Leave::Sent))
    }

    /// Has a client that has ended its input be written to until [`close`](Self::close), where
    /// [`mux_eof`](crate::MuxServer::mux_eof) says so; else its connection closes after that.
    pub fn stay_open(&mut self) {
        self.client.stays = true;
    }

    /// All connections, this one among them, but for those that close.
    pub fn ids(&self) -> impl Iterator<Item = ConnId> {
        self.client.is_open().then_some(self.client.id).into_iter().chain(self.others())
    }

    /// All other connections, but for those that close.
    pub fn others(&self) -> impl Iterator<Item = ConnId> {
        self.others.iter().filter(|client| client.is_open()).map(|client| client.id)
    }

    /// How many bytes are written to this connection and not sent yet. With more than `max_unsent` at the end
    /// of a callback, what the client has not taken by then drops it.
    #[inline]
    pub fn unsent(&self) -> usize {
        self.client.output.len()
    }

    /// Has [`mux_timeout`](crate::MuxServer::mux_timeout) be called once after that time, and not when it
    /// would have been; with `None` not at all.
    pub fn set_timeout(&mut self, time: impl Into<Option<Duration>>) {
        self.client.timer = time.into().and_then(|time| Instant::now().checked_add(time));
    }

    /// The same for any connection. Tells whether it is there, and does not close.
    pub fn set_timeout_of(&mut self, id: ConnId, time: impl Into<Option<Duration>>) -> bool {
        let at = time.into().and_then(|time| Instant::now().checked_add(time));
        self.change(id, |client| client.timer = at)
    }

    /// This connection: who is at its other end, and how it is carried.
    #[inline]
    pub fn connection(&self) -> &Connection {
        &self.client.conn
    }

    /// Who is at the other end of this connection.
    pub fn peer(&self) -> Address {
        self.client.conn.peer()
    }

    /// Options, addresses and arguments.
    pub fn server(&self) -> &ServerInfo {
        self.server
    }

    fn change(&mut self, id: ConnId, change: impl FnOnce(&mut Client)) -> bool {
        if id != self.client.id {
            return self.others.touch(id, change);
        }
        let is_open = self.client.is_open();
        if is_open {
            change(self.client);
        }
        is_open
    }
}

/// It gathers what is written, and never fails.
impl Write for Mux<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Mux::write(self, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Mux<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mux").field("client", &self.client).finish_non_exhaustive()
    }
}
