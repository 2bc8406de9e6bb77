//! UDP: each packet is a connection of its own, answered from the address that it was sent to.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockRef, Socket, Type};

use super::{ListenSpec, Proto, tcp};
use crate::accepted::{Accepted, Datagram, Mailbox};
use crate::address::Address;
use crate::buffer::Buffers;
use crate::options::Options;
use crate::sys::socket::{self, Destination, Received, Sender};

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
    /// A second descriptor of the listener is in there, for when a stop has taken the first one.
    mailbox: Arc<Mailbox>,
    aside: Beside,
    room: usize,
    flags: i32,
}

/// What the kernel tells beside a packet.
#[derive(Debug, Clone, Copy)]
enum Beside {
    Nothing,
    /// Where it was sent to.
    Destination,
    /// Who sent it.
    Credentials,
}

impl Packets {
    /// Of a bound socket, which does not send more than `longest` bytes at once.
    pub(super) fn of(socket: &OwnedFd, options: &Options, longest: usize) -> io::Result<Self> {
        let bound = Address::of(&SockRef::from(socket).local_addr()?);
        let aside = match &bound {
            bound if bound.is_unix() => Beside::Credentials,
            bound if is_everywhere(bound) => Beside::Destination,
            _ => Beside::Nothing,
        };
        Ok(Self {
            mailbox: Arc::new(Mailbox { socket: socket.try_clone()?, bound, longest }),
            aside,
            room: usize::try_from(options.udp_recv_len()).unwrap_or(usize::MAX),
            flags: options.udp_recv_flags(),
        })
    }

    pub(super) fn kept(&self) -> BorrowedFd<'_> {
        self.mailbox.socket.as_fd()
    }

    /// The next packet, which goes into the buffers.
    #[inline]
    pub(super) fn accept(
        packets: Option<&Self>,
        listener: BorrowedFd<'_>,
        buffers: &mut Buffers,
    ) -> io::Result<Accepted> {
        let Some(packets) = packets else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let mut received = buffers.take_received();
        if let Err(err) = packets.receive(listener, buffers, &mut received) {
            buffers.keep_received(received);
            return Err(err);
        }
        if packets.is_own(&received) {
            buffers.keep_received(received);
            return Err(io::ErrorKind::Interrupted.into());
        }
        buffers.filled(received.length.min(packets.room));
        let peer = match &received.from {
            Some(from) => Address::of_sender(from),
            None if matches!(packets.aside, Beside::Credentials) => Address::unix(None),
            None => Address::UNKNOWN,
        };
        let datagram = Datagram::new(&packets.mailbox, received, packets.room);
        Ok(Accepted::datagram(datagram, peer))
    }

    /// Whether it says that it comes from where it went to: whoever answers that talks to himself for ever.
    #[inline]
    fn is_own(&self, received: &Received) -> bool {
        let (Some(Sender::Inet(from)), Some(bound)) = (&received.from, self.mailbox.bound.inet())
        else {
            return false;
        };
        let here = || received.to.map_or(bound.ip(), Destination::ip).to_canonical();
        from.port() == bound.port() && from.ip().to_canonical() == here()
    }

    #[inline]
    fn receive(
        &self,
        listener: BorrowedFd<'_>,
        buffers: &mut Buffers,
        received: &mut Received,
    ) -> io::Result<()> {
        let (into, aside) = buffers.rooms_for(self.room);
        match self.aside {
            Beside::Nothing => socket::receive_alone(listener, into, self.flags, received),
            Beside::Destination => socket::receive(listener, into, aside, self.flags, received),
            Beside::Credentials => {
                socket::receive_unix(listener, into, aside, self.flags, received)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn accepted(socket: &UdpSocket, packets: &Packets) -> io::Result<Accepted> {
        Packets::accept(Some(packets), socket.as_fd(), &mut Buffers::default())
    }

    #[test]
    fn what_comes_from_where_it_goes_to_is_nobodys() {
        for (host, aside) in [("127.0.0.1", Beside::Nothing), ("0.0.0.0", Beside::Destination)] {
            let socket = UdpSocket::bind((host, 0)).unwrap();
            tell(&socket);
            let port = socket.local_addr().unwrap().port();
            let bound = Address::from(socket.local_addr().unwrap());
            let mailbox = Mailbox { socket: socket.try_clone().unwrap().into(), bound, longest: 9 };
            let packets = Packets { mailbox: Arc::new(mailbox), aside, room: 9, flags: 0 };
            socket.send_to(b"own", ("127.0.0.1", port)).unwrap();
            let own = accepted(&socket, &packets).unwrap_err();
            assert_eq!(own.kind(), io::ErrorKind::Interrupted, "{host}");
            let other = UdpSocket::bind("127.0.0.1:0").unwrap();
            other.send_to(b"else", ("127.0.0.1", port)).unwrap();
            let peer = accepted(&socket, &packets).unwrap().peer;
            assert_eq!(peer.inet(), other.local_addr().ok(), "{host}");
        }
    }

    fn tell(socket: &UdpSocket) {
        setsockopt(socket, sockopt::Ipv4PacketInfo, &true).unwrap();
    }
}
