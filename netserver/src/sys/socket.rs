//! Sockets: taking what comes in on a listener, answering a datagram, and asking how much is on its
//! way.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::send as send_bytes;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrLike,
    SockaddrStorage, UnixAddr, recv, recvmsg, sendmsg, sendto,
};
use socket2::SockAddr;

/// Whether a call on an accepted stream waits for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// Up to the time limits that the stream has from its listener.
    Timed,
    /// Never: it says that it would.
    Never,
    /// Not even where the stream itself would: whoever calls has others to serve, and waits for all at once.
    AtOnce,
}

/// One `accept4(2)`: the stream, closed on exec, and who is at its other end.
#[inline]
pub(crate) fn accept(
    listener: BorrowedFd<'_>,
    blocking: Blocking,
) -> io::Result<(OwnedFd, SockAddr)> {
    let flags = match blocking {
        Blocking::Timed => libc::SOCK_CLOEXEC,
        Blocking::Never | Blocking::AtOnce => libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
    };
    let call = |storage: *mut _, length| {
        // SAFETY: the storage is large enough for every address, and `length` says how large.
        let stream = unsafe { libc::accept4(listener.as_raw_fd(), storage, length, flags) };
        let stream = Errno::result(stream)?;
        // SAFETY: the kernel has just handed it out, to us alone.
        Ok(unsafe { OwnedFd::from_raw_fd(stream) })
    };
    // SAFETY: the call fills the storage and tells the length that it has filled.
    unsafe { SockAddr::try_init(|storage, length| call(storage.cast(), length)) }
}

/// The user and process at the other end of a UNIX socket, as the kernel knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCred {
    /// The process, when it connected or sent; it may have ended since.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group; supplementary ones are not told.
    pub gid: u32,
}

/// One datagram that came in.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// How long it was on the way here, which may be more than there was room for.
    pub(crate) length: usize,
    /// Who sent it; `None` for a UNIX socket without a path.
    pub(crate) from: Option<Sender>,
    /// What it was sent to, where the socket tells.
    pub(crate) to: Option<Destination>,
    /// Who sent it, where the socket tells.
    pub(crate) cred: Option<PeerCred>,
}

fn close_given(descriptor: RawFd) {
    // SAFETY: the kernel has just opened it for this process, and nobody else knows of it.
    drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
}

/// Where a datagram came from, and an answer goes to.
#[derive(Debug)]
pub(crate) enum Sender {
    Inet(SocketAddr),
    Unix(UnixAddr),
}

/// The address of this machine that a datagram was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    V4(Ipv4Addr),
    /// With the interface, which an address of a link alone needs.
    V6(Ipv6Addr, u32),
}

impl Destination {
    pub(crate) fn ip(self) -> IpAddr {
        match self {
            Self::V4(address) => address.into(),
            Self::V6(address, _) => address.to_canonical(),
        }
    }
}

/// Room for what the kernel tells beside a datagram.
#[derive(Debug, Default)]
pub(crate) struct Aside(Vec<u8>);

impl Aside {
    /// Room that is made for the first datagram.
    fn room(&mut self) -> &mut Vec<u8> {
        if self.0.is_empty() {
            // As many descriptors as the kernel passes on at once: those that had no room would cost us
            // the rest of what it tells.
            self.0 =
                nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo, libc::ucred, [RawFd; 253]);
        }
        &mut self.0
    }
}

/// One `recvmsg(2)` on a socket of IPv4 or IPv6. `flags` are those of the kernel, beside the ones that
/// it takes anyway.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    room: &mut [u8],
    aside: &mut Aside,
    flags: i32,
    received: &mut Received,
) -> io::Result<()> {
    receive_from(socket, room, aside, flags, received, |from: SockaddrStorage| {
        let v4 = from.as_sockaddr_in().map(|from| SocketAddrV4::from(*from).into());
        let v6 = || from.as_sockaddr_in6().map(|from| SocketAddrV6::from(*from).into());
        v4.or_else(v6).map(Sender::Inet)
    })
}

/// One `recvfrom(2)` on such a socket, of which nothing is told beside the datagram.
#[inline]
pub(crate) fn receive_alone(
    socket: BorrowedFd<'_>,
    room: &mut [u8],
    flags: i32,
    received: &mut Received,
) -> io::Result<()> {
    let (flags, mut count) = (flags | libc::MSG_TRUNC, 0);
    let mut call = |storage: *mut libc::sockaddr, length| {
        // SAFETY: the room and the storage are as large as is said.
        let got = unsafe {
            libc::recvfrom(
                socket.as_raw_fd(),
                room.as_mut_ptr().cast(),
                room.len(),
                flags,
                storage,
                length,
            )
        };
        count = Errno::result(got)?;
        Ok(())
    };
    // SAFETY: the call fills the storage and tells the length that it has filled.
    let ((), from) = unsafe { SockAddr::try_init(|storage, length| call(storage.cast(), length)) }?;
    received.length = usize::try_from(count).unwrap_or(0);
    received.from = from.as_socket().map(Sender::Inet);
    (received.to, received.cred) = (None, None);
    Ok(())
}

/// The same on a UNIX socket, whose senders need not have an address.
pub(crate) fn receive_unix(
    socket: BorrowedFd<'_>,
    room: &mut [u8],
    aside: &mut Aside,
    flags: i32,
    received: &mut Received,
) -> io::Result<()> {
    // There may be nothing but the family, or not even that, and then the address is none to ask.
    let is_named = |from: &UnixAddr| from.len() > FAMILY;
    let sender = |from| Some(from).filter(is_named).map(Sender::Unix);
    receive_from(socket, room, aside, flags, received, sender)
}

/// The bytes of an address before its name.
const FAMILY: libc::socklen_t = 2;

fn receive_from<A: SockaddrLike>(
    socket: BorrowedFd<'_>,
    room: &mut [u8],
    aside: &mut Aside,
    flags: i32,
    into: &mut Received,
    sender: impl FnOnce(A) -> Option<Sender>,
) -> io::Result<()> {
    // The length is that of the whole datagram, also where it was cut.
    let flags =
        MsgFlags::from_bits_retain(flags) | MsgFlags::MSG_TRUNC | MsgFlags::MSG_CMSG_CLOEXEC;
    let mut room = [IoSliceMut::new(room)];
    let received = recvmsg::<A>(socket.as_raw_fd(), &mut room, Some(aside.room()), flags)?;
    let (mut to, mut cred) = (None, None);
    // What did not fit is told by nobody we asked.
    for message in received.cmsgs().into_iter().flatten() {
        match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                // Where it went to all at once, this is the one address of ours to answer from.
                let address = Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes());
                to = Some(Destination::V4(address));
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                // Nothing can come from a group.
                let ours = !address.is_multicast();
                to = ours.then_some(Destination::V6(address, info.ipi6_ifindex));
            }
            ControlMessageOwned::ScmCredentials(from) => {
                cred = Some(PeerCred { pid: from.pid(), uid: from.uid(), gid: from.gid() });
            }
            // Somebody gives us descriptors, which nobody has asked for.
            ControlMessageOwned::ScmRights(given) => given.into_iter().for_each(close_given),
            _ => {}
        }
    }
    let from = received.address.and_then(sender);
    *into = Received { length: received.bytes, from, to, cred };
    Ok(())
}

/// One `sendmsg(2)` of a whole datagram, from the address that `from` names; it does not wait.
pub(crate) fn send(
    socket: &impl AsFd,
    bytes: &[u8],
    to: &Sender,
    from: Option<Destination>,
) -> io::Result<usize> {
    let socket = socket.as_fd();
    match (to, from) {
        (Sender::Unix(to), _) => send_to(socket, bytes, to, &[]),
        (Sender::Inet(to), None) => send_to_inet(socket, bytes, *to, &[]),
        (Sender::Inet(to), Some(Destination::V4(address))) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            send_to_inet(socket, bytes, *to, &[ControlMessage::Ipv4PacketInfo(&info)])
        }
        (Sender::Inet(to), Some(Destination::V6(address, interface))) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr { s6_addr: address.octets() },
                ipi6_ifindex: if address.is_unicast_link_local() { interface } else { 0 },
            };
            send_to_inet(socket, bytes, *to, &[ControlMessage::Ipv6PacketInfo(&info)])
        }
    }
}

fn send_to_inet(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: SocketAddr,
    aside: &[ControlMessage<'_>],
) -> io::Result<usize> {
    match to {
        SocketAddr::V4(to) => send_to(socket, bytes, &SockaddrIn::from(to), aside),
        SocketAddr::V6(to) => send_to(socket, bytes, &SockaddrIn6::from(to), aside),
    }
}

fn send_to(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: &impl SockaddrLike,
    aside: &[ControlMessage<'_>],
) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    if aside.is_empty() {
        return Ok(sendto(socket.as_raw_fd(), bytes, to, flags)?);
    }
    Ok(sendmsg(socket.as_raw_fd(), &[IoSlice::new(bytes)], aside, flags, Some(to))?)
}

/// One `recv(2)` that does not wait.
pub(crate) fn read_now(stream: &impl AsFd, room: &mut [u8]) -> io::Result<usize> {
    Ok(recv(stream.as_fd().as_raw_fd(), room, MsgFlags::MSG_DONTWAIT)?)
}

/// One `send(2)` that does not wait.
pub(crate) fn write_now(stream: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    Ok(send_bytes(stream.as_fd().as_raw_fd(), bytes, flags)?)
}

/// Has accept pass over clients until they have said something, or for about so many seconds.
pub(crate) fn defer_accept(listener: &impl AsFd, seconds: libc::c_int) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&seconds)).map_err(io::Error::other)?;
    // SAFETY: the value lives in this frame, and is as long as is said.
    Errno::result(unsafe {
        libc::setsockopt(
            listener.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            length,
        )
    })?;
    Ok(())
}

/// One `send(2)` of bytes that wait for more to go along.
pub(crate) fn write_more(stream: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = MsgFlags::from_bits_retain(libc::MSG_MORE) | MsgFlags::MSG_NOSIGNAL;
    Ok(send_bytes(stream.as_fd().as_raw_fd(), bytes, flags)?)
}

/// The same, and it never waits.
pub(crate) fn write_more_now(stream: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = MsgFlags::from_bits_retain(libc::MSG_MORE) | MsgFlags::MSG_NOSIGNAL;
    Ok(send_bytes(stream.as_fd().as_raw_fd(), bytes, flags | MsgFlags::MSG_DONTWAIT)?)
}

/// How many written bytes the other end has not acknowledged yet.
pub(crate) fn unacknowledged(stream: &impl AsFd) -> io::Result<usize> {
    ask(stream, libc::TIOCOUTQ)
}

/// How many written bytes have not left for the other end yet, which has no room for them.
pub(crate) fn unsent(stream: &impl AsFd) -> io::Result<usize> {
    /// `SIOCOUTQNSD` of `linux/sockios.h`.
    const UNSENT: libc::Ioctl = 0x894B;
    ask(stream, UNSENT)
}

/// A number that a socket tells of itself.
fn ask(stream: &impl AsFd, what: libc::Ioctl) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    let stream = stream.as_fd().as_raw_fd();
    // SAFETY: the kernel writes one int, and there is room for it.
    Errno::result(unsafe { libc::ioctl(stream, what, &raw mut count) })?;
    Ok(usize::try_from(count).unwrap_or(0))
}
