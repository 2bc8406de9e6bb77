//! The protocol of Redis, as far as `kv` speaks it: commands out of bytes, and answers into bytes.

use std::io;

/// Any bytes: of a key or of a value.
pub(crate) type Word = Vec<u8>;

/// The words of a command, and its length.
type Command<'a> = (Vec<&'a [u8]>, usize);

// A command that is not whole is read again from its first byte each time more of it has come. These bound what that
// costs the loop, which all clients share; words are stepped over by their lengths, and none is copied.
/// The most words of a command.
const WORDS: usize = 1024;
/// The most bytes of a line, with its end.
const LINE: usize = 4096;

/// Reads one command: words in a line, or `*COUNT` and before each word `$LENGTH`. `None`
/// where it is not whole yet.
///
/// # Errors
/// Where it can be no command, whatever may follow.
pub(crate) fn read_command(bytes: &[u8]) -> io::Result<Option<Command<'_>>> {
    let mut rest = bytes;
    let Some(line) = take_line(&mut rest)? else { return Ok(None) };
    let mut command = Vec::new();
    if !line.starts_with(b"*") {
        command.extend(line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()));
        return Ok(Some((command, bytes.len() - rest.len())));
    }
    for _ in 0..number("*", line, WORDS)? {
        let Some(line) = take_line(&mut rest)? else { return Ok(None) };
        let Some((word, behind)) = rest.split_at_checked(number("$", line, usize::MAX)?) else {
            return Ok(None);
        };
        command.push(word);
        rest = behind;
        match take_line(&mut rest)? {
            Some([]) => {}
            Some(more) => {
                return Err(broken(&format!("\"{}\" behind a word", more.escape_ascii())));
            }
            None => return Ok(None),
        }
    }
    Ok(Some((command, bytes.len() - rest.len())))
}

fn take_line<'a>(rest: &mut &'a [u8]) -> io::Result<Option<&'a [u8]>> {
    let Some(end) = rest.iter().take(LINE).position(|byte| *byte == b'\n') else {
        let too_long = rest.len() >= LINE;
        return if too_long {
            Err(broken(&format!("no line end in {LINE} bytes")))
        } else {
            Ok(None)
        };
    };
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
}

fn number(mark: &str, line: &[u8], most: usize) -> io::Result<usize> {
    let text = str::from_utf8(line).ok().and_then(|line| line.strip_prefix(mark));
    let number = text.and_then(|text| text.parse().ok()).filter(|number| *number <= most);
    let got = line.escape_ascii();
    number
        .ok_or_else(|| broken(&format!("expected {mark} and a number up to {most}, got \"{got}\"")))
}

fn broken(what: &str) -> io::Error {
    io::Error::other(what)
}

/// An answer that may be any bytes.
pub(crate) fn bulk(word: impl AsRef<[u8]>) -> Word {
    let word = word.as_ref();
    [format!("${}\r\n", word.len()).as_bytes(), word].concat()
}

/// An answer of many.
pub(crate) fn list<'a>(words: impl ExactSizeIterator<Item = &'a Word>) -> Word {
    let mut answer = format!("*{}", words.len()).into_bytes();
    for word in words {
        answer.extend_from_slice(b"\r\n");
        answer.extend(bulk(word));
    }
    answer
}
