//! A client that this process was started with, as its standard input and output.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use socket2::{Domain, SockRef, Type};

use super::Proto;
use crate::accepted::Accepted;
use crate::address::Address;
use crate::options::Options;
use crate::sys::descriptor;
use crate::sys::poll::Direction;
use crate::wire::Limits;

/// What is spoken with such a client.
#[derive(Debug)]
pub(crate) struct Inherited(&'static str);

impl Proto for Inherited {
    fn name(&self) -> &'static str {
        self.0
    }
}

impl Inherited {
    /// Takes standard input, where it is a socket, or else standard input and output.
    ///
    /// # Errors
    /// Where standard input is closed, or a socket that is not connected.
    pub(crate) fn take(options: &Options) -> io::Result<(Self, Accepted)> {
        let input = descriptor::duplicate(io::stdin().as_fd())?;
        let Ok(kind) = SockRef::from(&input).r#type() else {
            let output = descriptor::duplicate(io::stdout().as_fd())?;
            return Ok((Self("stdio"), Accepted::pipes(input, output)));
        };
        if kind != Type::STREAM {
            return Err(io::Error::other("a socket that is no stream"));
        }
        let socket = SockRef::from(&input);
        let peer = match socket.peer_addr() {
            // Both ends of a pair: whoever made it stands between this program and its client.
            Ok(peer) if peer.is_unnamed() && socket.local_addr()?.is_unnamed() => Address::UNKNOWN,
            Ok(peer) => Address::of(&peer),
            // It has gone already, as the first read will tell.
            Err(err) if err.kind() == io::ErrorKind::NotConnected => Address::UNKNOWN,
            Err(err) => return Err(err),
        };
        let proto = if socket.domain()? == Domain::UNIX { "unix" } else { "tcp" };
        Ok((Self(proto), Accepted::timed(limited(input, options)?, peer)))
    }
}

/// Whoever accepted it has not set what a listener of ours would have.
fn limited(stream: OwnedFd, options: &Options) -> io::Result<OwnedFd> {
    let (socket, limits) = (SockRef::from(&stream), Limits::of(options));
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(limits.kernels(Direction::Read))?;
    socket.set_write_timeout(limits.kernels(Direction::Write))?;
    Ok(stream)
}
