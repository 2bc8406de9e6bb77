//! Words behind a separator, as the port grammar knows them.

/// What stands between the parts of a port.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, ',' | '|' | ':' | '/') || c.is_ascii_whitespace()
}

/// Where the first word at or behind `from` is that `wanted` takes, with the separators before it. A
/// word stands behind something that a host or a port may end with, and before a separator or the end.
pub(super) fn find(
    text: &str,
    from: usize,
    wanted: impl Fn(&str) -> bool,
) -> Option<(usize, usize)> {
    let mut start = from;
    while let Some(next) = text.get(start..)?.find(is_separator) {
        let separator = start + next;
        let rest = &text[separator..];
        let word = separator + (rest.len() - rest.trim_start_matches(is_separator).len());
        let end = text[word..].find(is_separator).map_or(text.len(), |length| word + length);
        let stands = text[..separator].chars().next_back().is_some_and(may_end);
        if stands && wanted(&text[word..end]) {
            return Some((separator, end));
        }
        start = if word > separator { word } else { separator + 1 };
    }
    None
}

fn may_end(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '*' | ']')
}
