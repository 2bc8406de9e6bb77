//! A text that is fit for one line.

/// What stands at the end of a line that was cut.
const CUT: &str = " [cut]";

/// A text fit for one line, of `longest` bytes at most.
pub(super) fn escape(text: &str, longest: usize) -> String {
    let mut line = String::new();
    escape_onto(&mut line, text, longest);
    line
}

/// Appends a text so that it is fit for one line: control characters, and the backslash that escapes
/// them, are escaped; where `line` would be longer than `longest` it is cut, and says so.
pub(super) fn escape_onto(line: &mut String, text: &str, longest: usize) {
    let longest = longest.saturating_sub(CUT.len());
    for c in text.trim_end_matches('\n').chars() {
        let before = line.len();
        match c {
            '\\' => line.push_str("\\\\"),
            c if c.is_control() || is_separator(c) => line.extend(c.escape_default()),
            c => line.push(c),
        }
        if line.len() > longest {
            line.truncate(before);
            line.push_str(CUT);
            return;
        }
    }
}

/// What ends a line for some who show it, or turns the direction of what follows.
fn is_separator(c: char) -> bool {
    let turns =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_is_it_is_one_line() {
        let escape = |text| escape(text, 4096);
        assert_eq!(escape("plain text, ünïcode\n"), "plain text, ünïcode");
        assert_eq!(escape("a\nb\r\u{1b}[2J\u{9b}\\n"), "a\\nb\\r\\u{1b}[2J\\u{9b}\\\\n");
        assert_eq!(escape("100%s %n"), "100%s %n");
        assert_eq!(escape("a\u{2028}b\u{202e}c"), "a\\u{2028}b\\u{202e}c");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut() {
        for text in ["\u{1}", "ü", "x"] {
            let line = escape(&text.repeat(1 << 20), 4096);
            assert!((4080..=4096).contains(&line.len()), "{}", line.len());
            assert!(line.ends_with(" [cut]"));
        }
    }
}
