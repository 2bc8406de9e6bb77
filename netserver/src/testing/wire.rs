//! One connection as a client has it, every operation under a deadline; faults are results.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::libc;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{Linger, ReceiveTimeout, SendTimeout};

use crate::testing::deadline::Deadline;
use crate::testing::target::{self, Stream};

/// What one operation may take where the test says nothing else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection, and what came by it that nobody asked for yet.
#[derive(Debug)]
pub(crate) struct Wire<S = TcpStream> {
    stream: S,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr, deadline: Deadline) -> io::Result<Self> {
        Ok(Self::over(target::by_tcp(&address, deadline.timeout()?)?))
    }
}

impl<S: Stream> Wire<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// What came and was not asked for yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.unread
    }

    pub(crate) fn send(&mut self, mut bytes: &[u8], deadline: Deadline) -> io::Result<()> {
        while !bytes.is_empty() {
            setsockopt(&self.stream, SendTimeout, &target::time(deadline.timeout()?))?;
            match retried(self.stream.write(bytes))? {
                Some(0) => return Err(ErrorKind::WriteZero.into()),
                Some(written) => bytes = &bytes[written..],
                None => {}
            }
        }
        self.stream.flush()
    }

    /// The next line with its end; `None` where the peer closed before the end of one came.
    pub(crate) fn line(&mut self, deadline: Deadline) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.unread.drain(..=end).collect()));
            }
            if self.receive(deadline)? == 0 {
                return Ok(None);
            }
        }
    }

    /// All that comes until `is_whole` says so or the peer closes.
    pub(crate) fn until(
        &mut self,
        is_whole: impl Fn(&[u8]) -> bool,
        deadline: Deadline,
    ) -> io::Result<Vec<u8>> {
        while !is_whole(&self.unread) && self.receive(deadline)? > 0 {}
        Ok(std::mem::take(&mut self.unread))
    }

    /// All that comes until the peer closes.
    pub(crate) fn rest(&mut self, deadline: Deadline) -> io::Result<Vec<u8>> {
        self.until(|_| false, deadline)
    }

    /// Says that we send no more, and reads on.
    pub(crate) fn half_close(&mut self) -> io::Result<()> {
        self.stream.half_close()
    }

    /// Closes without the usual farewell: the peer gets a reset, and no port stays in
    /// `TIME_WAIT`.
    pub(crate) fn reset(self) -> io::Result<()> {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        Ok(setsockopt(&self.stream, Linger, &at_once)?)
    }

    /// Takes what comes next; 0 at the end.
    fn receive(&mut self, deadline: Deadline) -> io::Result<usize> {
        let mut chunk = [0; 8192];
        loop {
            setsockopt(&self.stream, ReceiveTimeout, &target::time(deadline.timeout()?))?;
            if let Some(length) = retried(self.stream.read(&mut chunk))? {
                self.unread.extend_from_slice(&chunk[..length]);
                return Ok(length);
            }
        }
    }
}

/// An interruption is `None`: try again. A socket's timeout has the name of a deadline.
fn retried(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(length) => Ok(Some(length)),
        Err(err) if err.kind() == ErrorKind::Interrupted => Ok(None),
        Err(err) if err.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        Err(err) => Err(err),
    }
}
