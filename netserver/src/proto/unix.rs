//! UNIX streams: bind and accept.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use socket2::{Domain, Socket, Type};

use super::{ListenSpec, Proto, socket_file};
use crate::accepted::Accepted;
use crate::address::Address;
use crate::buffer::Buffers;
use crate::own_file::OwnFile;
use crate::sys::socket::{self, Blocking};

/// Streams over a UNIX socket.
#[derive(Debug, Default)]
pub struct Unix(Option<OwnFile>);

impl Proto for Unix {
    fn name(&self) -> &'static str {
        "unix"
    }

    fn bind(&mut self, spec: &ListenSpec<'_>) -> io::Result<OwnedFd> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        self.0 = Some(socket_file::bind(&socket, spec, |socket| socket.listen(spec.backlog()))?);
        Ok(socket.into())
    }

    fn made(&self) -> Option<(u64, u64)> {
        self.0.as_ref().and_then(OwnFile::identity)
    }

    /// Time limits are not inherited here, so the stream does not block and they are kept outside.
    fn accept(&self, listener: BorrowedFd<'_>, _buffers: &mut Buffers) -> io::Result<Accepted> {
        let (stream, peer) = socket::accept(listener, Blocking::Never)?;
        Ok(Accepted::nonblocking(stream, Address::of(&peer)))
    }
}
