//! What a server does that is called with what has come, for many connections at once.

use std::io;

use super::handle::Mux;
use super::input::Input;
use crate::handler::Hooks;

/// A server that one loop calls with what has come, on whichever of its connections.
///
/// All callbacks run in one thread, one after the other: one that waits for anything keeps everybody
/// waiting. What they write by [`Mux`] is sent once they have returned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take what a loop has read",
    label = "no `mux_input`",
    note = "put `#[net_server(personality = \"multiplex\")]` on the impl block that has `fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()>`"
)]
pub trait MuxServer: Hooks {
    /// Greets a client.
    ///
    /// *When:* once for each connection that may be served, before anything was read of it.
    ///
    /// *Default:* says nothing.
    ///
    /// # Errors
    /// Are logged and end the connection, once what was written is sent: at level 3 where they are the
    /// connection's own, at level 1 otherwise. A panic is logged at level 1 and ends it at once.
    fn mux_connection(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let _ = mux;
        Ok(())
    }

    /// Takes what has come. What it leaves comes again, in front of what follows.
    ///
    /// *When:* each time that something has come; with the whole packet where that is a datagram.
    ///
    /// # Errors
    /// As those of [`mux_connection`](Self::mux_connection).
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()>;

    /// Takes the rest.
    ///
    /// *When:* once the client has ended its input. The connection closes after it, when what was written
    /// is sent, unless it is to [`stay_open`](Mux::stay_open).
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// As those of [`mux_connection`](Self::mux_connection).
    fn mux_eof(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        let _ = (mux, input);
        Ok(())
    }

    /// Does what was to be done at that time.
    ///
    /// *When:* once after each [`set_timeout`](Mux::set_timeout), unless another one has taken its place.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// As those of [`mux_connection`](Self::mux_connection).
    fn mux_timeout(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let _ = mux;
        Ok(())
    }

    /// Says goodbye, and perhaps closes.
    ///
    /// *When:* once for each connection, when a graceful stop or a restart begins. It goes on until it ends
    /// by itself or `graceful_timeout` is over.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// As those of [`mux_connection`](Self::mux_connection).
    fn mux_stopping(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let _ = mux;
        Ok(())
    }

    /// Forgets a client, and perhaps tells others.
    ///
    /// *When:* last for each connection that [`mux_connection`](Self::mux_connection) was called for,
    /// whoever has ended it, and also after a panic. What is written to it goes nowhere.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn mux_close(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let _ = mux;
        Ok(())
    }
}
