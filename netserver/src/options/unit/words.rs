//! Texts as systemd reads them back: its quotes, its escapes, and what it would replace.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// A text of one line, in which systemd replaces nothing.
pub(super) fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    specifiers(line.trim())
}

/// A text in which systemd replaces nothing.
pub(super) fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// Paths as a list of words.
pub(super) fn words(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| quoted(path.as_os_str(), false)).collect::<Vec<_>>().join(" ")
}

/// One word, as systemd reads it: in quotes where it needs them. Where it is one of a command, `$` does
/// not begin a variable.
pub(super) fn quoted(word: &OsStr, in_command: bool) -> String {
    let mut text = String::new();
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%$*[]{}|~^#!&()<>?".contains(&byte);
    let bytes = word.as_bytes();
    let bare = !bytes.is_empty() && bytes.iter().all(|byte| plain(*byte));
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '%' => text.push_str("%%"),
                '$' if in_command => text.push_str("$$"),
                '"' | '\\' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                c if c.is_ascii_control() => {
                    let _ = write!(text, "\\x{:02x}", u32::from(c));
                }
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if bare { text } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_systemd_reads_them() {
        let of = |text: &str| quoted(OsStr::new(text), true);
        assert_eq!(of("--port=127.0.0.1:80/tcp"), "--port=127.0.0.1:80/tcp");
        assert_eq!(of("a b"), "\"a b\"");
        assert_eq!(of(""), "\"\"");
        assert_eq!(of(";"), "\";\"");
        assert_eq!(of("100%"), "100%%");
        assert_eq!(of("$HOME"), "$$HOME");
        assert_eq!(of("a\"b\\c\n\u{1}"), "\"a\\\"b\\\\c\\n\\x01\"");
        assert_eq!(of("ü"), "\"ü\"");
        assert_eq!(quoted(OsStr::from_bytes(b"\xff"), true), "\"\\xff\"");
        assert_eq!(quoted(OsStr::new("/srv/$x"), false), "/srv/$x");
    }
}
