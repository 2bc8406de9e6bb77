//! Why a value or a name was refused: one sentence for the fault, one for the cure.
//!
//! Takes in what was wrong, hands on a text without its place: who reports it adds the source.

use std::fmt;

use crate::gone;

/// A refusal, not yet saying where the value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// What does not hold: lower case, no full stop.
    pub fault: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl Reject {
    /// A refusal with nothing to suggest.
    pub fn new(fault: impl Into<String>) -> Self {
        Self { fault: fault.into(), help: None }
    }

    /// The same refusal with a cure.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "expected `what`, got `text`", the form of every refused value.
    pub fn expected(what: impl fmt::Display, text: &str) -> Self {
        Self::new(format!("expected {what}, got {}", shown(text)))
    }

    /// A name of no option, with what it is here where it is one of Perl's, or else with the nearest
    /// of `known`.
    pub fn unknown_option(name: &str, known: impl IntoIterator<Item = &'static str>) -> Self {
        match gone::cure(name) {
            Some(cure) => Self::new(format!("unknown option {}", shown(name))).with_help(cure),
            None => Self::unknown("option", name, known),
        }
    }

    /// A name that is in no table, with the nearest one that is.
    pub fn unknown(what: &str, name: &str, known: impl IntoIterator<Item = &'static str>) -> Self {
        let reject = Self::new(format!("unknown {what} {}", shown(name)));
        match crate::nearest(name, known) {
            Some(near) => reject.with_help(format!("did you mean `{near}`?")),
            None => reject,
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Reject {}

/// Longest part of a refused text that is shown; the rest is counted.
const SHOWN: usize = 60;

/// A hostile text made fit for one line of a terminal: plain words as they are, all else quoted,
/// escaped and cut.
pub fn shown(text: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '`' | '\\');
    if !text.is_empty() && text.len() <= SHOWN && text.chars().all(plain) {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let rest = text.len() - head.len();
    if rest == 0 { format!("{head:?}") } else { format!("{head:?} and {rest} bytes more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_stays_on_one_line() {
        assert_eq!(shown("8080"), "8080");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(shown("a b\n\u{1b}[2J"), "\"a b\\n\\u{1b}[2J\"");
        assert!(shown(&"x".repeat(10_000_000)).len() < 100);
    }
}
