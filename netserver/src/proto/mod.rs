//! What a port can speak: how it is bound, how its clients are taken, and what both ends say first.
//!
//! Knows nothing of processes. Each protocol is a file here, and anybody may write one: see
//! [`Proto`].

mod fault;
mod inherited;
mod resolve;
mod socket_file;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod udp;
mod unix;
mod unixdgram;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use netserver_options::kind::Protocol;

pub(crate) use fault::{AcceptFault, Pauses, cannot_accept, say_over, say_short};
pub(crate) use inherited::Inherited;
pub(crate) use resolve::{Endpoint, endpoints, warn_of_idle};
pub use tcp::Tcp;
#[cfg(feature = "tls")]
pub use tls::Ssl;
pub use udp::Udp;
pub use unix::Unix;
pub use unixdgram::UnixDgram;

use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::connection::Connection;
use crate::options::Options;

/// What a port speaks. One value belongs to one listener, and is lent to all threads that take clients there.
///
/// `tcp`, `udp`, `unix`, `unixdgram` and `ssl` come with netserver. One of the program's own stands in
/// the attribute (`proto = Proxied`), and is spoken on every port for which nobody names another. It
/// says what differs from TCP: perhaps only what both ends speak first, which tells who the client
/// really is, or what it may do.
///
/// ```
/// use netserver::prelude::*;
/// use netserver::Proto;
///
/// /// Clients say a password first.
/// #[derive(Debug)]
/// struct Locked;
///
/// impl Proto for Locked {
///     fn handshake(&self, conn: &mut Connection) -> io::Result<()> {
///         match conn.next_line()?.as_deref() {
///             Some("open sesame") => Ok(()),
///             _ => Err(io::Error::other("a wrong password")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no protocol",
    label = "not a protocol",
    note = "implement `netserver::Proto` for it: `fn handshake(&self, conn: &mut Connection) -> io::Result<()>`"
)]
pub trait Proto: fmt::Debug + Send + Sync {
    /// The name in the log, in [`Connection::proto`] and in [`Listening::proto`](crate::Listening::proto).
    ///
    /// *Default:* `tcp`.
    fn name(&self) -> &'static str {
        "tcp"
    }

    /// Reads what it needs to speak: certificates, say.
    ///
    /// *When:* in the starting process, before anything is bound, and for `--check`.
    ///
    /// *Default:* needs nothing.
    ///
    /// # Errors
    /// End the start, or the check, with one line that names the port.
    fn prepare(&mut self, options: &Options) -> io::Result<()> {
        let _ = options;
        Ok(())
    }

    /// Opens a socket, binds it and has it listen. What accepted connections inherit is set here, once.
    ///
    /// *When:* in the parent, with the privileges of the start.
    ///
    /// *Default:* a TCP socket with the time limits, the backlog and the `keepalive` of the options.
    ///
    /// # Errors
    /// End the start with one line that names the port; what is bound already is closed.
    fn bind(&mut self, spec: &ListenSpec<'_>) -> io::Result<OwnedFd> {
        tcp::bind(spec)
    }

    /// Takes over a socket that another process has bound, and that listens where it is a stream: a
    /// service manager's. Sets on it what [`bind`](Self::bind) sets on its own; the rest is up to whoever
    /// has bound it, and it is never unbound here.
    ///
    /// *When:* in the parent, with the privileges of the start, instead of `bind`.
    ///
    /// *Default:* time limits and the `keepalive` of the options, where it is a stream of the network.
    ///
    /// # Errors
    /// End the start with one line that names the descriptor.
    fn adopt(&mut self, socket: OwnedFd, options: &Options) -> io::Result<OwnedFd> {
        tcp::adopt(socket, options)
    }

    /// Takes the next client. It may have gone again, to another process even: then this errs with
    /// `WouldBlock`, or waits, as the listener is.
    ///
    /// *When:* in a worker, where the listener has something.
    ///
    /// *Default:* the next TCP connection.
    ///
    /// # Errors
    /// As `accept(2)`: those of one client are passed over, where something is short it is tried again a
    /// little later, and a socket that is none ends the process.
    fn accept(&self, listener: BorrowedFd<'_>, buffers: &mut Buffers) -> io::Result<Accepted> {
        let _ = buffers;
        tcp::accept(listener)
    }

    /// What it has of its socket beside the listener, to answer packets by.
    #[doc(hidden)]
    fn kept(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Device and number of the file that it has made.
    #[doc(hidden)]
    fn made(&self) -> Option<(u64, u64)> {
        None
    }

    /// Speaks first.
    ///
    /// *When:* in the worker, right after accept and before every hook; a slow client keeps nobody
    /// else waiting. All of it has to be over in `handshake_timeout`.
    ///
    /// *Default:* says nothing.
    ///
    /// # Errors
    /// Are logged and end the connection, of which no hook hears: at level 3 where they are the
    /// connection's own, at level 1 otherwise.
    fn handshake(&self, conn: &mut Connection) -> io::Result<()> {
        let _ = conn;
        Ok(())
    }
}

/// How a protocol of the program's own is made, once for each of its ports.
pub(crate) type Factory = fn() -> Box<dyn Proto>;

/// A new value of a protocol that comes with netserver.
pub(crate) fn built_in(protocol: Protocol) -> Box<dyn Proto> {
    match protocol {
        Protocol::Tcp => Box::new(Tcp),
        Protocol::Udp => Box::new(Udp::default()),
        Protocol::Unix => Box::new(Unix::default()),
        Protocol::UnixDgram => Box::new(UnixDgram::default()),
        #[cfg(feature = "tls")]
        Protocol::Ssl | Protocol::Ssleay => Box::new(Ssl::default()),
        // A port that would speak it was refused before.
        #[cfg(not(feature = "tls"))]
        Protocol::Ssl | Protocol::Ssleay => Box::new(Tcp),
    }
}

/// One socket to bind: where, and with which options.
#[derive(Debug)]
pub struct ListenSpec<'a> {
    place: Place,
    options: &'a Options,
}

/// Where a socket is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address; `dual` tells whether an IPv6 wildcard takes IPv4 as well.
    Inet { address: SocketAddr, dual: bool },
    /// A path.
    Path(PathBuf),
}

impl Place {
    /// Whether the system is to choose the port.
    pub(crate) fn is_port_0(&self) -> bool {
        matches!(self, Self::Inet { address, .. } if address.port() == 0)
    }

    /// The same address with that port.
    pub(crate) fn with_port(&self, port: u16) -> Self {
        let mut place = self.clone();
        if let Self::Inet { address, .. } = &mut place {
            address.set_port(port);
        }
        place
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { address, dual: true } => write!(f, "*:{}", address.port()),
            Self::Inet { address, .. } => address.fmt(f),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl<'a> ListenSpec<'a> {
    pub(crate) fn new(place: Place, options: &'a Options) -> Self {
        Self { place, options }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The address and port, which is 0 where the system is to choose.
    ///
    /// # Errors
    /// Where the port is the path of a UNIX socket.
    pub fn inet(&self) -> io::Result<SocketAddr> {
        match self.place {
            Place::Inet { address, .. } => Ok(address),
            Place::Path(_) => Err(io::Error::other("expected a port number, got a path")),
        }
    }

    /// Whether an IPv6 wildcard is to take IPv4 as well: the port is `*`, and not `[::]`.
    pub fn is_dual(&self) -> bool {
        matches!(self.place, Place::Inet { dual: true, .. })
    }

    /// The path of a UNIX socket.
    ///
    /// # Errors
    /// Where the port is a number.
    pub fn path(&self) -> io::Result<&std::path::Path> {
        match &self.place {
            Place::Path(path) => Ok(path),
            Place::Inet { .. } => Err(io::Error::other("expected a path, got a port number")),
        }
    }

    /// How many connections may wait in the kernel.
    pub fn backlog(&self) -> i32 {
        backlog(self.options)
    }

    /// The options that hold for this port.
    pub fn options(&self) -> &Options {
        self.options
    }
}

/// How many connections may wait in the kernel.
pub(crate) fn backlog(options: &Options) -> i32 {
    i32::try_from(options.listen()).unwrap_or(i32::MAX)
}
