//! What a page says that a command prints, and what it prints.
//!
//! A line `…` stands for any lines, and `…` in a line for any text. Dates, process numbers and address
//! families differ from run to run, and are not compared.

/// Whether all that was printed is what is expected.
pub(crate) fn is(expected: &[String], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=printed.len()).any(|at| is(rest, &printed[at..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, more)| fits(first, line) && is(rest, more))
        }
    }
}

/// Whether each line that is expected was printed, in this order.
pub(crate) fn comes_in(expected: &[String], printed: &[&str]) -> bool {
    let mut printed = printed.iter();
    expected.iter().all(|line| line == "…" || printed.any(|other| fits(line, other)))
}

fn fits(expected: &str, printed: &str) -> bool {
    let (expected, printed) = (plain(expected), plain(printed));
    let mut parts = expected.split('…');
    let Some(mut rest) = printed.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        is_open = true;
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        is_open &= part.is_empty();
    }
    rest.is_empty() || is_open
}

/// The line without what differs from run to run.
fn plain(line: &str) -> String {
    let line = if is_dated(line) { &line[19..] } else { line };
    let mut plain = String::new();
    let mut open = false;
    for c in line.trim_end().replace("IPv4", "IPv*").chars() {
        open = matches!(c, '[' | '(') || open && c.is_ascii_digit();
        if !(open && c.is_ascii_digit()) {
            plain.push(c);
        }
    }
    plain
}

fn is_dated(line: &str) -> bool {
    let shape: Option<String> = line
        .get(..19)
        .map(|date| date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect());
    shape.as_deref() == Some("0000/00/00-00:00:00")
}

#[test]
fn what_differs_from_run_to_run_is_not_compared_and_all_else_is() {
    let of = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let line = "2026/11/22-23:18:04 echo[4242] notice: starting! pid(4242)";
    let later = "2027/01/02-03:04:05 echo[7] notice: starting! pid(7)";
    assert!(is(&of(&[line]), &[later]));
    assert!(!is(&of(&[line]), &[&later.replace("echo", "other")]));
    assert!(!is(&of(&["1000"]), &["999"]));
    assert!(!is(&of(&["one"]), &["one", "two"]));
    assert!(is(&of(&["one", "…", "four"]), &["one", "two", "three", "four"]));
    assert!(!is(&of(&["one", "…", "four"]), &["one", "two"]));
    assert!(is(&of(&["max … line"]), &["max 4 # line"]));
    assert!(!is(&of(&["max … line"]), &["max 4 # line or so"]));
    assert!(comes_in(&of(&["one", "three"]), &["one", "two", "three", "four"]));
    assert!(!comes_in(&of(&["three", "one"]), &["one", "two", "three"]));
}
