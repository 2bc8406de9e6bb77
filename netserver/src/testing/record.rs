//! One line of a server's log, taken apart; what does not have the form of a record is none.

/// How grave a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

impl Level {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "error" => Self::Error,
            "warning" => Self::Warning,
            "notice" => Self::Notice,
            "info" => Self::Info,
            "debug" => Self::Debug,
            _ => return None,
        })
    }
}

/// What a record says, without when and by which process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) level: Level,
    pub(crate) text: &'a str,
}

impl<'a> Record<'a> {
    /// Reads `2026/11/22-23:18:04 echo[1234] notice: text`.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let (time, rest) = line.split_once(' ')?;
        let (origin, rest) = rest.split_once("] ")?;
        let (name, pid) = origin.rsplit_once('[')?;
        let (level, text) = rest.split_once(": ")?;
        let is_origin = !name.is_empty() && pid.parse::<u32>().is_ok();
        if !is_time(time) || !is_origin {
            return None;
        }
        Some(Self { level: Level::from_word(level)?, text })
    }
}

/// Whether the text has the form `2026/11/22-23:18:04`; whether there was such a day is not asked.
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000/00/00-00:00:00";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        mark => byte == *mark,
    };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let level_and_text = |line| Record::parse(line).map(|record| (record.level, record.text));
        for (line, expected) in [
            ("2026/11/22-23:18:04 echo[1234] notice: up", Some((Level::Notice, "up"))),
            ("2026/11/22-23:18:04 echo[1] error: a: [b] c", Some((Level::Error, "a: [b] c"))),
            ("2026/11/22-23:18:04 my echo[1] debug: ", Some((Level::Debug, ""))),
            ("2026/11/22-23:18:04 echo[1234] fatal: up", None),
            ("2026/11/22-23:18:04 echo[-1] notice: up", None),
            ("2026/11/22-23:18:04 [1234] notice: up", None),
            ("2026/11/22 23:18:04 echo[1234] notice: up", None),
            ("26/11/22-23:18:04 echo[1234] notice: up", None),
            ("thread 'main' panicked at src/main.rs:1:2:", None),
            ("", None),
        ] {
            assert_eq!(level_and_text(line), expected, "{line:?}");
        }
    }
}
