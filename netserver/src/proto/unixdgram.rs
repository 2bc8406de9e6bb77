//! UNIX datagrams: as UDP, with the kernel's word for who sends.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use super::udp::Packets;
use super::{ListenSpec, Proto, socket_file};
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::options::Options;
use crate::own_file::OwnFile;

/// Packets over a UNIX socket. A client gets an answer where its own socket has a path.
#[derive(Debug, Default)]
pub struct UnixDgram(Option<(Option<OwnFile>, Packets)>);

/// The longest answer: what fits into the usual send buffer of a socket.
const LONGEST: usize = 128 * 1024;

impl Proto for UnixDgram {
    fn name(&self) -> &'static str {
        "unixdgram"
    }

    fn bind(&mut self, spec: &ListenSpec<'_>) -> io::Result<OwnedFd> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        setsockopt(&socket, sockopt::PassCred, &true)?;
        let file = socket_file::bind(&socket, spec, |_| Ok(()))?;
        let socket = OwnedFd::from(socket);
        self.0 = Some((Some(file), Packets::of(&socket, spec.options(), LONGEST)?));
        Ok(socket)
    }

    fn adopt(&mut self, socket: OwnedFd, options: &Options) -> io::Result<OwnedFd> {
        setsockopt(&socket, sockopt::PassCred, &true)?;
        self.0 = Some((None, Packets::of(&socket, options, LONGEST)?));
        Ok(socket)
    }

    fn made(&self) -> Option<(u64, u64)> {
        self.0.as_ref().and_then(|(file, _)| file.as_ref().and_then(OwnFile::identity))
    }

    fn kept(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(|(_, packets)| packets.kept())
    }

    fn accept(&self, listener: BorrowedFd<'_>, buffers: &mut Buffers) -> io::Result<Accepted> {
        Packets::accept(self.0.as_ref().map(|(_, packets)| packets), listener, buffers)
    }
}
