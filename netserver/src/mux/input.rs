//! What has come of one connection, as a callback takes it.

use std::io::{self, BufRead, Read};

/// What has come of one connection and was not taken yet, in order.
///
/// What a callback does not take comes again, in front of what follows. It is a [`BufRead`] that never
/// waits: where there is nothing more, a read gives 0 bytes.
///
/// ```
/// # use netserver::{Input, Mux};
/// # use std::io::{self, Write};
/// fn mux_input(mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
///     while let Some(line) = input.take_line() {
///         writeln!(mux, "{}", line.to_uppercase())?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// So many of the bytes that were not taken have no line end among them.
    searched: usize,
}

/// The bytes of `\r\n`.
pub(super) const LINE_END: usize = 2;

impl<'a> Input<'a> {
    /// Of which so many have no line end among them, as somebody has looked before.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], searched: usize) -> Self {
        Self { bytes, taken: 0, searched }
    }

    /// How many bytes were taken, and how many of the rest have no line end among them.
    #[inline]
    pub(super) fn end(self) -> (usize, usize) {
        (self.taken, self.searched)
    }

    /// The next line without its line end (`\n` or `\r\n`); `None` where there is no whole one yet. What is
    /// not UTF-8 becomes U+FFFD.
    #[inline]
    pub fn take_line(&mut self) -> Option<String> {
        self.next_line().map(|line| String::from_utf8_lossy(line).into_owned())
    }

    /// The next line as it came, without its line end; `None` where there is no whole one yet.
    #[inline]
    pub fn take_line_bytes(&mut self) -> Option<Vec<u8>> {
        self.next_line().map(|line| {
            // With room for the end that a handler may put back.
            let mut own = Vec::with_capacity(line.len() + LINE_END);
            own.extend_from_slice(line);
            own
        })
    }

    fn next_line(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let unseen = rest.get(self.searched..).unwrap_or_default();
        let Some(end) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.searched = rest.len();
            return None;
        };
        let line = &rest[..self.searched + end];
        self.consume(line.len() + 1);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The next `count` bytes, or all where there are fewer.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let rest = self.rest();
        let taken = &rest[..count.min(rest.len())];
        self.consume(taken.len());
        taken
    }

    /// All that has come.
    pub fn take_all(&mut self) -> &[u8] {
        self.take(usize::MAX)
    }

    /// All that has come; it is not taken by this.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.rest()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.taken..]
    }

    /// The next `count` bytes are taken, or all where there are fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len());
        self.taken += count;
        self.searched = self.searched.saturating_sub(count);
    }

    /// How many bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The whole lines of bytes that come in pieces, as a callback takes them: for a property.
#[cfg(any(test, fuzzing))]
pub(crate) fn lines_in_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut kept, mut searched, mut lines) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        kept.extend_from_slice(piece);
        let mut input = Input::new(&kept, searched);
        while let Some(line) = input.take_line_bytes() {
            lines.push(line);
        }
        let (taken, without_end) = input.end();
        kept.drain(..taken);
        searched = without_end;
    }
    lines
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.rest().read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest())
    }

    fn consume(&mut self, count: usize) {
        Self::consume(self, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_whole_and_the_rest_stays() {
        let mut all = Input::new(b"one\r\ntwo\n\n\xff\nrest", 0);
        let input = &mut all;
        assert_eq!(input.take_line().as_deref(), Some("one"));
        assert_eq!(input.take_line_bytes().as_deref(), Some(&b"two"[..]));
        assert_eq!(input.take_line().as_deref(), Some(""));
        assert_eq!(input.take_line().as_deref(), Some("\u{fffd}"));
        assert_eq!(input.take_line(), None);
        assert_eq!(input.as_bytes(), b"rest");
        assert_eq!(all.end(), (12, 4));
    }

    #[test]
    fn what_was_looked_through_is_not_looked_through_again() {
        // A caller that says so of a line end is believed.
        let mut input = Input::new(b"a\nb\n", 2);
        assert_eq!(input.take_line().as_deref(), Some("a\nb"));
        assert_eq!(input.end(), (4, 0));
    }

    #[test]
    fn it_is_taken_by_numbers_and_by_reads() {
        let mut all = Input::new(b"0123456789", 0);
        let input = &mut all;
        assert_eq!(input.take_line(), None);
        assert_eq!(input.take(3), b"012");
        let mut two = [0; 2];
        input.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"34");
        input.consume(1);
        let mut text = String::new();
        assert_eq!(Read::take(&mut *input, 2).read_to_string(&mut text).unwrap(), 2);
        assert_eq!((text.as_str(), input.len()), ("67", 2));
        assert_eq!(input.take(10), b"89");
        assert!(input.is_empty());
        assert_eq!(input.read(&mut two).unwrap(), 0);
        assert_eq!(input.take_all(), b"");
        assert_eq!(all.end(), (10, 0));
    }
}
