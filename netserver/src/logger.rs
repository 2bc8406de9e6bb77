//! The log: one record is one line is one `write(2)`.
//!
//! Records come through the `log` facade, the runtime's and the handler's alike, and go to standard
//! error. Net::Server's levels are the facade's, in the same order: 0 `error`, 1 `warn`, 2 `info`,
//! 3 `debug`, 4 `trace`. Nothing is locked, so that a fork in the middle of a record of another
//! thread cannot stop a child.

use std::fmt::Write as _;
use std::sync::OnceLock;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::sys::{clock, descriptor, process};

/// Longest record, so that no peer fills a disk with one line.
const LONGEST: usize = 8 * 1024;

/// The sink of the facade, once a server was started.
#[derive(Debug)]
struct Sink {
    /// The name of the program, before each record.
    program: String,
}

static SINK: OnceLock<Sink> = OnceLock::new();

/// Sends every record up to `level` (0 to 4; errors always) to standard error. A logger that the
/// program installed before stays, and gets the records.
pub(crate) fn init(program: &str, level: u32) {
    let sink = SINK.get_or_init(|| Sink { program: escape(program) });
    // It fails where the program has a logger of its own, which is what it wants.
    let _ = log::set_logger(sink);
    log::set_max_level(match level {
        0 => LevelFilter::Error,
        1 => LevelFilter::Warn,
        2 => LevelFilter::Info,
        3 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    });
}

/// One line to standard error before there is a log.
pub(crate) fn complain(program: &str, text: &str) {
    descriptor::write_to_stderr(format!("{program}: {text}\n").as_bytes());
}

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let message = record.args().to_string();
            descriptor::write_to_stderr(line(&self.program, record.level(), &message).as_bytes());
        }
    }

    fn flush(&self) {}
}

fn line(program: &str, level: Level, message: &str) -> String {
    let now = clock::local_time();
    let mut line = String::with_capacity(64 + message.len());
    // Writing to a string cannot fail.
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
    line.push_str(&escape(message));
    line.push('\n');
    line
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

/// A message fit for one line: control characters, and the backslash that escapes them, are
/// escaped; what is too long is cut.
fn escape(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for c in message.trim_end_matches('\n').chars() {
        if text.len() >= LONGEST {
            text.push_str(" [cut]");
            break;
        }
        match c {
            '\\' => text.push_str("\\\\"),
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        assert_eq!(escape("plain text, ünïcode\n"), "plain text, ünïcode");
        assert_eq!(escape("a\nb\r\u{1b}[2J\u{9b}\\n"), "a\\nb\\r\\u{1b}[2J\\u{9b}\\\\n");
        assert!(escape(&"\u{1}".repeat(1 << 20)).len() < LONGEST + 32);
        let line = line("echo", Level::Warn, "forged\n2026/01/01-00:00:00 echo[1] error: x");
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("] warning: forged\\n2026"));
    }
}
