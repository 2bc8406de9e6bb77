//! The bytes between a stream and a handler, kept by a worker from one connection to the next so
//! that none of them costs an allocation.

/// Room for one read, and for the writes that are gathered.
pub(crate) const SIZE: usize = 8 * 1024;

/// What was read and not yet taken, and what was written and not yet sent.
#[derive(Debug)]
pub(crate) struct Buffers {
    input: Box<[u8]>,
    /// `start..end` of `input` was read and not yet taken.
    start: usize,
    end: usize,
    pub(crate) output: Vec<u8>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { input: vec![0; SIZE].into(), start: 0, end: 0, output: Vec::with_capacity(SIZE) }
    }
}

impl Buffers {
    /// Forgets everything that the last connection left.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
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

    /// Room for the next read; there must be nothing unread.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        debug_assert!(self.unread().is_empty(), "a read would overwrite what is unread");
        (self.start, self.end) = (0, 0);
        &mut self.input
    }

    /// The first `count` bytes of the room were filled.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = count.min(self.input.len());
    }
}
