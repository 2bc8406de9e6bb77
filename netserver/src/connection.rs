//! One accepted peer, as a handler reads and writes it.
//!
//! Writes are gathered and sent before a read that would block, at [`flush`](Write::flush), and
//! when the connection ends. After a write that failed every further one fails. Reads and writes
//! have the time limits of the options; a signal does not lengthen them. A datagram is a connection
//! whose input is the one packet, and whose output is the answer.

mod looped;

use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::socket::{getsockopt, sockopt};
use socket2::SockRef;

use crate::accepted::{Accepted, Carrier, Datagram};
use crate::address::Address;
use crate::buffer::{Buffers, SIZE};
use crate::channel::Channel;
use crate::seat::Timer;
use crate::sys::signal;
use crate::sys::socket::PeerCred;
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::wire::{Deadline, Limits, Wire};

/// What carries the bytes.
#[derive(Debug)]
enum Stream {
    Channel(Channel),
    Datagram(Datagram),
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
    stream: Stream,
    peer: Address,
    /// Whether it came over a UNIX socket, whoever the client really is.
    unix: bool,
    proto: &'static str,
    /// The client's name, once it was asked for and confirmed.
    host: Option<String>,
    limits: Limits,
    buffers: Buffers,
    /// How it has failed.
    faults: Vec<io::ErrorKind>,
    /// Whether a line was longer than it may be: what follows it is none.
    too_long: bool,
    /// How a write failed: what follows it would be taken for what it was to be.
    broken: Option<io::ErrorKind>,
    /// Where somebody is told until when it may last.
    timer: Option<Timer>,
    /// Whether it is one of many in a loop, which waits for all of them: no call of it does, and the loop
    /// sends what is written.
    looped: bool,
}

impl Connection {
    /// Of a client of the protocol of that name. What a datagram holds is in the buffers already.
    #[inline]
    pub(crate) fn new(
        accepted: Accepted,
        proto: &'static str,
        limits: Limits,
        buffers: Buffers,
    ) -> Self {
        let Accepted { carrier, peer } = accepted;
        let stream = match carrier {
            Carrier::Stream(stream, blocking) => {
                Stream::Channel(Channel::new(Wire::new(stream, blocking, limits)))
            }
            Carrier::Pipes(input, output) => {
                Stream::Channel(Channel::new(Wire::pipes(input, output, limits)))
            }
            Carrier::Datagram(datagram) => Stream::Datagram(datagram),
        };
        Self {
            stream,
            unix: peer.is_unix(),
            peer,
            proto,
            host: None,
            limits,
            buffers,
            faults: Vec::new(),
            too_long: false,
            broken: None,
            timer: None,
            looped: false,
        }
    }

    /// Has somebody be told until when it may last.
    #[inline]
    pub(crate) fn timed_by(&mut self, timer: Option<Timer>) {
        self.timer = timer;
    }

    /// Has its first read be timed from then on.
    #[inline]
    pub(crate) fn begin_at(&mut self, since: Instant) {
        if let Stream::Channel(channel) = &mut self.stream {
            channel.begin_at(since);
        }
    }

    /// Who is at the other end.
    #[inline]
    pub fn peer(&self) -> Address {
        self.peer.clone()
    }

    #[inline]
    pub(crate) fn peer_ref(&self) -> &Address {
        &self.peer
    }

    /// Says who the client really is, where a proxy has told. A protocol does so in its handshake:
    /// rules and logs go by it from then on.
    pub fn set_peer(&mut self, address: SocketAddr) {
        self.peer = address.into();
    }

    /// The name of the client's address: one that its owner has given to it, and that leads back to
    /// it. `None` where `reverse_lookups` is off, or there was no such name within 2 seconds.
    pub fn peer_host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    pub(crate) fn set_peer_host(&mut self, host: Option<String>) {
        self.host = host;
    }

    /// Who is at the other end of a UNIX socket, as the kernel knows it; `None` on any other.
    ///
    /// # Errors
    /// What the kernel says, where the connection is gone.
    pub fn peer_cred(&self) -> io::Result<Option<PeerCred>> {
        if !self.unix {
            return Ok(None);
        }
        match &self.stream {
            Stream::Datagram(datagram) => Ok(datagram.cred()),
            Stream::Channel(channel) => {
                let cred = getsockopt(channel, sockopt::PeerCredentials)?;
                Ok(Some(PeerCred { pid: cred.pid(), uid: cred.uid(), gid: cred.gid() }))
            }
        }
    }

    /// The protocol: `tcp`, `udp`, `unix`, `unixdgram`, `ssl`, or the name that one of the program's
    /// own has.
    pub fn proto(&self) -> &'static str {
        self.proto
    }

    /// Whether it is one packet, and not a stream.
    #[inline]
    pub fn is_datagram(&self) -> bool {
        matches!(self.stream, Stream::Datagram(_))
    }

    /// Whether a datagram was longer than `udp_recv_len`, and lost what was over it. One without any
    /// bytes is a datagram like others: there is nothing to read, and it is not truncated.
    pub fn is_truncated(&self) -> bool {
        matches!(&self.stream, Stream::Datagram(datagram) if datagram.truncated)
    }

    /// The address at this end: of a datagram the one that it was sent to. It is asked for here, as
    /// most handlers do not.
    ///
    /// # Errors
    /// What the kernel says, where the connection is gone.
    pub fn local(&self) -> io::Result<Address> {
        match &self.stream {
            Stream::Datagram(datagram) => Ok(datagram.local()),
            Stream::Channel(channel) => Ok(Address::of(&SockRef::from(channel).local_addr()?)),
        }
    }

    /// Begins TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn secure(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let secured = match &mut self.stream {
            Stream::Channel(channel) => channel.secure(config),
            Stream::Datagram(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        self.noting(secured)
    }

    /// What both ends agreed on where the connection speaks TLS; `None` where it does not.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Option<Tls<'_>> {
        match &self.stream {
            Stream::Channel(channel) => channel.session().map(Tls::new),
            Stream::Datagram(_) => None,
        }
    }

    /// The stream for another descriptor to be; `None` where its bytes are not what the client sees.
    pub(crate) fn lend(&mut self) -> io::Result<Option<(BorrowedFd<'_>, BorrowedFd<'_>)>> {
        match &mut self.stream {
            Stream::Channel(channel) => channel.lend(),
            Stream::Datagram(_) => Ok(None),
        }
    }

    /// Has everything that is read and written from here on be over in `time`: what is not fails with
    /// `TimedOut`. 0 takes the limit away. It takes the place of `request_timeout`, and the limits of
    /// each read and write hold as before. An answer to a datagram is not waited for.
    pub fn set_deadline(&mut self, time: Duration) {
        self.end_after(time, "request");
    }

    /// Has the handshake be over in its time.
    pub(crate) fn begin_handshake(&mut self) {
        self.end_after(self.limits.handshake, "handshake");
    }

    /// Has the request be over in its time.
    #[inline]
    pub(crate) fn begin_request(&mut self) {
        self.end_after(self.limits.request, "request");
    }

    #[inline]
    fn end_after(&mut self, time: Duration, what: &'static str) {
        let deadline = Deadline::after(time, what);
        if let Some(timer) = &self.timer {
            timer.ends_in(deadline.map(|_| time));
        }
        match &mut self.stream {
            Stream::Datagram(_) => {}
            Stream::Channel(channel) => channel.end_by(deadline),
        }
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
    #[inline]
    pub fn next_line_bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            // While the line goes on, one more byte may be the '\r' of an end that is to come.
            self.hold_line(1)?;
            self.fill_buf()?;
            let (has_end, input_ended) = self.buffers.take_line();
            if has_end || input_ended {
                self.hold_line(0)?;
                let line = std::mem::take(self.buffers.line());
                return Ok((has_end || !line.is_empty()).then_some(line));
            }
        }
    }

    /// Errs where the line so far is longer than it may be, by more than `beyond` bytes.
    #[inline]
    fn hold_line(&mut self, beyond: usize) -> io::Result<()> {
        let limit = self.limits.line;
        self.too_long |= limit > 0 && self.buffers.line().len() > limit.saturating_add(beyond);
        if self.too_long { self.line_too_long() } else { Ok(()) }
    }

    #[cold]
    fn line_too_long(&mut self) -> io::Result<()> {
        let limit = self.limits.line;
        self.invalid(format!("a line longer than max_line, {limit} bytes"))
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
    #[inline]
    fn noting<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|err| self.note(err.kind()))
    }

    fn note(&mut self, fault: io::ErrorKind) {
        // Of which nothing came yet has not failed.
        let waits = self.looped && fault == io::ErrorKind::WouldBlock;
        if !waits && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// How it has failed so far.
    #[inline]
    pub(crate) fn faults(&self) -> &[io::ErrorKind] {
        &self.faults
    }

    /// One read into the empty buffer.
    #[inline]
    fn receive(&mut self) -> io::Result<()> {
        let goes_on = self.buffers.was_filled();
        let room = self.buffers.room();
        let read = match &mut self.stream {
            Stream::Channel(channel) => {
                if goes_on {
                    signal::goes_on();
                }
                channel.read(room)
            }
            Stream::Datagram(_) => Ok(0),
        };
        let count = self.noting(read)?;
        if count == 0 {
            // Who needs more than there was fails with this, and it is the client's fault.
            self.note(io::ErrorKind::UnexpectedEof);
        }
        self.buffers.filled(count);
        Ok(())
    }

    /// Writes some of `bytes`, or all of a datagram. Once that has failed there is no more to be
    /// written.
    #[inline]
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hold_whole()?;
        let written = match &mut self.stream {
            Stream::Channel(channel) => channel.write(bytes),
            Stream::Datagram(datagram) => {
                datagram.answer(bytes, self.limits.write).map(|()| bytes.len())
            }
        };
        self.broken = written.as_ref().err().map(io::Error::kind);
        self.noting(written)
    }

    /// Errs once a write has failed.
    #[inline]
    fn hold_whole(&mut self) -> io::Result<()> {
        match self.broken {
            Some(kind) => Err(io::Error::new(kind, "an earlier write has failed")),
            None => Ok(()),
        }
    }

    #[inline]
    fn send_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.send(bytes)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Sends what is gathered. A write that failed before was told when it did.
    #[inline]
    pub(crate) fn deliver(&mut self) -> io::Result<()> {
        if self.broken.is_some() {
            return Ok(());
        }
        self.send_gathered()
    }

    /// Sends what is gathered.
    #[inline]
    fn send_gathered(&mut self) -> io::Result<()> {
        self.hold_whole()?;
        if self.buffers.output().is_empty() || self.looped {
            return Ok(());
        }
        let mut output = std::mem::take(self.buffers.output());
        let sent = self.send_all(&output);
        // What could not be sent now never can.
        output.clear();
        *self.buffers.output() = output;
        sent
    }

    /// As [`deliver`](Self::deliver), of a reply that is complete but for what a hook may add, where the
    /// client has nothing more to say: its last bytes may wait for the end of the connection to go along.
    pub(crate) fn deliver_last(&mut self) -> io::Result<()> {
        if let Stream::Channel(channel) = &mut self.stream
            && self.proto == "tcp"
            && self.broken.is_none()
            && self.buffers.unread().is_empty()
            && let Some(sent) = channel.write_last(self.buffers.output())
        {
            self.broken = sent.as_ref().err().map(io::Error::kind);
            let sent = self.noting(sent)?;
            self.buffers.output().drain(..sent);
        }
        self.deliver()
    }

    /// Sends what is gathered, unless it is to be dropped, and has the stream end as it should once it
    /// closes. A reply that is broken off, by a panic or a write that failed, ends in a reset: half of
    /// one must not look like a whole one.
    #[inline]
    pub(crate) fn finish(&mut self, end: End) -> io::Result<()> {
        let sent = if end == End::Whole { self.deliver() } else { Ok(()) };
        let broken = end == End::Broken || self.broken.is_some();
        match &mut self.stream {
            Stream::Channel(channel) if broken && channel.has_sent() => channel.break_off(),
            Stream::Channel(channel) => {
                return sent.and(channel.finish(!self.buffers.unread().is_empty()));
            }
            Stream::Datagram(_) => {}
        }
        sent
    }

    /// Whether the end of the connection goes out with what is sent, as soon as it finishes.
    #[inline]
    pub(crate) fn ends_with_reply(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.ends_with_reply())
    }

    /// Gives the buffers back, and leaves the stream to the end of the process.
    #[inline]
    pub(crate) fn leave_open(self) -> Buffers {
        std::mem::forget(self.stream);
        self.buffers
    }

    /// Closes the stream, and gives the buffers back.
    #[inline]
    pub(crate) fn close(self) -> Buffers {
        let mut buffers = self.buffers;
        match self.stream {
            Stream::Channel(channel) => channel.close(),
            Stream::Datagram(datagram) => buffers.keep_received(datagram.into_received()),
        }
        buffers
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
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffers.unread().is_empty() {
            // There is no more to a datagram, so nobody waits for what is gathered.
            if !self.is_datagram() {
                self.flush()?;
            }
            self.receive()?;
        }
        Ok(self.buffers.unread())
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        self.buffers.take(count);
    }

    /// As [`next_line`](Connection::next_line) it takes no line that is longer than `max_line`.
    fn read_line(&mut self, into: &mut String) -> io::Result<usize> {
        let mut bytes = Vec::new();
        // With the end of the line, and one byte more to see that it is longer.
        let most = self.limits.line.saturating_add(3);
        let most = if self.limits.line == 0 { u64::MAX } else { most as u64 };
        let read = Read::by_ref(self).take(most).read_until(b'\n', &mut bytes);
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if self.limits.line > 0 && length > self.limits.line {
            self.too_long = true;
            self.hold_line(0)?;
        }
        self.append(read, bytes, into)
    }
}

impl Write for Connection {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hold_whole()?;
        let length = self.buffers.output().len() + bytes.len();
        match &self.stream {
            Stream::Datagram(datagram) => datagram.hold(length)?,
            Stream::Channel(_) if length > SIZE && !self.looped => {
                self.flush()?;
                if bytes.len() >= SIZE {
                    return self.send(bytes);
                }
            }
            Stream::Channel(_) => {}
        }
        self.buffers.output().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        if !self.buffers.output().is_empty() {
            signal::goes_on();
        }
        self.send_gathered()
    }
}
