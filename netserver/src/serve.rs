//! One connection from accept to close, with its hooks in the manual's order.

use std::io;
use std::sync::Arc;

use netserver_options::BuiltIn;

use crate::acceptor::Arrival;
use crate::access::{Credentials, Facts, Name, Rules, Verdict};
use crate::buffer::Buffers;
use crate::connection::{Connection, End};
use crate::guard::{self, Failure};
use crate::handler::{Hooks, NetServer};
use crate::info::ServerInfo;
use crate::listener::Spoken;
use crate::lookup;
use crate::report;
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
                report::denied(conn, &reason);
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
    let Arrival { spoken, accepted, since } = arrival;
    let mut conn = Connection::new(accepted, spoken.name, terms.limits, buffers);
    if let Some(since) = since {
        conn.begin_at(since);
    }
    conn.timed_by(seat.timer());
    let mut visit = Visit { terms, spoken, conn: &mut conn, admitted: true, panicked: false };
    let greeted = visit.greet(seat);
    let broken = match (greeted, terms.stdio) {
        (false, _) => false,
        (true, true) => visit.meet_by_stdio(server),
        (true, false) => visit.meet(server),
    };
    visit.finish(broken, seat);
    let told = greeted && S::WRITTEN.is_none_or(|all| all.contains(&CLOSED));
    let peer = told.then(|| conn.peer());
    let buffers = if terms.left_open { conn.leave_open() } else { conn.close() };
    if let Some(peer) = peer {
        let closed = guard::run(|| server.post_client_connection_hook());
        closed.unwrap_or_else(|failure| report::failed(&peer, CLOSED, failure, &[]));
    }
    buffers
}

const CLOSED: &str = "post_client_connection_hook";

/// One client, from accept to close.
struct Visit<'a> {
    terms: &'a Terms,
    spoken: &'a Spoken,
    conn: &'a mut Connection,
    /// Whether its client has no more connections than it may have.
    admitted: bool,
    /// Whether anything panicked: then what is gathered may be half a reply.
    panicked: bool,
}

impl Visit<'_> {
    /// What comes before every hook: who it is, and what its protocol says first. Tells whether there is
    /// somebody to be met.
    #[inline]
    fn greet(&mut self, seat: &mut impl Seat) -> bool {
        // Who has too many connections has no more of our time.
        self.admitted = self.conn.peer_ref().ip().is_none_or(|ip| seat.admits(ip));
        if !self.spoken.plain && !self.shake_hands(seat) {
            return false;
        }
        self.conn.begin_request();
        if self.admitted && self.terms.needs_name() {
            ask_for_name(self.conn);
        }
        report::connected(self.conn);
        true
    }

    /// What both say first. Tells whether they agreed.
    #[inline(never)]
    fn shake_hands(&mut self, seat: &mut impl Seat) -> bool {
        if !self.admitted {
            report::denied(self.conn, TOO_MANY);
            return false;
        }
        let before = self.conn.peer_ref().ip();
        let agreed = guard::run(|| {
            self.conn.begin_handshake();
            self.spoken.proto.handshake(self.conn)
        });
        let agreed = self.passes("handshake", agreed);
        let real = self.conn.peer_ref().ip();
        if agreed && real != before {
            // A proxy has told who it really is.
            self.admitted = real.is_none_or(|ip| seat.admits(ip));
        }
        agreed
    }

    /// The hooks of a client that is standard input and output. Tells whether the reply was broken off.
    fn meet_by_stdio<S: NetServer>(&mut self, server: &mut S) -> bool {
        let opened = self.conn.lend().and_then(|stream| stream.map_or(Ok(()), stdio::open));
        let broken = self.sent("stdio", opened) && self.meet(server);
        self.sent("sending what was printed", stdio::end());
        broken
    }

    /// The hooks that meet a client, in the manual's order. Tells whether the reply was broken off.
    fn meet<S: NetServer>(&mut self, server: &mut S) -> bool {
        let accepted = guard::run(|| server.post_accept_hook(self.conn));
        if !self.passes("post_accept_hook", accepted) {
            return false;
        }
        let allowed = self.terms.allow(self.conn, self.admitted) && {
            let verdict = guard::run(|| server.allow_deny_hook(self.conn));
            self.value("allow_deny_hook", verdict).unwrap_or(false)
        };
        if allowed {
            let served = guard::run(|| server.process_request(self.conn));
            self.passes("process_request", served);
        } else {
            let denied = guard::run(|| server.request_denied_hook(self.conn));
            self.passes("request_denied_hook", denied);
        }
        let broken = self.panicked;
        if !broken {
            // A whole reply, whatever becomes of the next hook.
            let last = self.spoken.client_first;
            let sent = if last { self.conn.deliver_last() } else { self.conn.deliver() };
            self.sent("sending the reply", sent);
        }
        let after = guard::run(|| server.post_process_request_hook(self.conn, allowed));
        self.passes("post_process_request_hook", after);
        broken
    }

    /// Has the connection end as it should, its reply perhaps broken off.
    #[inline]
    fn finish(&mut self, broken: bool, seat: &mut impl Seat) {
        let end = match (broken, self.panicked) {
            (true, _) => End::Broken,
            (false, true) => End::Dropped,
            (false, false) => End::Whole,
        };
        if self.conn.ends_with_reply() {
            seat.release();
        }
        let sent = self.conn.finish(end);
        self.sent("sending the reply", sent);
        seat.release();
    }

    /// Whether what was to reach the client did; if not it is the client's doing.
    #[inline]
    fn sent(&mut self, what: &str, sent: io::Result<()>) -> bool {
        let Err(err) = sent else { return true };
        let fault = err.kind();
        report::failed(self.conn.peer_ref(), what, Failure::Error(err.into()), &[fault]);
        false
    }

    #[inline]
    fn passes(&mut self, what: &str, result: Result<(), Failure>) -> bool {
        self.value(what, result).is_some()
    }

    /// The value, or `None` once a failure is logged.
    #[inline]
    fn value<T>(&mut self, what: &str, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.panicked |= matches!(failure, Failure::Panic(_));
                report::failed(self.conn.peer_ref(), what, failure, self.conn.faults());
                None
            }
        }
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
