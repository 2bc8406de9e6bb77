//! A stream as its client's bytes: those of the wire, or what TLS makes of them.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(feature = "tls")]
use std::sync::Arc;

#[cfg(feature = "tls")]
use crate::tls::session::Session;
use crate::wire::{Deadline, Wire};

/// A stream, which may have begun to speak TLS.
#[derive(Debug)]
pub(crate) struct Channel {
    wire: Wire,
    #[cfg(feature = "tls")]
    session: Option<Box<Session>>,
}

impl Channel {
    #[inline]
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            wire,
            #[cfg(feature = "tls")]
            session: None,
        }
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
    /// Agrees with the client on keys; from here on all bytes are secret.
    pub(crate) fn secure(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let mut session = Box::new(Session::new(config)?);
        session.handshake(&mut self.wire)?;
        self.session = Some(session);
        Ok(())
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
impl Channel {
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
