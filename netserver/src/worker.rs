//! The loop of a process that serves: accept, serve, until it is told to stop.

use std::io;

use crate::accept_lock::Taker;
use crate::acceptor::{Acceptor, Arrival, Faults, Wait};
use crate::buffer::Buffers;
use crate::error::Result;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::seat::{Alone, Post};
use crate::serve::{Terms, serve_connection};
use crate::sys::ends::{Known, Waiting};
use crate::sys::signal;

/// How one process serves clients.
pub(crate) trait Craft<S> {
    /// Serves until this process is told to stop or its post has had enough. The role of its signals is set
    /// already, and a stop ends the listeners. `taker` is what workers take turns by.
    ///
    /// # Errors
    /// Where a listener is broken.
    fn work(
        server: &mut S,
        info: &ServerInfo,
        listeners: &Listeners,
        taker: Option<Taker<'_>>,
        post: &mut impl Post,
        buffers: Buffers,
    ) -> Result<()>;

    /// Serves whoever waits at these listeners: nobody comes once they were all accepted.
    ///
    /// # Errors
    /// Where a listener cannot be closed, or what serving needs is not to be had.
    fn serve_waiting(server: &mut S, info: &ServerInfo, listeners: &[Listener]) -> Result<()>;
}

/// One connection after the other.
#[derive(Debug)]
pub(crate) struct OneByOne;

impl<S: NetServer> Craft<S> for OneByOne {
    fn work(
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

    fn serve_waiting(server: &mut S, info: &ServerInfo, listeners: &[Listener]) -> Result<()> {
        let terms = Terms::of(info);
        terms.begin()?;
        signal::ignore_pipe()?;
        let mut buffers = Buffers::default();
        let mut waiting = Vec::new();
        for listener in listeners {
            listener.set_waiting(false)?;
            let mut faults = Faults::default();
            for _ in 0..MOST_WAITING {
                buffers.clear();
                match listener.accept(&mut buffers) {
                    // What a packet holds is in the buffers, and it can be answered without the listener.
                    Ok(accepted) if accepted.is_datagram() => {
                        let arrival = Arrival::at(listener, accepted);
                        buffers = serve_connection(
                            server,
                            &terms,
                            &mut Alone(|| false),
                            arrival,
                            buffers,
                        );
                    }
                    Ok(accepted) => waiting.push(Arrival::at(listener, accepted)),
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => break,
                    Err(err) => faults.look_at(&err)?,
                }
            }
            listener.end()?;
        }
        for arrival in waiting {
            buffers.clear();
            buffers = serve_connection(server, &terms, &mut Alone(|| false), arrival, buffers);
        }
        Ok(())
    }
}

/// More do not fit into a queue of the kernel.
const MOST_WAITING: usize = 65_536;
