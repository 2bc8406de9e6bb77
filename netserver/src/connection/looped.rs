//! A connection as a loop sees it that serves many: no call waits.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::{Connection, Stream};
use crate::accepted::Accepted;
use crate::buffer::Buffers;
use crate::sys::poll::{self, Direction, Woken};
use crate::wire::{Deadline, Limits};

impl Connection {
    /// Of a client of the protocol of that name, one of very many: what it has no use for yet it does not
    /// hold. What a datagram holds is in the buffers already.
    pub(crate) fn looped(
        accepted: Accepted,
        proto: &'static str,
        limits: Limits,
        buffers: Buffers,
    ) -> Self {
        Self { looped: true, ..Self::new(accepted.at_once(), proto, limits, buffers) }
    }

    /// What is waited on; `None` of a datagram, which is all there.
    pub(crate) fn stream(&self) -> Option<BorrowedFd<'_>> {
        match &self.stream {
            Stream::Channel(channel) => Some(std::os::fd::AsFd::as_fd(channel)),
            Stream::Datagram(_) => None,
        }
    }

    /// Whether the client has taken so much of what it was sent that the kernel wants more.
    pub(crate) fn has_room(&self) -> bool {
        let ready = |stream| poll::ready(&stream, Direction::Write, Some(Duration::ZERO));
        self.stream().is_some_and(|stream| ready(stream).is_ok_and(|woken| woken == Woken::Ready))
    }

    /// When everything has to be over.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        match &self.stream {
            Stream::Channel(channel) => channel.deadline(),
            Stream::Datagram(_) => None,
        }
    }

    /// One read; 0 at the end.
    ///
    /// # Errors
    /// `WouldBlock` where nothing has come.
    #[inline]
    pub(crate) fn receive_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.stream {
            Stream::Channel(channel) => io::Read::read(channel, room),
            Stream::Datagram(_) => Ok(0),
        };
        self.noting(read)
    }

    /// Whether its bytes are secret on their way.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.is_secret())
    }

    /// Whether there is something to be read, though the stream may have nothing.
    #[inline]
    pub(crate) fn has_unread(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.has_unread())
    }

    /// Takes some of `bytes`, or all of a datagram, and says how many.
    ///
    /// # Errors
    /// `WouldBlock` where it takes none.
    #[inline]
    pub(crate) fn send_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = match &mut self.stream {
            Stream::Channel(channel) => channel.take(bytes),
            Stream::Datagram(datagram) => {
                // Not the client's doing.
                datagram.hold(bytes.len())?;
                datagram.answer_now(bytes).map(|()| bytes.len())
            }
        };
        self.noting(sent)
    }

    /// As [`send_now`](Self::send_now), of the last bytes of all, which wait for the end of the connection to go
    /// along; `None` where that is not to be had.
    #[inline]
    pub(crate) fn send_last(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
        let sent = match &mut self.stream {
            Stream::Channel(channel) if self.proto == "tcp" => channel.write_last(bytes)?,
            _ => return None,
        };
        Some(self.noting(sent))
    }

    /// Whether what was taken waits for room.
    #[inline]
    pub(crate) fn is_stuck(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.is_stuck())
    }

    /// Sends what waits for room.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub(crate) fn unstick(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Channel(channel) => channel.unstick(),
            Stream::Datagram(_) => Ok(()),
        }
    }

    /// Whether a handshake waits for room to write.
    pub(crate) fn wants_room(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.wants_room())
    }

    /// Has the client know that it has all.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room to say so; it may be called again.
    pub(crate) fn end_now(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Channel(channel) => channel.end(),
            Stream::Datagram(_) => Ok(()),
        }
    }

    /// Says that no more comes, where a plain close may lose what was sent, and tells whether it has.
    /// `unread`: whether somebody above holds input that nobody took.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub(crate) fn part(&mut self, unread: bool) -> io::Result<bool> {
        let unread = unread || self.has_unread();
        match &mut self.stream {
            Stream::Channel(channel) => channel.wire().part(unread),
            Stream::Datagram(_) => Ok(false),
        }
    }

    /// Takes what comes after that, and tells whether more may come.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub(crate) fn take_rest(&mut self) -> io::Result<bool> {
        match &mut self.stream {
            Stream::Channel(channel) => channel.wire().drain(),
            Stream::Datagram(_) => Ok(false),
        }
    }

    /// Whether all that was sent has reached the client.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub(crate) fn has_all(&mut self) -> io::Result<bool> {
        match &mut self.stream {
            Stream::Channel(channel) => channel.wire().has_all(),
            Stream::Datagram(_) => Ok(true),
        }
    }

    /// Has the stream close with a reset, where half a reply must not look like a whole one.
    pub(crate) fn break_off(&mut self) {
        if let Stream::Channel(channel) = &mut self.stream {
            channel.break_off();
        }
    }

    /// Whether anything was sent.
    pub(crate) fn has_sent(&self) -> bool {
        matches!(&self.stream, Stream::Channel(channel) if channel.has_sent())
    }

    /// Moves what hooks have written.
    #[inline]
    pub(crate) fn take_written(&mut self, into: &mut Vec<u8>) {
        into.append(self.buffers.output());
    }

    /// Forgets what a hook has written that did not come to its end.
    pub(crate) fn drop_written(&mut self) {
        self.buffers.output().clear();
    }

    /// What a datagram holds, for somebody else to hold.
    pub(crate) fn take_buffers(&mut self) -> Buffers {
        std::mem::replace(&mut self.buffers, Buffers::empty())
    }

    /// What came and nobody took: the beginning of a line that a hook has asked for, and the rest.
    #[inline]
    pub(crate) fn take_unread(&mut self) -> Vec<u8> {
        let mut unread = std::mem::take(self.buffers.line());
        unread.extend_from_slice(self.buffers.unread());
        if self.buffers.has_room() {
            // The loop reads and writes elsewhere from here on, and this one is one of very many.
            self.buffers = Buffers::empty();
        }
        unread
    }
}
