//! One end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
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
    pub(crate) fn of_sender(sender: &Sender) -> Self {
        match sender {
            Sender::Unix(from) => Self::unix(from.path()),
            Sender::Inet(from) => Self::from(*from),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        // As it is, where it is IPv6: an address of a link alone has its interface with it.
        let canonical = match address.ip().to_canonical() {
            IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
            IpAddr::V6(_) => address,
        };
        Self(End::Inet(canonical))
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
}
