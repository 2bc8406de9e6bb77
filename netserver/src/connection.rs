//! One accepted peer, as a handler reads and writes it.
//!
//! Writes are gathered and sent before a read that would block, at [`flush`](Write::flush), and
//! when the connection ends. After a write that failed every further one fails. Reads and writes
//! have the time limits of the options; a signal does not lengthen them.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::acceptor::Accepted;
use crate::buffer::{Buffers, SIZE};
use crate::options::Options;
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::signal::{self, Cuttable};

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
/// logged at level 3, and the connection ends. An error of anything else that a handler reads or
/// writes is the server's, and is logged at level 1.
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
    /// How it has failed.
    faults: Vec<io::ErrorKind>,
    /// Whether a line was longer than it may be: what follows it is none.
    too_long: bool,
    /// Whether anything was sent.
    answered: bool,
    /// How a write failed: what follows it would be taken for what it was to be.
    broken: Option<io::ErrorKind>,
}

impl Connection {
    pub(crate) fn new(accepted: Accepted, limits: Limits, mut buffers: Buffers) -> Self {
        buffers.clear();
        let Accepted { stream, peer } = accepted;
        let cuttable = Some(Cuttable::new(stream.as_fd()));
        let peer = Peer::new(peer);
        Self {
            cuttable,
            stream,
            peer,
            limits,
            buffers,
            faults: Vec::new(),
            too_long: false,
            answered: false,
            broken: None,
        }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Says who the client really is, where a proxy has told. A protocol does so in its handshake:
    /// rules and logs go by it from then on.
    pub fn set_peer(&mut self, address: SocketAddr) {
        self.peer = Peer::new(Some(address));
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
    /// the client sent nothing for `read_timeout`, and what a read may fail with. The beginning of a
    /// line that was read before an error is kept for the next call, and for no other way to read;
    /// after one that was too long there is no next line.
    pub fn next_line(&mut self) -> io::Result<Option<String>> {
        let Some(line) = self.next_line_bytes()? else {
            return Ok(None);
        };
        match String::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(_) => self.invalid("a line that is not UTF-8".into()),
        }
    }

    /// The next line as it came, without its line end; `None` at the end of the input.
    ///
    /// # Errors
    /// As [`next_line`](Self::next_line), except that any bytes will do.
    pub fn next_line_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            // While the line goes on, one more byte may be the '\r' of an end that is to come.
            self.hold_line(1)?;
            self.fill_buf()?;
            let (has_end, input_ended) = self.buffers.take_line();
            if has_end || input_ended {
                self.hold_line(0)?;
                let line = std::mem::take(&mut self.buffers.line);
                return Ok((has_end || !line.is_empty()).then_some(line));
            }
        }
    }

    /// Errs where the line so far is longer than it may be, by more than `beyond` bytes.
    fn hold_line(&mut self, beyond: usize) -> io::Result<()> {
        let limit = self.limits.line;
        self.too_long |= limit > 0 && self.buffers.line.len() > limit.saturating_add(beyond);
        if self.too_long {
            return self.invalid(format!("a line longer than max_line, {limit} bytes"));
        }
        Ok(())
    }

    /// Appends what was read as text, also where `read` has failed: what is part of a character is left
    /// for the next read then.
    fn append(
        &mut self,
        read: io::Result<usize>,
        bytes: Vec<u8>,
        into: &mut String,
    ) -> io::Result<usize> {
        match String::from_utf8(bytes) {
            Ok(text) => into.push_str(&text),
            Err(_) if read.is_ok() => return self.invalid("text that is not UTF-8".into()),
            Err(err) => {
                let (whole, rest) = err.as_bytes().split_at(err.utf8_error().valid_up_to());
                into.push_str(&String::from_utf8_lossy(whole));
                self.buffers.put_back(rest);
            }
        }
        read
    }

    fn invalid<T>(&mut self, what: String) -> io::Result<T> {
        self.noting(Err(io::Error::new(io::ErrorKind::InvalidData, what)))
    }

    /// Remembers how it failed.
    fn noting<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|err| self.note(err.kind()))
    }

    fn note(&mut self, fault: io::ErrorKind) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// How it has failed so far.
    pub(crate) fn faults(&self) -> &[io::ErrorKind] {
        &self.faults
    }

    /// One read into the empty buffer.
    fn receive(&mut self) -> io::Result<()> {
        let room = self.buffers.room();
        let read = within(&self.stream, Direction::Read, self.limits.read, |stream| {
            descriptor::read(stream, room)
        });
        let count = self.noting(read)?;
        if count == 0 {
            // Who needs more than there was fails with this, and it is the client's fault.
            self.note(io::ErrorKind::UnexpectedEof);
        }
        self.buffers.filled(count);
        Ok(())
    }

    /// Writes some of `bytes`. Once that has failed there is no more to be written.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hold_whole()?;
        let written = within(&self.stream, Direction::Write, self.limits.write, |stream| {
            descriptor::write(stream, bytes)
        });
        self.answered |= written.is_ok();
        self.broken = written.as_ref().err().map(io::Error::kind);
        self.noting(written)
    }

    /// Errs once a write has failed.
    fn hold_whole(&mut self) -> io::Result<()> {
        match self.broken {
            Some(kind) => Err(io::Error::new(kind, "an earlier write has failed")),
            None => Ok(()),
        }
    }

    fn send_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.send(bytes)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Sends what is gathered. A write that failed before was told when it did.
    pub(crate) fn deliver(&mut self) -> io::Result<()> {
        if self.broken.is_some() {
            return Ok(());
        }
        self.flush()
    }

    /// Sends what is gathered, unless it is to be dropped, and gives the buffers back; the stream
    /// closes. A reply that is broken off, by a panic or a write that failed, ends in a reset: half of
    /// one must not look like a whole one.
    pub(crate) fn close(mut self, end: End) -> (io::Result<()>, Buffers) {
        let sent = if end == End::Whole { self.deliver() } else { Ok(()) };
        if self.answered && (end == End::Broken || self.broken.is_some()) {
            // Where that fails the connection is gone already.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
        drop(self.cuttable.take());
        descriptor::close(self.stream);
        (sent, self.buffers)
    }
}

/// What a connection ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All that was written.
    Whole,
    /// All that was sent; what is gathered is no part of the reply.
    Dropped,
    /// A reply that was broken off.
    Broken,
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

    fn read_to_string(&mut self, into: &mut String) -> io::Result<usize> {
        let mut bytes = Vec::new();
        let read = self.read_to_end(&mut bytes);
        self.append(read, bytes, into)
    }
}

impl BufRead for Connection {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffers.unread().is_empty() {
            self.flush()?;
            self.receive()?;
        }
        Ok(self.buffers.unread())
    }

    fn consume(&mut self, count: usize) {
        self.buffers.take(count);
    }

    fn read_line(&mut self, into: &mut String) -> io::Result<usize> {
        let mut bytes = Vec::new();
        let read = self.read_until(b'\n', &mut bytes);
        self.append(read, bytes, into)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hold_whole()?;
        if self.buffers.output.len() + bytes.len() > SIZE {
            self.flush()?;
        }
        if bytes.len() >= SIZE {
            return self.send(bytes);
        }
        self.buffers.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hold_whole()?;
        let mut output = std::mem::take(&mut self.buffers.output);
        let sent = self.send_all(&output);
        // What could not be sent now never can.
        output.clear();
        self.buffers.output = output;
        sent
    }
}
