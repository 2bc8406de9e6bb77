//! One visit to a server that may restart at any moment: what is sent, when the reply is whole, and
//! what may go wrong. Knows nothing of restarts.

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::testing::deadline::Deadline;
use crate::testing::exchange::{Failure, IsWhole};
use crate::testing::wire::Wire;

/// How a client was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    Refused,
    Reset,
    Truncated,
    TimedOut,
    Wrong,
    Other,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::TimedOut => "timed out",
            Self::Wrong => "wrong",
            Self::Other => "not possible",
        })
    }
}

/// What came of a visit that came to nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    Failed(Failure),
    /// The server closed before the reply was whole.
    Truncated(Vec<u8>),
    /// It was whole, and then more came.
    Wrong(Vec<u8>),
}

impl Fault {
    fn at(step: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |err| Self::Failed(Failure::at(step)(err))
    }

    pub(crate) fn loss(&self) -> Loss {
        match self {
            Self::Truncated(_) => Loss::Truncated,
            Self::Wrong(_) => Loss::Wrong,
            Self::Failed(failure) => match failure.kind {
                ErrorKind::ConnectionRefused => Loss::Refused,
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::NotConnected
                | ErrorKind::BrokenPipe => Loss::Reset,
                ErrorKind::TimedOut => Loss::TimedOut,
                _ => Loss::Other,
            },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Truncated(reply) => {
                write!(f, "closed after \"{}\", which is no whole reply", reply.escape_ascii())
            }
            Self::Wrong(reply) => {
                write!(f, "got \"{}\", which is more than a reply", reply.escape_ascii())
            }
        }
    }
}

/// What every client says, and wants to hear.
pub(crate) struct Exchange<'a> {
    pub(crate) request: Vec<u8>,
    pub(crate) is_whole: Box<IsWhole<'a>>,
}

impl Exchange<'_> {
    /// The whole visit.
    pub(crate) fn visit(&self, address: SocketAddr, deadline: Deadline) -> Result<(), Fault> {
        let mut wire = Wire::connect(address, deadline).map_err(Fault::at("connect"))?;
        wire.send(&self.request, deadline).map_err(Fault::at("send"))?;
        self.receive(wire, deadline)
    }

    /// All of it but the last byte of the request, and the reply to it.
    pub(crate) fn begin(&self, address: SocketAddr, deadline: Deadline) -> Result<Wire, Fault> {
        let mut wire = Wire::connect(address, deadline).map_err(Fault::at("connect"))?;
        let (first, _) = self.halves();
        wire.send(first, deadline).map_err(Fault::at("send"))?;
        Ok(wire)
    }

    /// What [`begin`](Self::begin) has left.
    pub(crate) fn finish(&self, mut wire: Wire, deadline: Deadline) -> Result<(), Fault> {
        let (_, last) = self.halves();
        wire.send(last, deadline).map_err(Fault::at("send"))?;
        self.receive(wire, deadline)
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.request.split_at(self.request.len().saturating_sub(1))
    }

    /// Reads on to the end after the reply, too: a server that is cut there has not ended well.
    fn receive(&self, mut wire: Wire, deadline: Deadline) -> Result<(), Fault> {
        let mut reply = wire.until(&self.is_whole, deadline).map_err(Fault::at("receive"))?;
        if !(self.is_whole)(&reply) {
            return Err(Fault::Truncated(reply));
        }
        wire.half_close().map_err(Fault::at("close"))?;
        reply.extend(wire.rest(deadline).map_err(Fault::at("receive the end"))?);
        if !(self.is_whole)(&reply) {
            return Err(Fault::Wrong(reply));
        }
        wire.reset().map_err(Fault::at("close"))
    }
}
