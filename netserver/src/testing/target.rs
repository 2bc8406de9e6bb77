//! Where the connections of a load go: by TCP, by a UNIX socket, or by what a test brings itself.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::sockopt::SendTimeout;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr};
use nix::sys::socket::{connect, setsockopt, socket};
use nix::sys::time::TimeVal;

/// Whom the connections of a [`Load`](crate::testing::Load) go to. An address is reached by TCP, a path is
/// that of a UNIX socket; a test that speaks TLS has a type of its own.
///
/// ```no_run
/// use std::path::Path;
///
/// let report = netserver::testing::load(Path::new("/run/quotes.sock")).connections(100).run();
/// report.expect_all_right();
/// ```
pub trait Target: Sync {
    /// A new connection, ready for its request, within that time.
    ///
    /// # Errors
    ///
    /// Those of connect(2), and whatever else keeps the client from its request.
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>>;
}

/// A client's end of a connection. Its descriptor is the socket, whose timeouts bound each read and
/// each write.
pub trait Stream: Read + Write + AsFd + Debug + Send {
    /// Says that this client sends no more, and can still read.
    ///
    /// # Errors
    ///
    /// Those of shutdown(2), and of whatever the protocol sends to say so.
    fn half_close(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for UnixStream {
    fn half_close(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for Box<dyn Stream> {
    fn half_close(&mut self) -> io::Result<()> {
        (**self).half_close()
    }
}

impl Target for SocketAddr {
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(by_tcp(self, within)?))
    }
}

impl Target for PathBuf {
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>> {
        self.as_path().connect(within)
    }
}

impl Target for Path {
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>> {
        let stream = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        // Where the queue of a UNIX socket is full its clients wait, and this bounds for how long.
        setsockopt(&stream, SendTimeout, &time(within))?;
        match connect(stream.as_raw_fd(), &UnixAddr::new(self)?) {
            Ok(()) => Ok(Box::new(UnixStream::from(stream))),
            Err(Errno::EAGAIN) => Err(io::ErrorKind::TimedOut.into()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl<T: Target + ?Sized> Target for &T {
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>> {
        (**self).connect(within)
    }
}

pub(crate) fn by_tcp(address: &SocketAddr, within: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, within)?;
    // Tests send small pieces and mean each of them to leave at once.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// For a socket's timeout, to which nothing at all would be no limit.
pub(crate) fn time(length: Duration) -> TimeVal {
    let length = length.max(Duration::from_micros(1));
    let seconds = length.as_secs().try_into().unwrap_or(i64::MAX);
    TimeVal::new(seconds, length.subsec_micros().into())
}
