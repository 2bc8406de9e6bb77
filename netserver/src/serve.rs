//! One connection from accept to close, with its hooks in the manual's order.

use std::io;
use std::sync::Arc;

use log::Level;
use netserver_options::BuiltIn;

use crate::acceptor::Arrival;
use crate::access::{Credentials, Facts, Name, Rules, Verdict};
use crate::address::Address;
use crate::buffer::Buffers;
use crate::connection::{Connection, End};
use crate::error::{AnyError, levels};
use crate::guard::{self, Failure};
use crate::handler::{Hooks, NetServer};
use crate::info::ServerInfo;
use crate::lookup;
use crate::proto::Proto;
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
    /// Whether the end of the process, which follows at once, closes its connection: one call less.
    left_open: bool,
}

impl Terms {
    pub(crate) fn of(info: &ServerInfo) -> Self {
        let options = info.options();
        let stdio = options.stdio() || info.personality() == BuiltIn::Inet.name();
        let rules = Arc::clone(info.rules());
        Self { limits: Limits::of(options), stdio, rules, left_open: false }
    }

    /// The time and room that a connection may take.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether a client is asked for its name.
    pub(crate) fn needs_name(&self) -> bool {
        self.rules.needs_name()
    }

    /// What the rules say. `admitted` tells whether the client has no more connections than it may have.
    #[inline]
    pub(crate) fn allow(&self, conn: &Connection, admitted: bool) -> bool {
        if admitted && self.rules.allow_everybody() {
            return true;
        }
        let verdict = if admitted {
            self.rules.decide(&Facts::of(conn, &self.rules))
        } else {
            Verdict::Denied(TOO_MANY.into())
        };
        match verdict {
            Verdict::Allowed => true,
            Verdict::Denied(reason) => {
                Reporter::of(conn).denied(&reason);
                false
            }
        }
    }

    /// For a process that ends with its one connection. Where a server has no hook that comes in between
    /// that end closes it.
    pub(crate) fn of_one<S: Hooks>(info: &ServerInfo) -> Self {
        let between = ["post_client_connection_hook", "child_finish_hook"];
        let none = S::WRITTEN.is_some_and(|all| !all.iter().any(|name| between.contains(name)));
        Self { left_open: none, ..Self::of(info) }
    }

    /// From here on the calling process serves. It has no more standard input and output of its own
    /// where a client is to be that.
    #[inline]
    pub(crate) fn begin(&self) -> io::Result<()> {
        if self.stdio { stdio::close() } else { Ok(()) }
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
    let Arrival { proto, name, plain, client_first, accepted } = arrival;
    let mut conn = Connection::new(accepted, name, terms.limits, buffers);
    conn.timed_by(seat.timer());
    let log = Reporter::of(&conn);
    let mut visit = Visit { terms, conn: &mut conn, log, client_first, admitted: true };
    let greeted = visit.greet(proto, plain, seat);
    let broken = match (greeted, terms.stdio) {
        (false, _) => false,
        (true, true) => visit.meet_by_stdio(server),
        (true, false) => visit.meet(server),
    };
    visit.finish(broken, seat);
    let mut log = visit.log;
    let buffers = if terms.left_open { conn.leave_open() } else { conn.close() };
    if greeted {
        let closed = guard::run(|| server.post_client_connection_hook());
        log.passes("post_client_connection_hook", closed, &[]);
    }
    buffers
}

/// One client, from accept to close.
struct Visit<'a> {
    terms: &'a Terms,
    conn: &'a mut Connection,
    log: Reporter,
    client_first: bool,
    /// Whether its client has no more connections than it may have.
    admitted: bool,
}

impl Visit<'_> {
    /// What comes before every hook: who it is, and what its protocol says first. Tells whether there is
    /// somebody to be met.
    #[inline]
    fn greet(&mut self, proto: &dyn Proto, plain: bool, seat: &mut impl Seat) -> bool {
        let Self { terms, conn, log, admitted, .. } = self;
        // Who has too many connections has no more of our time.
        *admitted = log.peer.ip().is_none_or(|ip| seat.admits(ip));
        if !*admitted && !plain {
            log.denied(TOO_MANY);
            return false;
        }
        if !plain && !log.shakes_hands(proto, conn) {
            return false;
        }
        conn.begin_request();
        if *conn.peer_ref() != log.peer {
            // A proxy has told who it really is.
            let before = std::mem::replace(&mut log.peer, conn.peer()).ip();
            if log.peer.ip() != before {
                *admitted = log.peer.ip().is_none_or(|ip| seat.admits(ip));
            }
        }
        if *admitted && terms.needs_name() {
            ask_for_name(conn);
        }
        log.connected(conn);
        true
    }

    /// The hooks of a client that is standard input and output. Tells whether the reply was broken off.
    fn meet_by_stdio<S: NetServer>(&mut self, server: &mut S) -> bool {
        let opened = self.conn.lend().and_then(|stream| stream.map_or(Ok(()), stdio::open));
        let broken = self.log.sent("stdio", opened) && self.meet(server);
        self.log.sent("sending what was printed", stdio::end());
        broken
    }

    /// The hooks that meet a client, in the manual's order. Tells whether the reply was broken off.
    fn meet<S: NetServer>(&mut self, server: &mut S) -> bool {
        let accepted = guard::run(|| server.post_accept_hook(self.conn));
        if !self.log.passes("post_accept_hook", accepted, self.conn.faults()) {
            return false;
        }
        let allowed = self.terms.allow(self.conn, self.admitted);
        let Self { conn, log, client_first, .. } = self;
        let allowed = allowed && {
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
            let sent = if *client_first { conn.deliver_last() } else { conn.deliver() };
            log.sent("sending the reply", sent);
        }
        let after = guard::run(|| server.post_process_request_hook(conn, allowed));
        log.passes("post_process_request_hook", after, conn.faults());
        broken
    }

    /// Has the connection end as it should, its reply perhaps broken off.
    #[inline]
    fn finish(&mut self, broken: bool, seat: &mut impl Seat) {
        let end = match (broken, self.log.panicked) {
            (true, _) => End::Broken,
            (false, true) => End::Dropped,
            (false, false) => End::Whole,
        };
        if self.conn.ends_with_reply() {
            seat.release();
        }
        let sent = self.conn.finish(end);
        self.log.sent("sending the reply", sent);
        seat.release();
    }
}

/// Looks for the name of a client that has an address.
#[inline(never)]
fn ask_for_name(conn: &mut Connection) {
    if let Some(ip) = conn.peer_ref().ip() {
        conn.set_peer_host(lookup::confirmed_name(ip, lookup::LIMIT));
    }
}

pub(crate) const TOO_MANY: &str = "max_per_ip";

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

/// Logs what failed on one connection.
#[derive(Debug)]
pub(crate) struct Reporter {
    peer: Address,
    /// Whether anything panicked: then what is gathered may be half a reply.
    panicked: bool,
}

impl Reporter {
    #[inline]
    pub(crate) fn of(conn: &Connection) -> Self {
        Self { peer: conn.peer(), panicked: false }
    }

    /// Whether what was to reach the client did; if not it is the client's doing.
    #[inline]
    pub(crate) fn sent(&mut self, what: &str, sent: io::Result<()>) -> bool {
        let Err(err) = sent else { return true };
        let fault = err.kind();
        self.passes(what, Err(Failure::Error(err.into())), &[fault])
    }

    /// What both say first. Tells whether they agreed.
    #[inline(never)]
    fn shakes_hands(&mut self, proto: &dyn Proto, conn: &mut Connection) -> bool {
        let greeted = guard::run(|| {
            conn.begin_handshake();
            proto.handshake(conn)
        });
        self.passes("handshake", greeted, conn.faults())
    }

    /// Says who has come.
    #[inline]
    pub(crate) fn connected(&self, conn: &Connection) {
        if log::log_enabled!(Level::Debug) {
            self.tell_connected(conn);
        }
    }

    #[cold]
    fn tell_connected(&self, conn: &Connection) {
        let proto = conn.proto().to_uppercase();
        let local = conn.local().unwrap_or(Address::UNKNOWN);
        if self.peer.is_unix() {
            log::debug!("CONNECT {proto} Socket: \"{}\"", in_brackets(&local));
            return;
        }
        let host = conn.peer_host().map(|host| format!(" ({host})")).unwrap_or_default();
        let (peer, local) = (in_brackets(&self.peer), in_brackets(&local));
        log::debug!("CONNECT {proto} Peer: \"{peer}\"{host} Local: \"{local}\"");
    }

    /// A rule has decided against the client.
    pub(crate) fn denied(&self, reason: &str) {
        log::debug!("access denied: {reason}; client {}", self.peer);
    }

    #[inline]
    fn passes(
        &mut self,
        what: &str,
        result: Result<(), Failure>,
        faults: &[io::ErrorKind],
    ) -> bool {
        self.value(what, result, faults).is_some()
    }

    /// The value, or `None` once a failure is logged; `faults` are how the connection itself failed.
    #[inline]
    fn value<T>(
        &mut self,
        what: &str,
        result: Result<T, Failure>,
        faults: &[io::ErrorKind],
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.failed(what, failure, faults);
                None
            }
        }
    }

    #[cold]
    pub(crate) fn failed(&mut self, what: &str, failure: Failure, faults: &[io::ErrorKind]) {
        let peer = &self.peer;
        match failure {
            Failure::Panic(text) => {
                self.panicked = true;
                log::warn!("{what} {text}; client {peer}");
            }
            Failure::Error(err) => {
                guard::note_fatal(what, &err);
                // Its source is its own code, too.
                let clients = guard::run(|| Ok::<_, std::fmt::Error>(is_clients(&err, faults)));
                let level = if clients.unwrap_or(false) { Level::Debug } else { Level::Warn };
                log::log!(level, "{what} failed: {}; client {peer}", guard::text_of(err));
            }
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
