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

/// Longest line, with all that belongs to it: as much as a pipe takes in one piece, so that no line
/// of another process comes in between, and no peer fills a disk with one line.
const LONGEST: usize = 4096;
/// What stands at the end of a line that was cut.
const CUT: &str = " [cut]";

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
    // Whoever starts a program chooses its name: it must leave room for what is said.
    let name: String = program.chars().take(64).collect();
    let sink = SINK.get_or_init(|| Sink { program: escape(&name) });
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

/// From here on nothing is printed to where the server was started, and nothing is read from there.
pub(crate) fn take_stdio() -> std::io::Result<()> {
    let null = descriptor::null()?;
    descriptor::become_stdio(&null, &null)?;
    descriptor::silence_stderr()
}

/// One complaint to standard error before there is a log. Its text may have a line for help.
pub(crate) fn complain(program: &str, text: &str) {
    descriptor::write_to_stderr(complaint(program, text).as_bytes());
}

/// Whoever starts a program chooses the name that it has: it must not forge a line.
fn complaint(program: &str, text: &str) -> String {
    format!("{}: {text}\n", escape(program))
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
    escape_onto(&mut line, message, LONGEST - CUT.len() - 1);
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

/// A text fit for one line.
fn escape(text: &str) -> String {
    let mut line = String::new();
    escape_onto(&mut line, text, LONGEST);
    line
}

/// Appends a text so that it is fit for one line: control characters, and the backslash that escapes
/// them, are escaped; where `line` would be longer than `longest` it is cut, and says so.
fn escape_onto(line: &mut String, text: &str, longest: usize) {
    for c in text.trim_end_matches('\n').chars() {
        let before = line.len();
        match c {
            '\\' => line.push_str("\\\\"),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
        if line.len() > longest {
            line.truncate(before);
            line.push_str(CUT);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        assert_eq!(escape("plain text, ünïcode\n"), "plain text, ünïcode");
        assert_eq!(escape("a\nb\r\u{1b}[2J\u{9b}\\n"), "a\\nb\\r\\u{1b}[2J\\u{9b}\\\\n");
        for text in ["\u{1}", "ü", "x"] {
            let line = line("echo", Level::Warn, &text.repeat(1 << 20));
            assert!((LONGEST - 16..=LONGEST).contains(&line.len()), "{}", line.len());
            assert!(line.ends_with(" [cut]\n"));
        }
        let line = line("echo", Level::Warn, "forged\n2026/01/01-00:00:00 echo[1] error: x");
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.contains("] warning: forged\\n2026"));
    }

    #[test]
    fn the_name_of_a_program_stays_on_its_line() {
        let said = complaint("echo\n\u{1b}[2Jroot", "--port: needs a value\n  help: write one");
        assert_eq!(said, "echo\\n\\u{1b}[2Jroot: --port: needs a value\n  help: write one\n");
    }
}
