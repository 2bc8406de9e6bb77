//! What the log is told of a connection: who has come, who was denied, and what went wrong.

use std::io;

use log::Level;

use crate::address::Address;
use crate::connection::Connection;
use crate::error::{AnyError, levels};
use crate::guard::{self, Failure};

/// Says who has come.
#[inline]
pub(crate) fn connected(conn: &Connection) {
    if log::log_enabled!(Level::Debug) {
        tell_connected(conn);
    }
}

#[cold]
fn tell_connected(conn: &Connection) {
    let (proto, peer) = (conn.proto().to_uppercase(), conn.peer_ref());
    let local = conn.local().unwrap_or(Address::UNKNOWN);
    if peer.is_unix() {
        log::debug!("CONNECT {proto} Socket: \"{}\"", in_brackets(&local));
        return;
    }
    let host = conn.peer_host().map(|host| format!(" ({host})")).unwrap_or_default();
    let (peer, local) = (in_brackets(peer), in_brackets(&local));
    log::debug!("CONNECT {proto} Peer: \"{peer}\"{host} Local: \"{local}\"");
}

/// A rule has decided against the client.
pub(crate) fn denied(conn: &Connection, reason: &str) {
    log::debug!("access denied: {reason}; client {}", conn.peer_ref());
}

/// How `what` has failed, which the client of that address brought about where it is one of `faults`: those
/// of its connection.
#[cold]
pub(crate) fn failed(peer: &Address, what: &str, failure: Failure, faults: &[io::ErrorKind]) {
    match failure {
        Failure::Panic(text) => log::warn!("{what} {text}; client {peer}"),
        Failure::Error(err) => {
            guard::note_fatal(what, &err);
            // Its source is its own code, too.
            let clients = guard::run(|| Ok::<_, std::fmt::Error>(is_clients(&err, faults)));
            let level = if clients.unwrap_or(false) { Level::Debug } else { Level::Warn };
            log::log!(level, "{what} failed: {}; client {peer}", guard::text_of(err));
        }
    }
}

/// An end of a connection as Net::Server shows it: every address in brackets.
fn in_brackets(end: &Address) -> String {
    match (end.ip(), end.port(), end.path()) {
        (Some(ip), Some(port), _) => format!("[{ip}]:{port}"),
        (.., Some(path)) => path.display().to_string(),
        _ => end.to_string(),
    }
}

/// Whether an error is the failure of the connection, which its client brought about, and not of
/// something else that a handler reads or writes. It may have been wrapped on its way here.
fn is_clients(err: &AnyError, faults: &[io::ErrorKind]) -> bool {
    levels(err.as_ref())
        .filter_map(|err| err.downcast_ref::<io::Error>())
        .any(|io| faults.contains(&io.kind()))
}
