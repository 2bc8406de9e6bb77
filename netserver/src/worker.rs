//! The loop of a process that serves: accept, serve, until it is told to stop.

use crate::accept_lock::Taker;
use crate::acceptor::{Acceptor, Arrival, Wait};
use crate::buffer::Buffers;
use crate::error::Result;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::seat::{Alone, Post};
use crate::serve::{Terms, serve_connection};
use crate::stop::Stage;
use crate::sys::ends::{Known, Waiting};
use crate::sys::signal;

/// Serves until this process is told to stop or its post has had enough. The role of its signals
/// is set already, and a stop ends the listeners. `taker` is what workers take turns by.
///
/// # Errors
/// Where a listener is broken.
pub(crate) fn work<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: &Listeners,
    taker: Option<Taker<'_>>,
    post: &mut impl Post,
    mut buffers: Buffers,
) -> Result<()> {
    let terms = Terms::of(info);
    terms.begin()?;
    let wait = match Wait::new(listeners, taker, post) {
        // A stop has ended the listeners already.
        Err(_) if !signal::accepts() => return Ok(()),
        wait => wait?,
    };
    let known = wait.known();
    // While no packet is to be answered a stop closes what that would be done by.
    let all = Known::new(listeners.all_descriptors());
    let more = listeners.all_descriptors().count() > listeners.descriptors().count();
    let mut acceptor = Acceptor::new(&wait, &known);
    // A hook may have changed it: a client that goes away must not end the process.
    signal::ignore_pipe()?;
    post.ready();
    while let Some(arrival) = acceptor.accept(&mut buffers, post)? {
        post.busy();
        let _all = (more && !arrival.accepted.is_datagram()).then(|| Waiting::on(&all));
        buffers = serve_connection(server, &terms, post.seat(), arrival, buffers);
        if !post.idle() {
            break;
        }
    }
    post.gone();
    Ok(())
}

/// Serves whoever waits at these listeners, and nobody who comes once the last of them is served.
///
/// # Errors
/// Where standard input and output cannot be given to clients.
pub(crate) fn serve_waiting<'a, S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: impl Iterator<Item = &'a Listener>,
) -> Result<()> {
    let terms = Terms::of(info);
    terms.begin()?;
    signal::ignore_pipe()?;
    let mut buffers = Buffers::default();
    for listener in listeners {
        listener.set_waiting(false)?;
        while signal::stage() <= Stage::Graceful {
            buffers.clear();
            let Ok(accepted) = listener.accept(&mut buffers) else { break };
            let arrival = Arrival::at(listener, accepted);
            buffers = serve_connection(server, &terms, &mut Alone(|| false), arrival, buffers);
        }
    }
    Ok(())
}
