//! The bytes between a stream and a handler, kept by a worker from one connection to the next so
//! that none of them costs an allocation.

use crate::sys::socket::{Aside, Received};

/// The most room for one read, and for the writes that are gathered.
pub(crate) const SIZE: usize = 8 * 1024;
/// The room for reads and writes until it is filled: most clients need no more, and each child has its own.
const FIRST: usize = 1024;
/// The room for a first line, so that a child that serves one connection finds it made.
const FIRST_LINE: usize = 120;

/// The bytes of `\r\n`.
const LINE_END: usize = 2;

/// What was read and not yet taken, and what was written and not yet sent.
///
/// A protocol of one's own hands it on as it is.
// In a place of its own, so that whoever hands it on moves one pointer.
#[derive(Debug)]
pub struct Buffers(Box<Held>);

/// What is held.
#[derive(Debug, Default)]
struct Held {
    input: Vec<u8>,
    /// `start..end` of `input` was read and not yet taken.
    start: usize,
    end: usize,
    /// The beginning of a line whose end was not read yet.
    line: Vec<u8>,
    output: Vec<u8>,
    /// What came beside a datagram.
    aside: Aside,
    /// Where the next datagram may say where it came from, once there was one.
    received: Option<Box<Received>>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self(Box::new(Held {
            input: vec![0; FIRST],
            line: Vec::with_capacity(FIRST_LINE),
            output: Vec::with_capacity(FIRST),
            ..Held::default()
        }))
    }
}

impl Buffers {
    /// Without any room yet, for one of very many clients.
    pub(crate) fn empty() -> Self {
        Self(Box::default())
    }

    /// Forgets everything that the last connection left.
    #[inline]
    pub(crate) fn clear(&mut self) {
        (self.0.start, self.0.end) = (0, 0);
        self.0.line.clear();
        self.0.output.clear();
    }

    /// What was read and not yet taken.
    #[inline]
    pub(crate) fn unread(&self) -> &[u8] {
        &self.0.input[self.0.start..self.0.end]
    }

    /// The first `count` unread bytes were taken.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) {
        self.0.start = (self.0.start + count).min(self.0.end);
    }

    /// Moves what is unread to the line, up to its end, which is left off. Tells whether that was
    /// there, and whether there was nothing at all.
    #[inline]
    pub(crate) fn take_line(&mut self) -> (bool, bool) {
        let unread = &self.0.input[self.0.start..self.0.end];
        let end = unread.iter().position(|byte| *byte == b'\n');
        let (has_end, nothing) = (end.is_some(), unread.is_empty());
        let count = end.unwrap_or(unread.len());
        if self.0.line.capacity() == 0 {
            // Most lines come whole. With room for the end that a handler may put back each costs one
            // allocation.
            self.0.line.reserve_exact(count + LINE_END);
        }
        self.0.line.extend_from_slice(&unread[..count]);
        self.take(count + usize::from(has_end));
        if has_end && self.0.line.last() == Some(&b'\r') {
            self.0.line.pop();
        }
        (has_end, nothing)
    }

    /// Room for a datagram of up to `length` bytes, and for what comes beside it.
    #[inline]
    pub(crate) fn rooms_for(&mut self, length: usize) -> (&mut [u8], &mut Aside) {
        let held = &mut *self.0;
        if held.input.len() < length {
            held.input.resize(length, 0);
        }
        (held.start, held.end) = (0, 0);
        (&mut held.input[..length], &mut held.aside)
    }

    /// Where a datagram may say where it came from.
    #[inline]
    pub(crate) fn take_received(&mut self) -> Box<Received> {
        self.0.received.take().unwrap_or_default()
    }

    /// The next one may have it.
    #[inline]
    pub(crate) fn keep_received(&mut self, received: Box<Received>) {
        self.0.received = Some(received);
    }

    /// The beginning of a line whose end was not read yet.
    #[inline]
    pub(crate) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.0.line
    }

    /// What was written and not yet sent.
    #[inline]
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.0.output
    }

    /// Whether there is room for anything yet.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.0.input.capacity() > 0 || self.0.output.capacity() > 0
    }

    /// Whether anything was read before.
    #[inline]
    pub(crate) fn was_filled(&self) -> bool {
        self.0.end > 0
    }

    /// Room for the next read, all of it once the last one had too little; there must be nothing unread.
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        debug_assert!(self.unread().is_empty(), "a read would overwrite what is unread");
        if self.0.end == self.0.input.len() && self.0.end < SIZE {
            self.0.input.resize(SIZE, 0);
        }
        (self.0.start, self.0.end) = (0, 0);
        &mut self.0.input
    }

    /// These bytes are to be read again; there must be nothing unread.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        if self.0.input.len() < bytes.len() {
            self.0.input.resize(bytes.len(), 0);
        }
        self.room()[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len());
    }

    /// The first `count` bytes of the room were filled.
    #[inline]
    pub(crate) fn filled(&mut self, count: usize) {
        self.0.end = count.min(self.0.input.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_grows_once_it_was_filled() {
        let mut buffers = Buffers::default();
        for (read, room) in
            [(FIRST - 1, FIRST), (FIRST, FIRST), (10, SIZE), (SIZE, SIZE), (1, SIZE)]
        {
            assert_eq!(buffers.room().len(), room);
            buffers.filled(read);
            buffers.take(read);
        }
    }

    #[test]
    fn what_is_put_back_is_all_read_again() {
        let mut buffers = Buffers::default();
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(3 * SIZE).collect();
        buffers.put_back(&bytes);
        assert_eq!(buffers.unread(), bytes);
    }
}
