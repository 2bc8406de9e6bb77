//! The loop of a process that serves: accept, serve, until it is told to stop.

use crate::acceptor::{Acceptor, Wait};
use crate::buffer::Buffers;
use crate::connection::Limits;
use crate::error::Result;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::serve::serve_connection;
use crate::stop::Stage;
use crate::sys::signal;

/// Where a worker says what it does.
pub(crate) trait Seat {
    /// It waits for its first connection.
    fn ready(&mut self);

    /// A connection was accepted.
    fn busy(&mut self);

    /// The connection is closed. Tells whether another may be served.
    fn idle(&mut self) -> bool;
}

/// A worker that nobody watches; it goes on for as long as what it holds says so.
#[derive(Debug)]
pub(crate) struct Alone<F>(pub(crate) F);

impl<F: FnMut() -> bool> Seat for Alone<F> {
    fn ready(&mut self) {}

    fn busy(&mut self) {}

    fn idle(&mut self) -> bool {
        self.0()
    }
}

/// Serves until this process is told to stop or the seat has had enough. The role of its signals
/// is set already, and a stop ends the listeners.
///
/// # Errors
/// Where a listener is broken.
pub(crate) fn work<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: &Listeners,
    seat: &mut impl Seat,
) -> Result<()> {
    let limits = Limits::of(info.options());
    let wait = match Wait::new(listeners) {
        // A stop has ended the listeners already.
        Err(_) if signal::stage() != Stage::Serving => return Ok(()),
        wait => wait?,
    };
    let known = wait.known();
    let mut acceptor = Acceptor::new(&wait, &known);
    let mut buffers = Buffers::default();
    // A hook may have changed it: a client that goes away must not end the process.
    signal::ignore_pipe()?;
    seat.ready();
    while let Some(accepted) = acceptor.accept()? {
        seat.busy();
        buffers = serve_connection(server, info, accepted, limits, buffers);
        if !seat.idle() {
            break;
        }
    }
    Ok(())
}
