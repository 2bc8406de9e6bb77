//! A stream as its client's bytes: those of the wire, or what TLS makes of them.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Instant;

#[cfg(feature = "tls")]
use crate::tls::session::Session;
use crate::wire::{Deadline, Wire};

/// A stream, which may have begun to speak TLS.
#[derive(Debug)]
pub(crate) struct Channel {
    wire: Wire,
    #[cfg(feature = "tls")]
    session: Option<Box<Session>>,
    /// Some between a handshake that would have waited and the next try.
    #[cfg(feature = "tls")]
    opening: Option<Box<Session>>,
    /// Whether the stream has not taken all that the session has.
    #[cfg(feature = "tls")]
    stuck: bool,
    /// Whether the session has its end.
    #[cfg(feature = "tls")]
    ended: bool,
}

impl Channel {
    #[inline]
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            wire,
            #[cfg(feature = "tls")]
            session: None,
            #[cfg(feature = "tls")]
            opening: None,
            #[cfg(feature = "tls")]
            stuck: false,
            #[cfg(feature = "tls")]
            ended: false,
        }
    }

    /// The stream itself, for what is the same with TLS.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// When everything has to be over.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.wire.deadline()
    }

    /// Has the first read be timed from then on.
    #[inline]
    pub(crate) fn begin_at(&mut self, since: Instant) {
        self.wire.begin_at(since);
    }

    /// Has every call end by then.
    #[inline]
    pub(crate) fn end_by(&mut self, deadline: Option<Deadline>) {
        self.wire.end_by(deadline);
    }

    /// One call for each descriptor.
    #[inline]
    pub(crate) fn close(self) {
        self.wire.close();
    }

    /// As [`Wire::ends_with_reply`].
    #[inline]
    pub(crate) fn ends_with_reply(&self) -> bool {
        self.wire.ends_with_reply()
    }

    /// Whether anything was sent.
    #[inline]
    pub(crate) fn has_sent(&self) -> bool {
        self.wire.has_sent()
    }

    /// As [`Wire::break_off`].
    pub(crate) fn break_off(&mut self) {
        self.wire.break_off();
    }

    /// As [`Wire::write_last`]; TLS has its own way to end.
    pub(crate) fn write_last(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
        #[cfg(feature = "tls")]
        if self.session.is_some() {
            return None;
        }
        self.wire.write_last(bytes)
    }
}

#[cfg(feature = "tls")]
impl Channel {
    /// Agrees with the client on keys; from here on all bytes are secret. It may be called again where that
    /// would have to wait, and goes on.
    pub(crate) fn secure(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let mut session = match self.opening.take() {
            Some(session) => session,
            None => Box::new(Session::new(config)?),
        };
        let shaken = session.handshake(&mut self.wire);
        let waits = shaken.as_ref().is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock);
        let place = if waits { &mut self.opening } else { &mut self.session };
        *place = (waits || shaken.is_ok()).then_some(session);
        shaken
    }

    /// Whether all bytes are secret.
    pub(crate) fn is_secret(&self) -> bool {
        self.session.is_some()
    }

    /// Whether a handshake waits for room to write.
    pub(crate) fn wants_room(&self) -> bool {
        self.opening.as_ref().is_some_and(|session| session.has_unsent())
    }

    /// Whether a read has something, though the stream may have nothing.
    #[inline]
    pub(crate) fn has_unread(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.has_unread())
    }

    /// Takes some of `bytes`, and says how many. Where it [`is_stuck`](Self::is_stuck) then, not all of them
    /// were sent.
    ///
    /// # Errors
    /// `WouldBlock` where it takes none.
    #[inline]
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.session.is_none() {
            return self.wire.write(bytes);
        }
        self.unstick()?;
        let Some(session) = &mut self.session else { return Ok(0) };
        let count = session.push(&mut self.wire, bytes)?;
        self.try_to_send()?;
        Ok(count)
    }

    /// Whether what was taken waits for room.
    #[inline]
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Sends what waits for room.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub(crate) fn unstick(&mut self) -> io::Result<()> {
        if self.stuck {
            self.try_to_send()?;
        }
        if self.stuck { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    }

    fn try_to_send(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let sent = session.flush(&mut self.wire);
        self.stuck = sent.as_ref().is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock);
        if self.stuck { Ok(()) } else { sent }
    }

    /// Has the client know that it has all, once it has.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room to say so; it may be called again.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if let Some(session) = self.session.as_mut().filter(|_| !self.ended) {
            session.end();
            self.ended = true;
            self.stuck = true;
        }
        self.unstick()
    }

    /// What both agreed on.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The stream for another descriptor to be; `None` where its bytes are secret.
    pub(crate) fn lend(&mut self) -> io::Result<Option<(BorrowedFd<'_>, BorrowedFd<'_>)>> {
        if self.session.is_some() { Ok(None) } else { self.wire.lend().map(Some) }
    }

    /// Has the client get all that was sent, and know that it has all.
    #[inline]
    pub(crate) fn finish(&mut self, unread: bool) -> io::Result<()> {
        let (mut told, mut unread) = (Ok(()), unread);
        if let Some(session) = &mut self.session {
            told = session.close(&mut self.wire);
            unread |= session.has_unread();
        }
        told.and(self.wire.finish(unread))
    }
}

#[cfg(not(feature = "tls"))]
#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "those with TLS need both")]
impl Channel {
    /// Whether all bytes are secret.
    pub(crate) fn is_secret(&self) -> bool {
        false
    }

    /// Whether a handshake waits for room to write.
    pub(crate) fn wants_room(&self) -> bool {
        false
    }

    /// Whether a read has something, though the stream may have nothing.
    pub(crate) fn has_unread(&self) -> bool {
        false
    }

    /// Takes some of `bytes`, and says how many.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire.write(bytes)
    }

    /// Whether what was taken waits for room.
    pub(crate) fn is_stuck(&self) -> bool {
        false
    }

    /// Sends what waits for room.
    pub(crate) fn unstick(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Has the client know that it has all, once it has.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// The stream for another descriptor to be.
    pub(crate) fn lend(&mut self) -> io::Result<Option<(BorrowedFd<'_>, BorrowedFd<'_>)>> {
        self.wire.lend().map(Some)
    }

    /// Has the client get all that was sent.
    #[inline]
    pub(crate) fn finish(&mut self, unread: bool) -> io::Result<()> {
        self.wire.finish(unread)
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.as_fd()
    }
}

impl Read for Channel {
    #[inline]
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(session) = &mut self.session {
            return session.read(&mut self.wire, room);
        }
        self.wire.read(room)
    }
}

impl Write for Channel {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(session) = &mut self.session {
            return session.write(&mut self.wire, bytes);
        }
        self.wire.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
