//! One connection of a load: connect, send, receive, close; the reply, or the step that failed.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::testing::deadline::Deadline;
use crate::testing::target::{Stream, Target};
use crate::testing::wire::Wire;

/// Says of what came so far whether it is the whole reply.
pub(crate) type IsWhole<'a> = dyn Fn(&[u8]) -> bool + Sync + 'a;

/// Where a reply ends.
pub(crate) enum End<'a> {
    /// Where the server closes, which it must do after one line.
    Line,
    /// Where the server closes.
    Close,
    /// Where the test says so; then it is the client that closes first.
    When(Box<IsWhole<'a>>),
}

impl End<'_> {
    /// Whether the reply has the form that this end asks for.
    pub(crate) fn fits(&self, reply: &[u8]) -> bool {
        match self {
            Self::Line => {
                reply.iter().position(|byte| *byte == b'\n').map(|end| end + 1) == Some(reply.len())
            }
            Self::Close | Self::When(_) => true,
        }
    }
}

/// Which step failed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) step: &'static str,
    pub(crate) kind: io::ErrorKind,
}

impl Failure {
    pub(crate) fn at(step: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |err| Self { step, kind: err.kind() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.kind)
    }
}

/// Where to, and how patiently.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) target: &'a dyn Target,
    /// What each step may take.
    pub(crate) patience: Duration,
    /// When all must be over.
    pub(crate) deadline: Deadline,
}

impl Route<'_> {
    /// Sends the request by a connection of its own.
    ///
    /// Closes only after the server has, and then at once: so the kernel keeps no port of either
    /// side in `TIME_WAIT`, of which 28,000 would bring all later connections to a halt. Only where
    /// the client must close first is its port kept; on loopback the kernel lends such a port again
    /// after a second.
    pub(crate) fn exchange(&self, request: &[u8], end: &End<'_>) -> Result<Vec<u8>, Failure> {
        let mut wire = self.connect().map_err(Failure::at("connect"))?;
        wire.send(request, self.step()).map_err(Failure::at("send"))?;
        let reply = self.receive(&mut wire, end).map_err(Failure::at("receive"))?;
        wire.reset().map_err(Failure::at("close"))?;
        Ok(reply)
    }

    fn connect(&self) -> io::Result<Wire<Box<dyn Stream>>> {
        Ok(Wire::over(self.target.connect(self.step().timeout()?)?))
    }

    fn receive(&self, wire: &mut Wire<Box<dyn Stream>>, end: &End<'_>) -> io::Result<Vec<u8>> {
        let End::When(is_whole) = end else {
            return wire.rest(self.step());
        };
        let mut reply = wire.until(is_whole, self.step())?;
        wire.half_close()?;
        // Whatever else the server says belongs to the reply, and makes it a wrong one.
        reply.extend(wire.rest(self.step())?);
        Ok(reply)
    }

    fn step(&self) -> Deadline {
        Deadline::after(self.patience).or_before(self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        for (reply, fits) in
            [("a\n", true), ("\n", true), ("a", false), ("", false), ("a\nb\n", false)]
        {
            assert_eq!(End::Line.fits(reply.as_bytes()), fits, "{reply:?}");
        }
    }
}
