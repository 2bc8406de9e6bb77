//! What was written to one client and not sent yet.

/// What was written and not sent yet, in order.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    /// So many of the bytes were sent.
    sent: usize,
}

/// The most room that one keeps who has nothing to be sent: it may be silent for long, and one of very many.
const KEPT: usize = 512;

impl Output {
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next `count` bytes were sent. Room for very many is given back, and what was sent is moved away
    /// once it is most of it: a client that takes little at a time must not have all the rest be moved
    /// each time.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.bytes.len() {
            self.clear();
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Whether a client with so much to be sent is not read from: it is to take that first. `most` is what may
/// wait, 0 for any number.
#[inline]
pub(super) fn is_pressed(unsent: usize, most: usize) -> bool {
    let limit = if most == 0 { PRESSED } else { PRESSED.min(most / 2) };
    unsent > limit
}

/// With more than that to be sent a client is not read from.
const PRESSED: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_in_order_and_each_once() {
        let mut output = Output::default();
        let (mut next, mut told) = (0_u8, 0_u8);
        for step in [1, 3, 10, 2, 7, 100, 5, 0, 64] {
            let some: Vec<u8> = (0..step).map(|at: u8| next.wrapping_add(at)).collect();
            next = next.wrapping_add(step);
            output.push(&some);
            let count = output.len() * 2 / 3;
            for byte in &output.unsent()[..count] {
                assert_eq!(*byte, told);
                told = told.wrapping_add(1);
            }
            output.advance(count);
        }
        assert_eq!(output.len(), usize::from(next.wrapping_sub(told)));
        output.advance(output.len());
        assert!(output.is_empty());
        output.push(&[0; KEPT + 1]);
        output.advance(KEPT + 1);
        assert_eq!(output.bytes.capacity(), 0);
    }

    #[test]
    fn a_client_is_pressed_by_64_kib_or_half_of_what_may_wait() {
        for (unsent, most, expected) in [
            (0, 0, false),
            (64 * 1024, 0, false),
            (64 * 1024 + 1, 0, true),
            (64 * 1024 + 1, 1 << 20, true),
            (500, 1000, false),
            (501, 1000, true),
        ] {
            assert_eq!(is_pressed(unsent, most), expected, "{unsent} of {most}");
        }
    }
}
