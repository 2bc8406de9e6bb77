//! The bytes between a stream and a handler, kept by a worker from one connection to the next so
//! that none of them costs an allocation.

use crate::sys::socket::Aside;

/// Room for one read, and for the writes that are gathered.
pub(crate) const SIZE: usize = 8 * 1024;

/// What was read and not yet taken, and what was written and not yet sent.
///
/// A protocol of one's own hands it on as it is.
#[derive(Debug)]
pub struct Buffers {
    input: Vec<u8>,
    /// `start..end` of `input` was read and not yet taken.
    start: usize,
    end: usize,
    /// The beginning of a line whose end was not read yet.
    pub(crate) line: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// What came beside a datagram.
    aside: Aside,
}

impl Default for Buffers {
    fn default() -> Self {
        let (input, output) = (vec![0; SIZE], Vec::with_capacity(SIZE));
        Self { input, start: 0, end: 0, line: Vec::new(), output, aside: Aside::default() }
    }
}

impl Buffers {
    /// Forgets everything that the last connection left.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
        self.line.clear();
        self.output.clear();
    }

    /// What was read and not yet taken.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// The first `count` unread bytes were taken.
    pub(crate) fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Moves what is unread to the line, up to its end, which is left off. Tells whether that was
    /// there, and whether there was nothing at all.
    pub(crate) fn take_line(&mut self) -> (bool, bool) {
        let unread = &self.input[self.start..self.end];
        let end = unread.iter().position(|byte| *byte == b'\n');
        let (has_end, nothing) = (end.is_some(), unread.is_empty());
        let count = end.unwrap_or(unread.len());
        self.line.extend_from_slice(&unread[..count]);
        self.take(count + usize::from(has_end));
        if has_end && self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        (has_end, nothing)
    }

    /// Room for a datagram of up to `length` bytes, and for what comes beside it.
    pub(crate) fn rooms_for(&mut self, length: usize) -> (&mut [u8], &mut Aside) {
        if self.input.len() < length {
            self.input.resize(length, 0);
        }
        (self.start, self.end) = (0, 0);
        (&mut self.input[..length], &mut self.aside)
    }

    /// Room for the next read; there must be nothing unread.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        debug_assert!(self.unread().is_empty(), "a read would overwrite what is unread");
        (self.start, self.end) = (0, 0);
        &mut self.input
    }

    /// These bytes, which fit into the room, are to be read again; there must be nothing unread.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        let count = bytes.len().min(self.input.len());
        self.room()[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
    }

    /// The first `count` bytes of the room were filled.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = count.min(self.input.len());
    }
}
