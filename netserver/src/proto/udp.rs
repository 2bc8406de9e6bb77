//! UDP: each packet is a connection of its own, answered from the address that it was sent to.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockRef, Socket, Type};

use super::{ListenSpec, Proto, tcp};
use crate::accepted::{Accepted, Datagram};
use crate::address::Address;
use crate::buffer::Buffers;
use crate::options::Options;
use crate::sys::socket;

/// Packets over IPv4 and IPv6.
#[derive(Debug, Default)]
pub struct Udp(Option<Packets>);

/// The longest UDP packet.
const LONGEST: usize = 65_507;

impl Proto for Udp {
    fn name(&self) -> &'static str {
        "udp"
    }

    fn bind(&mut self, spec: &ListenSpec<'_>) -> io::Result<OwnedFd> {
        let address = spec.inet()?;
        let socket = tcp::inet(spec, Type::DGRAM)?;
        tell_all(&socket, spec.options(), &address.into())?;
        socket.bind(&address.into())?;
        let socket = OwnedFd::from(socket);
        self.0 = Some(Packets::of(&socket, spec.options(), LONGEST)?);
        Ok(socket)
    }

    fn adopt(&mut self, socket: OwnedFd, options: &Options) -> io::Result<OwnedFd> {
        let bound = Address::of(&SockRef::from(&socket).local_addr()?);
        tell_all(&SockRef::from(&socket), options, &bound)?;
        self.0 = Some(Packets::of(&socket, options, LONGEST)?);
        Ok(socket)
    }

    fn kept(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(Packets::kept)
    }

    fn accept(&self, listener: BorrowedFd<'_>, buffers: &mut Buffers) -> io::Result<Accepted> {
        Packets::accept(self.0.as_ref(), listener, buffers)
    }
}

/// Has the socket tell where each packet was sent to: the answer has to come from there. One that is bound
/// to an address knows.
fn tell_all(socket: &Socket, options: &Options, bound: &Address) -> io::Result<()> {
    socket.set_broadcast(options.udp_broadcast())?;
    if !is_everywhere(bound) {
        return Ok(());
    }
    if socket.domain()? == Domain::IPV4 {
        setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    Ok(())
}

/// Whether packets for several addresses of this machine come to it.
fn is_everywhere(bound: &Address) -> bool {
    bound.ip().is_some_and(|ip| ip.is_unspecified() || ip.is_multicast())
}

/// How a socket of packets takes and answers them.
#[derive(Debug)]
pub(super) struct Packets {
    /// A second descriptor of the listener, to answer by when a stop has taken the first one.
    socket: Arc<OwnedFd>,
    bound: Address,
    room: usize,
    flags: i32,
    longest: usize,
}

impl Packets {
    /// Of a bound socket, which does not send more than `longest` bytes at once.
    pub(super) fn of(socket: &OwnedFd, options: &Options, longest: usize) -> io::Result<Self> {
        Ok(Self {
            bound: Address::of(&SockRef::from(socket).local_addr()?),
            socket: Arc::new(socket.try_clone()?),
            room: usize::try_from(options.udp_recv_len()).unwrap_or(usize::MAX),
            flags: options.udp_recv_flags(),
            longest,
        })
    }

    pub(super) fn kept(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The next packet, which goes into the buffers.
    pub(super) fn accept(
        packets: Option<&Self>,
        listener: BorrowedFd<'_>,
        buffers: &mut Buffers,
    ) -> io::Result<Accepted> {
        let Some(Self { socket, bound, room, flags, longest }) = packets else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let (into, aside) = buffers.rooms_for(*room);
        let (received, unknown) = if bound.is_unix() {
            (socket::receive_unix(listener, into, aside, *flags)?, Address::unix(None))
        } else if !is_everywhere(bound) {
            (socket::receive_alone(listener, into, *flags)?, Address::UNKNOWN)
        } else {
            (socket::receive(listener, into, aside, *flags)?, Address::UNKNOWN)
        };
        buffers.filled(received.length.min(*room));
        let peer = received.from.as_ref().map_or(unknown, Address::of_sender);
        let datagram = Datagram::new(socket, received, *room, bound.clone(), *longest);
        Ok(Accepted::datagram(datagram, peer))
    }
}
