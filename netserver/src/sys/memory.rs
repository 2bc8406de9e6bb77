//! Memory that a parent shares with the children it forks afterwards.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::AtomicI64;
use std::{io, slice};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// One cache line of numbers that several processes may look at and change at once: writers of
/// different lines do not slow each other down.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Line([AtomicI64; 8]);

impl Line {
    /// One of its 8 numbers.
    pub(crate) fn number<const AT: usize>(&self) -> &AtomicI64 {
        const { assert!(AT < 8) };
        &self.0[AT]
    }
}

/// Lines, all zeroes at first, shared with every child forked from here on.
#[derive(Debug)]
pub(crate) struct SharedLines {
    start: NonNull<Line>,
    length: usize,
}

// SAFETY: the mapping belongs to nobody's thread, and lives as long as the value.
unsafe impl Send for SharedLines {}
// SAFETY: all that is lent out are atomics.
unsafe impl Sync for SharedLines {}

impl SharedLines {
    /// Maps `length` lines. Pages that nobody touches take no memory.
    pub(crate) fn new(length: usize) -> io::Result<Self> {
        let bytes = size_of::<Line>().checked_mul(length).and_then(NonZeroUsize::new);
        let bytes = bytes.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping touches no memory that anybody has.
        let start = unsafe { mmap_anonymous(None, bytes, access, flags) }?;
        Ok(Self { start: start.cast(), length })
    }
}

impl Deref for SharedLines {
    type Target = [Line];

    fn deref(&self) -> &[Line] {
        // SAFETY: the mapping holds `length` lines, is aligned to a page and lives as long as
        // `self`; zeroes are valid for atomics, and all changes go through them.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for SharedLines {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped, and no borrow outlives `self`. A failure would leave
        // the mapping in place, which harms nobody.
        let _ = unsafe { munmap(self.start.cast(), self.length * size_of::<Line>()) };
    }
}
