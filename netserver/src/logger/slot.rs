//! The log's own descriptor, one number for the life of the process, and how bytes get to it: whole, or not
//! at all, and never waiting for longer than a moment.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::libc;

use super::page::Page;
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::{descriptor, socket};

static SLOT: OnceLock<OwnedFd> = OnceLock::new();

/// The log's own descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot(BorrowedFd<'static>);

/// How bytes get there without a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// A file, of which no write waits for anybody: what it does not take at once it has no room for.
    File,
    /// A pipe or a terminal, of which somebody else may have the other end, and this one too.
    Pipe,
    /// It is a socket.
    Send,
}

impl Slot {
    /// Where records go from here on.
    ///
    /// # Errors
    /// What the kernel says where it was another one before.
    pub(super) fn set(descriptor: OwnedFd) -> io::Result<Self> {
        if let Some(before) = SLOT.get() {
            descriptor::put_over(before.as_fd(), &descriptor)?;
            return Ok(Self(before.as_fd()));
        }
        Ok(Self(SLOT.get_or_init(|| descriptor).as_fd()))
    }

    /// Has it be another one, for all threads of this process at once.
    pub(super) fn replace(self, descriptor: &impl AsFd) -> io::Result<()> {
        descriptor::put_over(self.0, descriptor)
    }

    /// Writes all of it. Where nobody takes it, a moment is waited for, as far as there are moments left.
    ///
    /// # Errors
    /// Where nothing was written.
    pub(super) fn put(self, means: Means, bytes: &[u8], page: Page) -> io::Result<Written> {
        let mut written = 0;
        let failed = loop {
            match self.once(means, &bytes[written..]) {
                Ok(0) => break io::ErrorKind::WriteZero.into(),
                Ok(length) => {
                    written += length;
                    if written >= bytes.len() {
                        return Ok(Written::Whole);
                    }
                    if means == Means::File {
                        return Ok(Written::InPart);
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) if !is_full(&err) => break err,
                Err(_) => {
                    let (left, start) = (page.patience(), Instant::now());
                    if left.is_zero() {
                        break full();
                    }
                    let woken = self.wait(left);
                    page.waited(start.elapsed());
                    if let Err(err) = woken {
                        break err;
                    }
                }
            }
        };
        if written > 0 { Ok(Written::InPart) } else { Err(failed) }
    }

    fn once(self, means: Means, bytes: &[u8]) -> io::Result<usize> {
        match means {
            Means::File => descriptor::write(&self, bytes),
            // Whoever has it too may have turned that.
            Means::Pipe => self.write_without_a_wait(bytes),
            Means::Send => socket::write_now(&self, bytes),
        }
    }

    /// By a write of that kind, or by asking before. Two that are told the same may still have one of them
    /// wait then.
    fn write_without_a_wait(self, bytes: &[u8]) -> io::Result<usize> {
        static IS_UNKNOWN: AtomicBool = AtomicBool::new(false);
        if !IS_UNKNOWN.load(Relaxed) {
            match descriptor::write_now(&self, bytes) {
                Err(err) if err.kind() == io::ErrorKind::Unsupported => {
                    IS_UNKNOWN.store(true, Relaxed);
                }
                written => return written,
            }
        }
        if self.wait(Duration::ZERO)? != Woken::Ready {
            return Err(full());
        }
        descriptor::write(&self, bytes)
    }

    fn wait(self, limit: Duration) -> io::Result<Woken> {
        poll::ready(&self, Direction::Write, Some(limit))
    }
}

impl AsFd for Slot {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0
    }
}

/// How much of a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Whole,
    /// The disk is full, say.
    InPart,
}

fn full() -> io::Error {
    io::Error::from_raw_os_error(libc::EAGAIN)
}

/// Whether there is no room at the moment.
fn is_full(err: &io::Error) -> bool {
    err.kind() == io::ErrorKind::WouldBlock || err.raw_os_error() == Some(libc::ENOBUFS)
}
