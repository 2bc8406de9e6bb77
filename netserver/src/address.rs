//! One end of a connection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use socket2::SockAddr;

use crate::sys::socket::Sender;

/// Where one end of a connection is: its own end ([`Connection::local`](crate::Connection::local)),
/// the client's ([`Connection::peer`](crate::Connection::peer)), or what a listener is bound to.
///
/// An IPv4 address is IPv4 in whatever form it came: a listener for both families shows it as IPv6,
/// and rules and logs must not have to know two spellings of one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(End);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum End {
    Inet(SocketAddr),
    /// A UNIX socket, which has no path where nobody bound it.
    Unix(Option<Arc<Path>>),
    Unknown,
}

impl Address {
    /// Where nobody knows it.
    pub(crate) const UNKNOWN: Self = Self(End::Unknown);

    /// The address and port; `None` for a UNIX socket.
    #[inline]
    pub fn inet(&self) -> Option<SocketAddr> {
        match self.0 {
            End::Inet(address) => Some(address),
            End::Unix(_) | End::Unknown => None,
        }
    }

    /// The address without its port; `None` for a UNIX socket.
    #[inline]
    pub fn ip(&self) -> Option<IpAddr> {
        self.inet().map(|address| address.ip())
    }

    /// The port; `None` for a UNIX socket.
    pub fn port(&self) -> Option<u16> {
        self.inet().map(|address| address.port())
    }

    /// Whether it is a UNIX socket.
    #[inline]
    pub fn is_unix(&self) -> bool {
        matches!(self.0, End::Unix(_))
    }

    /// The path of a UNIX socket; a client rarely has one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            End::Unix(path) => path.as_deref(),
            End::Inet(_) | End::Unknown => None,
        }
    }

    /// A UNIX socket, bound to `path` or to none.
    pub fn unix(path: Option<&Path>) -> Self {
        Self(End::Unix(path.map(Arc::from)))
    }

    /// Of the sender of a datagram.
    #[inline]
    pub(crate) fn of_sender(sender: &Sender) -> Self {
        match sender {
            Sender::Unix(from) => Self::unix(from.path()),
            Sender::Inet(from) => Self::from(*from),
        }
    }
}

impl From<SocketAddr> for Address {
    #[inline]
    fn from(address: SocketAddr) -> Self {
        let mapped = match address {
            SocketAddr::V4(_) => None,
            SocketAddr::V6(address) => address.ip().to_ipv4_mapped(),
        };
        // As it is, where it is IPv6: an address of a link alone has its interface with it.
        let canonical = |ip: Ipv4Addr| SocketAddr::new(ip.into(), address.port());
        Self(End::Inet(mapped.map_or(address, canonical)))
    }
}

impl Address {
    /// What a call of the system has told.
    #[inline]
    pub(crate) fn of(address: &SockAddr) -> Self {
        match address.as_socket() {
            Some(inet) => inet.into(),
            None if address.is_unix() => Self::unix(address.as_pathname()),
            None => Self::UNKNOWN,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            End::Inet(address) => address.fmt(f),
            End::Unix(Some(path)) => path.display().fmt(f),
            End::Unix(None) => f.write_str("a UNIX socket without a path"),
            End::Unknown => f.write_str("unknown peer"),
        }
    }
}

/// Who counts as one client: an IPv4 address, or the half of an IPv6 address that one site has to
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Site {
    pub(crate) family: i64,
    pub(crate) network: i64,
}

impl Site {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self { family: 4, network: u32::from(address).into() },
            IpAddr::V6(address) => {
                let half = address.octets().first_chunk().copied().unwrap_or_default();
                Self { family: 6, network: i64::from_be_bytes(half) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_has_one_spelling() {
        let mapped: SocketAddr = "[::ffff:192.0.2.7]:5000".parse().unwrap();
        assert_eq!(Address::from(mapped).to_string(), "192.0.2.7:5000");
        assert_eq!(Address::from(mapped).ip(), Some(IpAddr::from([192, 0, 2, 7])));
    }

    #[test]
    fn unix_sockets_have_a_path_or_none() {
        let named = Address::unix(Some(Path::new("/run/s")));
        assert_eq!((named.path(), named.ip()), (Some(Path::new("/run/s")), None));
        assert!(Address::unix(None).is_unix() && Address::unix(None).path().is_none());
        let unnamed = SockAddr::unix("").unwrap();
        assert!(Address::of(&unnamed).is_unix());
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_half_of_an_ipv6_address() {
        let same = |one: &str, other: &str| {
            Site::of(one.parse().unwrap()) == Site::of(other.parse().unwrap())
        };
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("2001:db8::1", "2001:db8::ffff:0:0:2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(!same("fe80::1", "2001:db8::1"));
        // The family counts: the upper half of the one is the whole of the other.
        assert!(!same("192.0.2.1", "0:0:c000:201::"));
        assert!(!same("255.255.255.255", "::1"));
    }
}
