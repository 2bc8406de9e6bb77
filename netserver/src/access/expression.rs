//! Which patterns are for names, by their text alone.
//!
//! No more than a reading: what an expression matches is for the engine to say.

use std::iter::Peekable;
use std::str::Chars;

/// Whether a pattern is one for names: an expression with a letter that no address has, behind `f`,
/// which stands for itself. What stands in escapes, in classes and in the heads of groups does not.
pub(super) fn is_for_names(pattern: &str) -> bool {
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => skip_escape(&mut rest),
            '[' => skip_class(&mut rest),
            // Flags, or the name of a group.
            '(' if rest.next_if_eq(&'?').is_some() => {
                rest.by_ref().find(|c| matches!(c, ':' | '>' | ')'));
            }
            c if c.is_alphabetic() && !c.is_ascii_hexdigit() => return true,
            _ => {}
        }
    }
    false
}

/// The rest of an expression.
type Characters<'a> = Peekable<Chars<'a>>;

/// Skips what stands behind a backslash: one character, and the braces of those that have some.
fn skip_escape(rest: &mut Characters<'_>) {
    let braces = matches!(rest.next(), Some('x' | 'u' | 'U' | 'p' | 'P' | 'b'));
    if braces && rest.peek() == Some(&'{') {
        rest.find(|c| *c == '}');
    }
}

/// Skips a class to its end; classes may stand in classes.
fn skip_class(rest: &mut Characters<'_>) {
    let mut depth = 1;
    let mut begins = true;
    while depth > 0 {
        match rest.next() {
            None => return,
            Some('^') if begins => continue,
            // As the first of a class it stands for itself.
            Some(']') if !begins => depth -= 1,
            Some('[') => {
                depth += 1;
                begins = true;
                continue;
            }
            Some('\\') => skip_escape(rest),
            Some(_) => {}
        }
        begins = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_behind_f_is_for_names() {
        for pattern in [
            "localhost",
            r".*\.example\.com",
            r"(?:dead\.beef|10\.0\.0\.1)\.g",
            r"10\.0\.0\.1|host",
            r"[^]]x",
            r"[[:digit:]]+\.net",
            r"[a[b]c]h",
            r"\[h]",
            r"(?i)HOST",
            r"(?P<who>h)",
            r"\x{61}z",
            r"\dz",
            "ä",
        ] {
            assert!(is_for_names(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_an_address_may_have_is_for_addresses() {
        for pattern in [
            "10.0.0.0/8",
            "fe80::/10",
            "DEAD:beef::1",
            r"10\..*",
            r"\d+\.\w+",
            r"[g-z]",
            r"[[:xdigit:]:]+",
            r"[]xyz]",
            r"[^]xyz]",
            r"[a[xyz]z]",
            r"[\]xyz]",
            r"(?i:fe80)::1",
            r"(?P<network>10)\.1",
            r"(?<network>10)\.1",
            r"\x{7a}",
            r"\x7a|\u{7A}",
            r"\b{start}10",
            "",
            "[xyz",
            "\\",
        ] {
            assert!(!is_for_names(pattern), "{pattern}");
        }
    }
}
