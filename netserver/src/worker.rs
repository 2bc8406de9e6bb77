//! The loop of a process that serves: accept, serve, until it is told to stop.

use crate::acceptor::Acceptor;
use crate::buffer::Buffers;
use crate::connection::Limits;
use crate::error::Result;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::serve::serve_connection;

/// Where a worker says what it does.
pub(crate) trait Seat {
    /// A connection was accepted.
    fn busy(&mut self);

    /// The connection is closed. Tells whether another may be served.
    fn idle(&mut self) -> bool;
}

/// A worker that nobody watches.
#[derive(Debug)]
pub(crate) struct Alone;

impl Seat for Alone {
    fn busy(&mut self) {}

    fn idle(&mut self) -> bool {
        true
    }
}

/// Serves until this process is told to stop or the seat has had enough. The role of its signals
/// is set already.
///
/// # Errors
/// Where a listener is broken.
pub(crate) fn work<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: &Listeners,
    mut seat: impl Seat,
) -> Result<()> {
    let limits = Limits::of(info.options());
    let mut acceptor = Acceptor::new(listeners)?;
    let mut buffers = Buffers::default();
    while let Some(accepted) = acceptor.accept()? {
        seat.busy();
        buffers = serve_connection(server, accepted, limits, buffers);
        if !seat.idle() {
            break;
        }
    }
    Ok(())
}
