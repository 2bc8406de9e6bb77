//! What a record looks like where it goes.

use std::fmt::Write as _;

use log::Level;

use super::escape::{escape, escape_onto};
use crate::sys::{clock, process};

/// Longest line, with all that belongs to it: as much as a pipe takes in one piece, so that no line
/// of another process comes in between, and no peer fills a disk with one line.
pub(super) const LONGEST: usize = 4096;

/// How records are written.
#[derive(Debug)]
pub(super) enum Form {
    /// With the time, the program, its process and the level in words.
    Dated { program: String },
    /// For the journal, which knows all of that but the level.
    Journal,
    /// For a syslog daemon.
    Syslog { facility: u8, ident: String, pid: bool, end: End },
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With its packet.
    Packet,
    /// With a NUL byte, as libc has it on a stream.
    Nul,
    Newline,
}

impl End {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Packet => "",
            Self::Nul => "\0",
            Self::Newline => "\n",
        }
    }
}

impl Form {
    /// That of a program. Whoever starts it chooses its name, which must leave room for what is said.
    pub(super) fn dated(program: &str) -> Self {
        let name: String = program.chars().take(64).collect();
        Self::Dated { program: escape(&name, 1024) }
    }

    /// The whole of a record.
    pub(super) fn line(&self, level: Level, message: &str) -> String {
        let mut line = String::with_capacity(64 + message.len().min(LONGEST));
        self.begin(&mut line, level);
        escape_onto(&mut line, message, LONGEST - self.end().text().len());
        line.push_str(self.end().text());
        line
    }

    pub(super) const fn end(&self) -> End {
        match self {
            Self::Dated { .. } | Self::Journal => End::Newline,
            Self::Syslog { end, .. } => *end,
        }
    }

    /// What stands before the message. Writing to a string cannot fail.
    fn begin(&self, line: &mut String, level: Level) {
        match self {
            Self::Dated { program } => {
                let now = clock::local_time();
                let _ = write!(
                    line,
                    "{:04}/{:02}/{:02}-{:02}:{:02}:{:02} {program}[{}] {}: ",
                    now.year,
                    now.month,
                    now.day,
                    now.hour,
                    now.minute,
                    now.second,
                    process::this(),
                    word(level)
                );
            }
            Self::Journal => {
                let _ = write!(line, "<{}>", severity(level));
            }
            Self::Syslog { facility, ident, pid, .. } => {
                let _ = write!(line, "<{}>{} {ident}", facility * 8 + severity(level), stamp());
                if *pid {
                    let _ = write!(line, "[{}]", process::this());
                }
                line.push_str(": ");
            }
        }
    }
}

/// The time as RFC 3164 has it.
fn stamp() -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let now = clock::local_time();
    let month = usize::try_from(now.month - 1).ok().and_then(|at| MONTHS.get(at));
    let month = month.unwrap_or(&MONTHS[0]);
    format!("{month} {:2} {:02}:{:02}:{:02}", now.day, now.hour, now.minute, now.second)
}

/// The level as Net::Server counts it.
pub(super) const fn number(level: Level) -> u32 {
    match level {
        Level::Error => 0,
        Level::Warn => 1,
        Level::Info => 2,
        Level::Debug => 3,
        Level::Trace => 4,
    }
}

/// The level as syslog and the journal count it: error, warning, notice, information, debugging.
fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 5,
        Level::Debug => 6,
        Level::Trace => 7,
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "notice",
        Level::Debug => "info",
        Level::Trace => "debug",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated() -> Form {
        Form::Dated { program: "echo".into() }
    }

    fn syslog(pid: bool, end: End) -> Form {
        Form::Syslog { facility: 3, ident: "echo".into(), pid, end }
    }

    #[test]
    fn a_record_is_one_line() {
        for form in [dated(), Form::Journal, syslog(true, End::Nul)] {
            let line = form.line(Level::Warn, &"x".repeat(1 << 20));
            assert!((LONGEST - 16..=LONGEST).contains(&line.len()), "{}", line.len());
            assert!(line.ends_with(form.end().text()));
        }
        let line = dated().line(Level::Warn, "forged\n2026/01/01-00:00:00 echo[1] error: x");
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("] warning: forged\\n2026"));
    }

    #[test]
    fn each_form_has_its_level() {
        assert_eq!(Form::Journal.line(Level::Error, "x"), "<3>x\n");
        assert_eq!(Form::Journal.line(Level::Trace, "x"), "<7>x\n");
        let line = syslog(false, End::Packet).line(Level::Info, "x");
        assert!(line.starts_with("<29>"), "{line}");
        assert!(line.ends_with(" echo: x"), "{line}");
        let line = syslog(true, End::Newline).line(Level::Error, "x");
        assert!(line.starts_with("<27>"), "{line}");
        assert!(line.ends_with(&format!(" echo[{}]: x\n", process::this())), "{line}");
        // `Mmm dd hh:mm:ss`.
        assert_eq!(stamp().len(), 15);
    }
}
