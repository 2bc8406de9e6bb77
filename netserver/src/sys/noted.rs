//! A descriptor that the handler of signals knows.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

/// The number of a descriptor, or none. None is 0 in memory: what was wiped notes nothing.
#[derive(Debug)]
pub(super) struct Noted(AtomicI32);

impl Noted {
    pub(super) const fn none() -> Self {
        Self(AtomicI32::new(0))
    }

    /// Whoever notes it keeps it open until it is forgotten.
    #[inline]
    pub(super) fn note(&self, descriptor: BorrowedFd<'_>) {
        self.0.store(descriptor.as_raw_fd().saturating_add(1), SeqCst);
    }

    #[inline]
    pub(super) fn forget(&self) {
        self.0.store(0, SeqCst);
    }

    /// Its number; -1 stands for none.
    #[inline]
    pub(super) fn number(&self) -> RawFd {
        self.0.load(SeqCst) - 1
    }
}
