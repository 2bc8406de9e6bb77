//! TCP: bind and accept.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};

use socket2::{Domain, SockRef, Socket, Type};

use super::{ListenSpec, Place, Proto};
use crate::accepted::Accepted;
use crate::address::Address;
use crate::options::Options;
use crate::sys::poll::Direction;
use crate::sys::socket::{self, Blocking};
use crate::wire::Limits;

/// Streams over IPv4 and IPv6.
#[derive(Debug)]
pub struct Tcp;

impl Proto for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }
}

/// A socket that listens, with everything set on it that accepted connections inherit, so that it
/// costs no call on each of them.
///
/// # Errors
/// What the kernel says: the address is in use, is not ours, or needs privileges.
pub(super) fn bind(spec: &ListenSpec<'_>) -> io::Result<OwnedFd> {
    let options = spec.options();
    let socket = inet(spec, Type::STREAM)?;
    // What a former server left in TIME_WAIT must not keep the next one out.
    socket.set_reuse_address(true)?;
    hand_down(&socket, options)?;
    socket.bind(&spec.inet()?.into())?;
    socket.listen(spec.backlog())?;
    acknowledge_late(&socket, options)?;
    Ok(socket.into())
}

/// A socket that listens already, with the same set on it, where it is a stream of the network.
pub(super) fn adopt(listener: OwnedFd, options: &Options) -> io::Result<OwnedFd> {
    let socket = SockRef::from(&listener);
    if socket.domain()? != Domain::UNIX && socket.r#type()? == Type::STREAM {
        hand_down(&socket, options)?;
        acknowledge_late(&socket, options)?;
    }
    Ok(listener)
}

/// Sets what accepted connections inherit.
fn hand_down(socket: &Socket, options: &Options) -> io::Result<()> {
    // Writes are gathered before they are made, so there is nothing to wait for.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(options.keepalive())?;
    let limits = Limits::of(options);
    socket.set_read_timeout(limits.kernels(Direction::Read))?;
    socket.set_write_timeout(limits.kernels(Direction::Write))?;
    if options.client_first() {
        // For about so many seconds a client may be silent.
        socket::defer_accept(socket, 1)?;
    }
    Ok(())
}

/// The reply acknowledges what the client has sent. A socket that listens hands it down.
fn acknowledge_late(socket: &Socket, options: &Options) -> io::Result<()> {
    if options.client_first() {
        socket.set_tcp_quickack(false)?;
    }
    Ok(())
}

/// A socket for the family of an address, which takes the other family only where that was meant.
pub(super) fn inet(spec: &ListenSpec<'_>, kind: Type) -> io::Result<Socket> {
    let address = spec.inet()?;
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if let (SocketAddr::V6(address), Place::Inet { dual, .. }) = (address, spec.place()) {
        // An IPv4 address in IPv6 form takes nothing but IPv4.
        socket.set_only_v6(!dual && address.ip().to_ipv4_mapped().is_none())?;
    }
    Ok(socket)
}

/// The next connection.
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<Accepted> {
    let (stream, peer) = socket::accept(listener, Blocking::Timed)?;
    Ok(Accepted::timed(stream, Address::of(&peer)))
}
