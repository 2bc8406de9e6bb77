//! The options of syslog, as `openlog(3)` and Perl's `Sys::Syslog` call them.

use super::Kind;
use crate::reject::Reject;

/// Words joined by `|`, a comma or blanks.
#[derive(Debug)]
pub struct Logopt;

/// What a [`Logopt`] text stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each word is there or not")]
#[non_exhaustive]
pub struct LogoptValue {
    /// What cannot reach the daemon goes to the console.
    pub cons: bool,
    /// The daemon is connected at the start, which it always is.
    pub ndelay: bool,
    /// No child is waited for; there is none.
    pub nowait: bool,
    /// Each record has the number of its process.
    pub pid: bool,
    /// A daemon that is not there does not end the start.
    pub nofatal: bool,
}

impl LogoptValue {
    fn words(&mut self) -> [(&'static str, &mut bool); 5] {
        [
            ("cons", &mut self.cons),
            ("ndelay", &mut self.ndelay),
            ("nofatal", &mut self.nofatal),
            ("nowait", &mut self.nowait),
            ("pid", &mut self.pid),
        ]
    }
}

impl Kind for Logopt {
    type Value = LogoptValue;
    const PLACEHOLDER: &'static str = "WORDS";

    fn expected() -> String {
        "`cons`, `ndelay`, `nofatal`, `nowait` and `pid`, joined by `|`".into()
    }

    fn parse(text: &str) -> Result<LogoptValue, Reject> {
        let mut value = LogoptValue::default();
        let separates = |c: char| c == '|' || c == ',' || c.is_whitespace();
        let words = text.split(separates).filter(|word| !word.is_empty());
        for word in words {
            let known = value.words().into_iter().find(|(name, _)| *name == word);
            let (_, is_set) = known.ok_or_else(|| Reject::expected(Self::expected(), text))?;
            *is_set = true;
        }
        Ok(value)
    }

    fn print(value: &LogoptValue) -> String {
        let mut value = *value;
        let words = value.words().into_iter().filter(|(_, is_set)| **is_set);
        words.map(|(name, _)| name).collect::<Vec<_>>().join("|")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_by_anything_usual() {
        let both = LogoptValue { pid: true, cons: true, ..LogoptValue::default() };
        for text in ["pid|cons", "cons,pid", " cons  pid", "pid | cons | pid"] {
            assert_eq!(Logopt::parse(text), Ok(both), "{text}");
        }
        assert_eq!(Logopt::print(&both), "cons|pid");
        assert_eq!(Logopt::parse(""), Ok(LogoptValue::default()));
        for text in ["ndelay", "nowait", "nofatal"] {
            assert_eq!(Logopt::print(&Logopt::parse(text).unwrap()), text);
        }
        for bad in ["pids", "PID", "pid;cons", "perror"] {
            assert!(Logopt::parse(bad).is_err(), "{bad}");
        }
    }
}
