//! The protocol of Redis, as far as `kv` speaks it: commands out of bytes, and answers into bytes.

use std::io;

/// Any bytes: of a key, of a value, of a word in a command.
pub(crate) type Word = Vec<u8>;

/// Reads one command and tells its length: words in a line, or `*COUNT` and before each word `$LENGTH`. `None`
/// where it is not whole yet.
///
/// # Errors
/// Where it can be no command, whatever may follow.
pub(crate) fn read_command(bytes: &[u8]) -> io::Result<Option<(Vec<Word>, usize)>> {
    let mut rest = bytes;
    let Some(line) = take_line(&mut rest) else { return Ok(None) };
    let mut command = Vec::new();
    if !line.starts_with('*') {
        command.extend(line.split_whitespace().map(Word::from));
        return Ok(Some((command, bytes.len() - rest.len())));
    }
    for _ in 0..number('*', &line)? {
        let Some(line) = take_line(&mut rest) else { return Ok(None) };
        let Some((word, behind)) = rest.split_at_checked(number('$', &line)?) else {
            return Ok(None);
        };
        command.push(word.to_vec());
        rest = behind;
        match take_line(&mut rest).as_deref() {
            Some("") => {}
            Some(more) => return Err(io::Error::other(format!("{more:?} behind a word"))),
            None => return Ok(None),
        }
    }
    Ok(Some((command, bytes.len() - rest.len())))
}

fn take_line(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = String::from_utf8_lossy(&rest[..end]);
    *rest = &rest[end + 1..];
    Some(line.trim_end().to_owned())
}

fn number(mark: char, line: &str) -> io::Result<usize> {
    let number = line.strip_prefix(mark).and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("expected {mark} and a number, got {line:?}")))
}

/// An answer that may be any bytes.
pub(crate) fn bulk(word: &Word) -> Word {
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
