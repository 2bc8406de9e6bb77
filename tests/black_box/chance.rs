//! Chance that is the same each time, so that a test which fails fails again.

/// A sequence of numbers (xorshift) that looks like one by chance.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// One of many sequences.
    pub(crate) fn new(which: u64) -> Self {
        Self(which.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        for shift in [13_i32, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    /// One of these, where there is one.
    pub(crate) fn one_of<T: Copy>(&mut self, things: &[T]) -> Option<T> {
        if things.is_empty() { None } else { things.get(self.below(things.len())).copied() }
    }
}
