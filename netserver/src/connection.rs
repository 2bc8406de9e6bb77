//! One accepted peer, as a handler reads and writes it.
//!
//! Writes are gathered and sent before a read that would block, at [`flush`](Write::flush), and
//! when the connection ends. Reads and writes have the time limits of the options; a signal does
//! not lengthen them.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::acceptor::Accepted;
use crate::buffer::{Buffers, SIZE};
use crate::options::Options;
use crate::sys::descriptor;
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::signal::{self, Cuttable, Stage};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(Option<SocketAddr>);

impl Peer {
    fn new(address: Option<SocketAddr>) -> Self {
        // A listener for both families shows IPv4 peers as IPv6 ones; rules and logs must not
        // have to know two spellings of one peer.
        Self(address.map(|address| SocketAddr::new(address.ip().to_canonical(), address.port())))
    }

    /// The address, in its own family: an IPv4 peer of a listener for both is IPv4.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.map(|address| address.ip())
    }

    /// The port.
    pub fn port(&self) -> Option<u16> {
        self.0.map(|address| address.port())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown peer"),
        }
    }
}

/// The time and room that a connection may take, from the options. 0 stands for no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    read: Duration,
    write: Duration,
    line: usize,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            read: options.read_timeout(),
            write: options.write_timeout(),
            line: usize::try_from(options.max_line()).unwrap_or(usize::MAX),
        }
    }
}

/// An accepted connection.
///
/// It is a [`BufRead`] and a [`Write`]; [`next_line`](Self::next_line) is what most protocols of
/// lines want. A failure of either is the client's affair: a handler hands it on with `?`, it is
/// logged at level 3, and the connection ends.
///
/// ```
/// # use netserver::prelude::*;
/// fn shout(conn: &mut Connection) -> io::Result<()> {
///     while let Some(line) = conn.next_line()? {
///         writeln!(conn, "{}", line.to_uppercase())?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Connection {
    // Before the stream, as it must go first.
    cuttable: Option<Cuttable>,
    stream: OwnedFd,
    peer: Peer,
    limits: Limits,
    buffers: Buffers,
}

impl Connection {
    pub(crate) fn new(accepted: Accepted, limits: Limits, mut buffers: Buffers) -> Self {
        buffers.clear();
        let Accepted { stream, peer } = accepted;
        let cuttable = Some(signal::cut_at_quick_stop(stream.as_fd()));
        Self { cuttable, stream, peer: Peer::new(peer), limits, buffers }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The address at this end. It is asked for here, as most handlers do not.
    ///
    /// # Errors
    /// What the kernel says, where the connection is gone.
    pub fn local(&self) -> io::Result<SocketAddr> {
        let address = SockRef::from(&self.stream).local_addr()?;
        let address = address.as_socket().ok_or(io::ErrorKind::Unsupported)?;
        Ok(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }

    /// The next line, without its line end (`\n` or `\r\n`); `None` at the end of the input. A last
    /// line without its end counts.
    ///
    /// # Errors
    /// `InvalidData` for a line that is longer than `max_line` or is not UTF-8, `TimedOut` where
    /// the client sent nothing for `read_timeout`, and what a read may fail with.
    pub fn next_line(&mut self) -> io::Result<Option<String>> {
        let Some(line) = self.next_line_bytes()? else {
            return Ok(None);
        };
        let text = String::from_utf8(line);
        text.map(Some).map_err(|_| invalid("a line that is not UTF-8".into()))
    }

    /// The next line as it came, without its line end; `None` at the end of the input.
    ///
    /// # Errors
    /// As [`next_line`](Self::next_line), except that any bytes will do.
    pub fn next_line_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let unread = self.fill_buf()?;
            let end = unread.iter().position(|byte| *byte == b'\n');
            let count = end.unwrap_or(unread.len());
            line.extend_from_slice(&unread[..count]);
            let input_ended = unread.is_empty();
            self.consume(count + usize::from(end.is_some()));
            if end.is_some() && line.last() == Some(&b'\r') {
                line.pop();
            }
            let whole = end.is_some() || input_ended;
            // While the line goes on, one more byte may be the '\r' of an end that is to come.
            let longest = self.limits.line.saturating_add(usize::from(!whole));
            if self.limits.line > 0 && line.len() > longest {
                let what = format!("a line longer than max_line, {} bytes", self.limits.line);
                return Err(invalid(what));
            }
            if whole {
                return Ok((end.is_some() || !line.is_empty()).then_some(line));
            }
        }
    }

    /// Sends what is gathered and gives the buffers back; the stream closes. After a panic nothing
    /// is sent, as half a reply must not look like a whole one.
    pub(crate) fn close(mut self, deliver: bool) -> (io::Result<()>, Buffers) {
        let sent = if deliver { self.flush() } else { Ok(()) };
        drop(self.cuttable.take());
        descriptor::close(self.stream);
        (sent, self.buffers)
    }
}

/// One read or write of `stream`, made again where a signal interrupted it, until `limit` is over.
fn within<T>(
    stream: &OwnedFd,
    direction: Direction,
    limit: Duration,
    mut call: impl FnMut(&OwnedFd) -> io::Result<T>,
) -> io::Result<T> {
    let start = Instant::now();
    loop {
        let result = call(stream);
        // The stream may be /dev/null by now: what it says is no end of input and no success.
        cut()?;
        match result {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                return Err(timed_out(direction, limit));
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
        // The kernel starts its own limit anew with each call, so the rest of the time is waited
        // for here.
        loop {
            let left = (!limit.is_zero()).then(|| limit.saturating_sub(start.elapsed()));
            match poll::ready(stream, direction, left)? {
                Woken::Ready => break,
                Woken::Time => return Err(timed_out(direction, limit)),
                Woken::Signal => cut()?,
            }
        }
    }
}

/// An error once this process was told to stop at once.
fn cut() -> io::Result<()> {
    if signal::stage() == Stage::Quick {
        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server stops"));
    }
    Ok(())
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn timed_out(direction: Direction, limit: Duration) -> io::Error {
    let what = match direction {
        Direction::Read => "sent nothing",
        Direction::Write => "took nothing",
    };
    io::Error::new(io::ErrorKind::TimedOut, format!("the client {what} for {limit:?}"))
}

impl Read for Connection {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let unread = self.fill_buf()?;
        let count = unread.len().min(into.len());
        into[..count].copy_from_slice(&unread[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Connection {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffers.unread().is_empty() {
            self.flush()?;
            let room = self.buffers.room();
            let count = within(&self.stream, Direction::Read, self.limits.read, |stream| {
                descriptor::read(stream, room)
            })?;
            self.buffers.filled(count);
        }
        Ok(self.buffers.unread())
    }

    fn consume(&mut self, count: usize) {
        self.buffers.take(count);
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffers.output.len() + bytes.len() > SIZE {
            self.flush()?;
        }
        if bytes.len() >= SIZE {
            return within(&self.stream, Direction::Write, self.limits.write, |stream| {
                descriptor::write(stream, bytes)
            });
        }
        self.buffers.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.buffers.output.len() {
            let rest = &self.buffers.output[sent..];
            let written = within(&self.stream, Direction::Write, self.limits.write, |stream| {
                descriptor::write(stream, rest)
            });
            match written {
                Ok(count) => sent += count,
                Err(err) => {
                    // What could not be sent now never can.
                    self.buffers.output.clear();
                    return Err(err);
                }
            }
        }
        self.buffers.output.clear();
        Ok(())
    }
}
