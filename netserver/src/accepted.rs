//! What a protocol took from a listener: a stream, or one datagram.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::libc;

use crate::address::Address;
use crate::stop::Stage;
use crate::sys::poll;
use crate::sys::signal;
use crate::sys::socket::{self, Blocking, PeerCred, Received};

/// A client that was just accepted, as [`Proto::accept`](crate::Proto::accept) hands it on.
#[derive(Debug)]
pub struct Accepted {
    pub(crate) carrier: Carrier,
    pub(crate) peer: Address,
}

/// What carries the bytes of one connection.
#[derive(Debug)]
pub(crate) enum Carrier {
    Stream(OwnedFd, Blocking),
    /// One end to read from and one to write to, which are no sockets.
    Pipes(OwnedFd, OwnedFd),
    Datagram(Datagram),
}

impl Accepted {
    /// A stream that blocks up to the time limits it has inherited, as TCP does from its listener.
    #[inline]
    pub(crate) fn timed(stream: OwnedFd, peer: Address) -> Self {
        Self { carrier: Carrier::Stream(stream, Blocking::Timed), peer }
    }

    /// A stream that never blocks. The time limits of the options hold all the same.
    pub fn nonblocking(stream: OwnedFd, peer: Address) -> Self {
        Self { carrier: Carrier::Stream(stream, Blocking::Never), peer }
    }

    /// Two ends that are no sockets, of somebody without an address.
    pub(crate) fn pipes(input: OwnedFd, output: OwnedFd) -> Self {
        Self { carrier: Carrier::Pipes(input, output), peer: Address::UNKNOWN }
    }

    /// The same of whom no call waits, however its protocol took it.
    #[inline]
    pub(crate) fn at_once(mut self) -> Self {
        if let Carrier::Stream(_, blocking) = &mut self.carrier {
            *blocking = Blocking::AtOnce;
        }
        self
    }

    #[inline]
    pub(crate) fn is_datagram(&self) -> bool {
        matches!(self.carrier, Carrier::Datagram(_))
    }

    #[inline]
    pub(crate) fn datagram(datagram: Datagram, peer: Address) -> Self {
        Self { carrier: Carrier::Datagram(datagram), peer }
    }
}

/// Whether the kernel refuses the address that a packet was to come from.
fn is_no_source(err: &io::Error) -> bool {
    matches!(err.raw_os_error(), Some(libc::ENETUNREACH | libc::EINVAL | libc::EADDRNOTAVAIL))
}

/// How often a client that has no room for an answer is tried again.
pub(crate) const AGAIN: Duration = Duration::from_millis(10);

/// A socket that packets come to.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// What to answer by. It is not the listener's own descriptor, which a stop takes away.
    pub(crate) socket: OwnedFd,
    /// What the listener is bound to.
    pub(crate) bound: Address,
    /// The longest answer that may be.
    pub(crate) longest: usize,
}

/// One packet, and the way back to whoever sent it.
#[derive(Debug)]
pub(crate) struct Datagram {
    mailbox: Arc<Mailbox>,
    received: Box<Received>,
    pub(crate) truncated: bool,
}

impl Datagram {
    #[inline]
    pub(crate) fn new(mailbox: &Arc<Mailbox>, received: Box<Received>, room: usize) -> Self {
        let truncated = received.length > room;
        Self { mailbox: Arc::clone(mailbox), received, truncated }
    }

    /// The room that says where it came from.
    #[inline]
    pub(crate) fn into_received(self) -> Box<Received> {
        self.received
    }

    pub(crate) fn cred(&self) -> Option<PeerCred> {
        self.received.cred
    }

    /// The address that it was sent to.
    pub(crate) fn local(&self) -> Address {
        match (self.received.to, self.mailbox.bound.inet()) {
            (Some(to), Some(bound)) => std::net::SocketAddr::new(to.ip(), bound.port()).into(),
            _ => self.mailbox.bound.clone(),
        }
    }

    /// Errs where an answer of `length` bytes is none.
    #[inline]
    pub(crate) fn hold(&self, length: usize) -> io::Result<()> {
        if length <= self.mailbox.longest { Ok(()) } else { Err(self.too_long()) }
    }

    #[cold]
    fn too_long(&self) -> io::Error {
        let longest = self.mailbox.longest;
        let what = format!("an answer of over {longest} bytes does not fit into one packet");
        io::Error::new(io::ErrorKind::InvalidInput, what)
    }

    /// Answers, with all of `bytes` in one packet, unless it would have to wait for that.
    pub(crate) fn answer_now(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(to) = &self.received.from else {
            let what = "the client's socket has no address to answer to";
            return Err(io::Error::new(io::ErrorKind::NotConnected, what));
        };
        let mut from = self.received.to;
        loop {
            match socket::send(&self.mailbox.socket, bytes, to, from) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                // The question went to everybody, and nothing comes from there.
                Err(err) if from.is_some() && is_no_source(&err) => from = None,
                sent => return sent.map(|_| ()),
            }
        }
    }

    /// Answers, with all of `bytes` in one packet.
    pub(crate) fn answer(&self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        let mut start = None;
        loop {
            match self.answer_now(bytes) {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                sent => return sent,
            }
            if signal::stage() == Stage::Quick {
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server stops"));
            }
            let start = *start.get_or_insert_with(Instant::now);
            if !limit.is_zero() && start.elapsed() >= limit {
                let what = format!("the client took nothing for {limit:?}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            // The socket is everybody's, and cannot tell when this client has room again.
            poll::pause(AGAIN)?;
        }
    }
}
