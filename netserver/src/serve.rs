//! One connection from accept to close, with its hooks in the manual's order.

use std::error::Error;
use std::io;

use log::Level;

use crate::acceptor::Accepted;
use crate::buffer::Buffers;
use crate::connection::{Connection, Limits, Peer};
use crate::error::{AnyError, chain};
use crate::guard::{self, Failure};
use crate::handler::NetServer;

/// Serves one connection. Whatever goes wrong on it is logged and ends it, and no more.
pub(crate) fn serve_connection<S: NetServer>(
    server: &mut S,
    accepted: Accepted,
    limits: Limits,
    buffers: Buffers,
) -> Buffers {
    let mut conn = Connection::new(accepted, limits, buffers);
    let peer = conn.peer();
    log::debug!("CONNECT TCP Peer: \"{peer}\"");
    let mut log = Reporter { peer, panicked: false };
    if log.passes("post_accept_hook", guard::run(|| server.post_accept_hook(&mut conn))) {
        let verdict = guard::run(|| server.allow_deny_hook(&mut conn));
        let allowed = log.value("allow_deny_hook", verdict).unwrap_or(false);
        if allowed {
            log.passes("process_request", guard::run(|| server.process_request(&mut conn)));
        } else {
            log.passes("request_denied_hook", guard::run(|| server.request_denied_hook(&mut conn)));
        }
        let after = guard::run(|| server.post_process_request_hook(&mut conn, allowed));
        log.passes("post_process_request_hook", after);
    }
    let (sent, buffers) = conn.close(!log.panicked);
    log.passes("sending the reply", sent.map_err(|err| Failure::Error(err.into())));
    log.passes("post_client_connection_hook", guard::run(|| server.post_client_connection_hook()));
    buffers
}

/// Logs what failed on one connection.
struct Reporter {
    peer: Peer,
    /// Whether anything panicked: then what is gathered may be half a reply.
    panicked: bool,
}

impl Reporter {
    fn passes(&mut self, what: &str, result: Result<(), Failure>) -> bool {
        self.value(what, result).is_some()
    }

    fn value<T>(&mut self, what: &str, result: Result<T, Failure>) -> Option<T> {
        let peer = self.peer;
        match result {
            Ok(value) => return Some(value),
            Err(Failure::Panic(text)) => {
                self.panicked = true;
                log::warn!("{what} {text}; client {peer}");
            }
            Err(Failure::Error(err)) => {
                let level = if is_clients_fault(&err) { Level::Debug } else { Level::Warn };
                log::log!(level, "{what} failed: {}; client {peer}", chain(err.as_ref()));
            }
        }
        None
    }
}

/// Whether a client brought it about: it went away, was too slow, or broke the protocol. The error
/// may have been wrapped on its way here.
fn is_clients_fault(err: &AnyError) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, NotConnected, TimedOut,
        UnexpectedEof,
    };
    let mut level: Option<&(dyn Error + 'static)> = Some(err.as_ref());
    while let Some(err) = level {
        let io = err.downcast_ref::<io::Error>();
        let inner =
            io.and_then(io::Error::get_ref).map(|inner| -> &(dyn Error + 'static) { inner });
        match io.map(io::Error::kind) {
            Some(
                BrokenPipe | ConnectionAborted | ConnectionReset | InvalidData | NotConnected
                | TimedOut | UnexpectedEof,
            ) => return true,
            _ => level = inner.or_else(|| err.source()),
        }
    }
    false
}
