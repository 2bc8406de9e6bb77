//! One connection from accept to close, with its hooks in the manual's order.

use std::error::Error;
use std::io;

use log::Level;

use crate::acceptor::Accepted;
use crate::buffer::Buffers;
use crate::connection::{Connection, End, Limits, Peer};
use crate::error::AnyError;
use crate::guard::{self, Failure};
use crate::handler::NetServer;
use crate::info::ServerInfo;

/// Serves one connection. Whatever goes wrong on it is logged and ends it, and no more.
pub(crate) fn serve_connection<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    accepted: Accepted,
    limits: Limits,
    buffers: Buffers,
) -> Buffers {
    let mut conn = Connection::new(accepted, limits, buffers);
    let mut log = Reporter { peer: conn.peer(), panicked: false };
    let greeted = guard::run(|| info.handshake().map_or(Ok(()), |shake| shake(&mut conn)));
    if !log.passes("handshake", greeted, conn.faults()) {
        return close(conn, &mut log, false);
    }
    log.peer = conn.peer();
    log::debug!("CONNECT TCP Peer: \"{}\"", log.peer);
    let accepted = guard::run(|| server.post_accept_hook(&mut conn));
    let mut broken = false;
    if log.passes("post_accept_hook", accepted, conn.faults()) {
        let verdict = guard::run(|| server.allow_deny_hook(&mut conn));
        let allowed = log.value("allow_deny_hook", verdict, conn.faults()).unwrap_or(false);
        if allowed {
            let served = guard::run(|| server.process_request(&mut conn));
            log.passes("process_request", served, conn.faults());
        } else {
            let denied = guard::run(|| server.request_denied_hook(&mut conn));
            log.passes("request_denied_hook", denied, conn.faults());
        }
        broken = log.panicked;
        if !broken {
            // A whole reply, whatever becomes of the next hook.
            let sent = conn.deliver().map_err(|err| Failure::Error(err.into()));
            log.passes("sending the reply", sent, conn.faults());
        }
        let after = guard::run(|| server.post_process_request_hook(&mut conn, allowed));
        log.passes("post_process_request_hook", after, conn.faults());
    }
    let buffers = close(conn, &mut log, broken);
    let closed = guard::run(|| server.post_client_connection_hook());
    log.passes("post_client_connection_hook", closed, &[]);
    buffers
}

/// Closes a connection, whose reply may be broken off.
fn close(conn: Connection, log: &mut Reporter, broken: bool) -> Buffers {
    let end = match (broken, log.panicked) {
        (true, _) => End::Broken,
        (false, true) => End::Dropped,
        (false, false) => End::Whole,
    };
    let (sent, buffers) = conn.close(end);
    let faults: Vec<io::ErrorKind> = sent.as_ref().err().map(io::Error::kind).into_iter().collect();
    log.passes("sending the reply", sent.map_err(|err| Failure::Error(err.into())), &faults);
    buffers
}

/// Logs what failed on one connection.
struct Reporter {
    peer: Peer,
    /// Whether anything panicked: then what is gathered may be half a reply.
    panicked: bool,
}

impl Reporter {
    fn passes(
        &mut self,
        what: &str,
        result: Result<(), Failure>,
        faults: &[io::ErrorKind],
    ) -> bool {
        self.value(what, result, faults).is_some()
    }

    /// The value, or `None` once a failure is logged; `faults` are how the connection itself failed.
    fn value<T>(
        &mut self,
        what: &str,
        result: Result<T, Failure>,
        faults: &[io::ErrorKind],
    ) -> Option<T> {
        let peer = self.peer;
        match result {
            Ok(value) => return Some(value),
            Err(Failure::Panic(text)) => {
                self.panicked = true;
                log::warn!("{what} {text}; client {peer}");
            }
            Err(Failure::Error(err)) => {
                // Its source is its own code, too.
                let clients = guard::run(|| Ok::<_, std::fmt::Error>(is_clients(&err, faults)));
                let level = if clients.unwrap_or(false) { Level::Debug } else { Level::Warn };
                log::log!(level, "{what} failed: {}; client {peer}", guard::text_of(err));
            }
        }
        None
    }
}

/// Whether an error is the failure of the connection, which its client brought about, and not of
/// something else that a handler reads or writes. It may have been wrapped on its way here.
fn is_clients(err: &AnyError, faults: &[io::ErrorKind]) -> bool {
    /// An error may be its own source.
    const DEEPEST: usize = 64;
    let mut level: Option<&(dyn Error + 'static)> = Some(err.as_ref());
    for _ in 0..DEEPEST {
        let Some(err) = level else { break };
        let io = err.downcast_ref::<io::Error>();
        if io.is_some_and(|io| faults.contains(&io.kind())) {
            return true;
        }
        let inner =
            io.and_then(io::Error::get_ref).map(|inner| -> &(dyn Error + 'static) { inner });
        level = inner.or_else(|| err.source());
    }
    false
}
