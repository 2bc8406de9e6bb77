//! One connection from accept to close, with its hooks in the manual's order.

use std::error::Error;
use std::io;
use std::sync::Arc;

use log::Level;

use crate::acceptor::Arrival;
use crate::access::{Credentials, Facts, Name, Rules, Verdict};
use crate::address::Address;
use crate::buffer::Buffers;
use crate::connection::{Connection, End};
use crate::error::AnyError;
use crate::guard::{self, Failure};
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::lookup;
use crate::seat::Seat;
use crate::stdio;
use crate::wire::Limits;

/// What holds for every connection of a worker.
#[derive(Debug)]
pub(crate) struct Terms {
    limits: Limits,
    /// Whether a client is standard input and output.
    stdio: bool,
    rules: Arc<Rules>,
}

impl Terms {
    /// In the worker, which has no more standard input and output of its own then where a client is to
    /// be that.
    pub(crate) fn of(info: &ServerInfo) -> io::Result<Self> {
        let options = info.options();
        let stdio = options.stdio();
        if stdio {
            stdio::close()?;
        }
        Ok(Self { limits: Limits::of(options), stdio, rules: Arc::clone(info.rules()) })
    }
}

/// Serves one connection. Whatever goes wrong on it is logged and ends it, and no more.
pub(crate) fn serve_connection<S: NetServer>(
    server: &mut S,
    terms: &Terms,
    seat: &mut impl Seat,
    arrival: Arrival<'_>,
    buffers: Buffers,
) -> Buffers {
    let Arrival { listener, accepted } = arrival;
    let proto = listener.proto();
    let mut conn = Connection::new(accepted, proto.name(), terms.limits, buffers);
    let mut log = Reporter { peer: conn.peer(), panicked: false };
    // Who has too many connections has no more of our time.
    let mut admitted = log.peer.ip().is_none_or(|ip| seat.admits(ip));
    if !admitted && !listener.is_plain() {
        log::debug!("access denied: max_per_ip; client {}", log.peer);
        return close(conn, &mut log, false);
    }
    let greeted = guard::run(|| {
        conn.begin_handshake();
        proto.handshake(&mut conn)
    });
    if !log.passes("handshake", greeted, conn.faults()) {
        return close(conn, &mut log, false);
    }
    conn.begin_request();
    if conn.peer().ip() != log.peer.ip() {
        // A proxy has told who it really is.
        log.peer = conn.peer();
        admitted = log.peer.ip().is_none_or(|ip| seat.admits(ip));
    }
    log.peer = conn.peer();
    log::debug!("CONNECT {} Peer: \"{}\"", conn.proto().to_uppercase(), log.peer);
    if admitted && let Some(ip) = log.peer.ip().filter(|_| terms.rules.needs_name()) {
        conn.set_peer_host(lookup::confirmed_name(ip, lookup::LIMIT));
    }
    let broken = exchange(server, terms, admitted, &mut conn, &mut log);
    let buffers = close(conn, &mut log, broken);
    let closed = guard::run(|| server.post_client_connection_hook());
    log.passes("post_client_connection_hook", closed, &[]);
    buffers
}

/// The hooks of a client that has its standard input and output. Tells whether the reply was broken
/// off.
fn exchange<S: NetServer>(
    server: &mut S,
    terms: &Terms,
    admitted: bool,
    conn: &mut Connection,
    log: &mut Reporter,
) -> bool {
    if !terms.stdio {
        return meet(server, terms, admitted, conn, log);
    }
    let opened = conn.lend().and_then(|stream| stream.map_or(Ok(()), stdio::open));
    let opened = opened.map_err(|err| Failure::Error(err.into()));
    let broken = log.passes("stdio", opened, &[]) && meet(server, terms, admitted, conn, log);
    let printed = stdio::end();
    let faults: Vec<_> = printed.as_ref().err().map(io::Error::kind).into_iter().collect();
    log.passes(
        "sending what was printed",
        printed.map_err(|err| Failure::Error(err.into())),
        &faults,
    );
    broken
}

/// The hooks that meet a client, in the manual's order. Tells whether the reply was broken off.
fn meet<S: NetServer>(
    server: &mut S,
    terms: &Terms,
    admitted: bool,
    conn: &mut Connection,
    log: &mut Reporter,
) -> bool {
    let accepted = guard::run(|| server.post_accept_hook(conn));
    if !log.passes("post_accept_hook", accepted, conn.faults()) {
        return false;
    }
    let allowed = is_allowed(terms, admitted, conn, log) && {
        let verdict = guard::run(|| server.allow_deny_hook(conn));
        log.value("allow_deny_hook", verdict, conn.faults()).unwrap_or(false)
    };
    if allowed {
        let served = guard::run(|| server.process_request(conn));
        log.passes("process_request", served, conn.faults());
    } else {
        let denied = guard::run(|| server.request_denied_hook(conn));
        log.passes("request_denied_hook", denied, conn.faults());
    }
    let broken = log.panicked;
    if !broken {
        // A whole reply, whatever becomes of the next hook.
        let sent = conn.deliver().map_err(|err| Failure::Error(err.into()));
        log.passes("sending the reply", sent, conn.faults());
    }
    let after = guard::run(|| server.post_process_request_hook(conn, allowed));
    log.passes("post_process_request_hook", after, conn.faults());
    broken
}

impl Facts {
    /// What is known of a client, as far as the rules ask for it.
    fn of(conn: &Connection, rules: &Rules) -> Self {
        let peer = conn.peer();
        let name = match conn.peer_host() {
            _ if !rules.needs_name() => Name::NotAsked,
            Some(host) => Name::Confirmed(host.to_owned()),
            None => Name::Unknown,
        };
        // Nobody is what the kernel does not tell.
        let nobody = Credentials { uid: u32::MAX, gid: u32::MAX };
        let known = || conn.peer_cred().ok().flatten();
        let credentials = peer.is_unix().then(|| match rules.ask_for_users().then(known) {
            Some(Some(cred)) => Credentials { uid: cred.uid, gid: cred.gid },
            _ => nobody,
        });
        Self { address: peer.ip(), name, credentials }
    }
}

/// What the rules say of a client.
fn is_allowed(terms: &Terms, admitted: bool, conn: &Connection, log: &Reporter) -> bool {
    let verdict = if admitted {
        terms.rules.decide(&Facts::of(conn, &terms.rules))
    } else {
        Verdict::Denied("max_per_ip".into())
    };
    match verdict {
        Verdict::Allowed => true,
        Verdict::Denied(reason) => {
            log::debug!("access denied: {reason}; client {}", log.peer);
            false
        }
    }
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
    peer: Address,
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
        let peer = &self.peer;
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
