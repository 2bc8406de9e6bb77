//! What part of a system a log is of, as syslog has it.

use crate::kind::Choices;

/// One of syslog's facilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// Its number in RFC 3164.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Choices for Facility {
    fn named() -> Vec<(&'static str, Self)> {
        const NAMES: [(&str, u8); 20] = [
            ("kern", 0),
            ("user", 1),
            ("mail", 2),
            ("daemon", 3),
            ("auth", 4),
            ("syslog", 5),
            ("lpr", 6),
            ("news", 7),
            ("uucp", 8),
            ("cron", 9),
            ("authpriv", 10),
            ("ftp", 11),
            ("local0", 16),
            ("local1", 17),
            ("local2", 18),
            ("local3", 19),
            ("local4", 20),
            ("local5", 21),
            ("local6", 22),
            ("local7", 23),
        ];
        NAMES.into_iter().map(|(name, number)| (name, Self(number))).collect()
    }
}
