//! The log: one record is one line is one `write(2)`.
//!
//! Records come through the `log` facade, the runtime's and the handler's alike, and go to standard
//! error, to a [`file`] or to [`syslog`]. Net::Server's levels are the facade's, in the same order: 0
//! `error`, 1 `warn`, 2 `info`, 3 `debug`, 4 `trace`. Nothing is locked, so that a fork in the middle of a
//! record of another thread cannot stop a child.
//!
//! [`line`] is what a record looks like, with nothing in it that [`escape`] has left raw; [`slot`] is how it
//! gets to where it goes without a wait, and [`page`] what all processes know of those that did not.
//! [`handover`] is how children come to a file that was opened anew.

mod escape;
mod file;
mod handover;
mod line;
mod page;
mod slot;
mod stderr;
mod syslog;

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use log::{Level, LevelFilter, Log, Metadata, Record};

use self::escape::escape;
use self::file::LogFile;
use self::line::Form;
use self::page::Page;
use self::slot::{Means, Slot, Written};
pub(crate) use self::syslog::{SYSTEM as SYSLOG_SOCKET, Syslog};
use crate::error::{Error, Result};
use crate::sys::descriptor;
use crate::sys::leaked::Leaked;
use crate::sys::{clock, ends, signal};

/// A program's own look at each record: at its level, and what it says. It tells whether the record is to be
/// written as well.
pub(crate) type Hook = fn(u32, &str) -> bool;

/// What a log is to be.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    /// The name of the program.
    pub(crate) program: &'a str,
    /// Records up to this level are written, 0 to 4; errors always.
    pub(crate) level: u32,
    pub(crate) to: Place,
    /// The server's user, where it is known: a log file may be its own.
    pub(crate) user: Option<u32>,
    pub(crate) hook: Option<Hook>,
}

/// Where records go.
#[derive(Debug)]
pub(crate) enum Place {
    Stderr,
    File(PathBuf),
    Syslog(Syslog),
}

/// A log that is open.
#[derive(Debug)]
struct Sink {
    slot: Slot,
    page: Page,
    form: Form,
    target: Target,
    hook: Option<Hook>,
}

#[derive(Debug)]
enum Target {
    Stderr(Means),
    File(LogFile),
    Syslog(syslog::Daemon),
}

static SINK: Leaked<Sink> = Leaked::none();
/// Whether the facade is ours: a program may have a logger of its own.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether standard error is the log's, or nobody's.
static STDIO_TAKEN: AtomicBool = AtomicBool::new(false);

/// Opens the log. A logger that the program installed before stays, and gets the records.
///
/// # Errors
/// Where the log cannot be what it is to be.
pub(crate) fn init(setup: &Setup<'_>) -> Result<()> {
    let cannot = |err| Error::because("cannot set up the log", err);
    let page = Page::begin().map_err(cannot)?;
    log::set_max_level(match setup.level {
        0 => LevelFilter::Error,
        1 => LevelFilter::Warn,
        2 => LevelFilter::Info,
        3 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    });
    // The zone is read before the process may go where its file is not.
    clock::local_time();
    // What is said while the log is opened is said there, and so is what goes wrong.
    let stderr = stderr::open().map_err(cannot)?;
    let form = if stderr.is_journal { Form::Journal } else { Form::dated(setup.program) };
    let slot = Slot::set(stderr.descriptor).map_err(cannot)?;
    STDIO_TAKEN.store(false, SeqCst);
    let target = Target::Stderr(stderr.means);
    SINK.set(Sink { slot, page, form, target, hook: setup.hook });
    if log::set_logger(&Facade).is_ok() {
        OURS.store(true, SeqCst);
    }
    if !matches!(setup.to, Place::Stderr) && !OURS.load(SeqCst) {
        log::warn!("log_file has no effect: the program has a logger of its own");
        return Ok(());
    }
    move_to(setup, slot, page)
}

/// Has the log go where it is to be.
fn move_to(setup: &Setup<'_>, slot: Slot, page: Page) -> Result<()> {
    let (target, descriptor, form) = match &setup.to {
        Place::Stderr => return Ok(()),
        Place::File(path) => {
            let (file, opened) = LogFile::open(path, setup.user)?;
            (Target::File(file), opened, Form::dated(setup.program))
        }
        Place::Syslog(syslog) => {
            let (daemon, socket, form) = syslog.open()?;
            (Target::Syslog(daemon), socket, form)
        }
    };
    slot.replace(&descriptor).map_err(|err| Error::because("cannot set up the log", err))?;
    SINK.set(Sink { slot, page, form, target, hook: setup.hook });
    Ok(())
}

/// Tells what would go wrong, and opens nothing.
///
/// # Errors
/// As [`init`].
pub(crate) fn check(to: &Place, user: Option<u32>) -> Result<()> {
    match to {
        Place::Stderr => Ok(()),
        Place::File(path) => LogFile::check(path, user),
        Place::Syslog(syslog) => syslog.check(),
    }
}

/// One complaint to standard error before there is a log. Its text may have a line for help.
pub(crate) fn complain(program: &str, text: &str) {
    descriptor::write_to_stderr(complaint(program, text).as_bytes());
}

/// Whoever starts a program chooses the name that it has: it must not forge a line. A cure belongs to the line
/// above it.
fn complaint(program: &str, text: &str) -> String {
    let name = escape(program, 1024);
    let named = |line: &str| format!("{name}: {line}\n");
    let as_is = |line: &str| format!("{line}\n");
    text.split('\n')
        .map(|line| if line.starts_with("  ") { as_is(line) } else { named(line) })
        .collect()
}

/// Whether whoever started the program sees nothing of the log, and still has a standard error to look at.
pub(crate) fn is_elsewhere() -> bool {
    let elsewhere = SINK.get().is_some_and(|sink| !matches!(sink.target, Target::Stderr(_)));
    elsewhere && !STDIO_TAKEN.load(SeqCst)
}

/// A parent is about to fork children, which are to come to a file that is opened anew.
pub(crate) fn begin_parent() -> io::Result<()> {
    match SINK.get() {
        Some(Sink { target: Target::File(_), page, .. }) => handover::begin(*page),
        _ => Ok(()),
    }
}

/// From here on the log stays in the file that it is in: nothing leads from it to others.
pub(crate) fn let_go_of_directory() {
    if let Some(Sink { target: Target::File(file), .. }) = SINK.get() {
        file.let_go_of_directory();
    }
}

/// Has a log file that this start has made belong to them.
///
/// # Errors
/// What the kernel says.
pub(crate) fn belongs_to(uid: u32, gid: u32) -> Result<()> {
    let Some(Sink { target: Target::File(file), slot, .. }) = SINK.get() else { return Ok(()) };
    let given = file.belongs_to(slot, uid, gid);
    let what = || format!("cannot give {} to user {uid} and group {gid}", file.path().display());
    given.map_err(|err| Error::because(what(), err))
}

/// Takes standard input and output away from whoever started the server; standard error becomes the log's
/// file, for what is written there all the same, or is gone with the rest.
///
/// # Errors
/// Where there is no descriptor left.
pub(crate) fn take_stdio() -> io::Result<()> {
    if STDIO_TAKEN.load(SeqCst) {
        return Ok(());
    }
    // Whoever reads it has gone, where it fails.
    let _ = io::stdout().flush();
    // There may be none in the server's root.
    ends::with_null(|null| {
        match SINK.get() {
            Some(Sink { target: Target::File(_), slot, .. }) => descriptor::become_stderr(slot)?,
            Some(Sink { target: Target::Stderr(_), slot, .. }) => {
                if OURS.load(SeqCst) && signal::is_servers_own() {
                    log::warn!("the log ends here, as standard error does: set log_file");
                }
                descriptor::become_stderr(&null)?;
                slot.replace(&null)?;
            }
            _ => descriptor::become_stderr(&null)?,
        }
        descriptor::become_stdio(&null, &null)
    })?;
    STDIO_TAKEN.store(true, SeqCst);
    Ok(())
}

/// Opens the log anew, for rotation; where that cannot be, it goes on as it was, and says so.
pub(crate) fn reopen(signal: &str) {
    let Some(sink) = SINK.get() else { return };
    match &sink.target {
        Target::Stderr(_) => {
            log::debug!("{signal}: the log is standard error, which stays as it is");
        }
        Target::File(file) => match sink.open_anew(file) {
            Ok(()) => log::info!("{signal}: {} was opened anew", file.path().display()),
            Err(err) => log::warn!(
                "{signal}: the log goes on in the old file, as {} cannot be opened anew: {err}{}",
                file.path().display(),
                cure(&err)
            ),
        },
        Target::Syslog(daemon) => match daemon.reconnect(sink.slot) {
            Ok(()) => log::info!("{signal}: syslog was connected anew"),
            Err(err) => log::warn!("{signal}: syslog cannot be connected anew: {err}"),
        },
    }
}

fn cure(err: &io::Error) -> &'static str {
    if err.kind() == io::ErrorKind::PermissionDenied {
        " (have rotation make it for the server's user, as `create` of logrotate does)"
    } else {
        ""
    }
}

/// Opens it anew where a process that serves alone was asked to. A parent does so in its turn.
#[inline]
pub(crate) fn reopen_alone() {
    if signal::is_alone() && signal::take_reopen() {
        reopen("USR1");
    }
}

impl Sink {
    fn open_anew(&self, file: &LogFile) -> io::Result<()> {
        let opened = file.reopen()?;
        self.take(&opened)?;
        if descriptor::is_empty(&opened)? {
            // It was the old one that was cut off.
            self.page.take_cut();
        }
        if let Err(err) = handover::give(&opened, self.page) {
            log::warn!("children stay at the old log file: {err}");
        }
        Ok(())
    }

    /// Has the log go there.
    fn take(&self, opened: &impl std::os::fd::AsFd) -> io::Result<()> {
        self.slot.replace(opened)?;
        if STDIO_TAKEN.load(SeqCst) {
            descriptor::become_stderr(opened)?;
        }
        Ok(())
    }

    fn log(&self, level: Level, message: &str) {
        if is_wanted(self.hook, level, message) {
            self.write(level, message);
        }
    }

    /// Writes a record, or counts it.
    fn write(&self, level: Level, message: &str) {
        if let Some(news) = handover::news(self.page)
            && self.take(&news.file).is_ok()
        {
            news.taken();
        }
        let lost = self.page.take_lost();
        if lost > 0 {
            let said = self.put(Level::Warn, &told(lost, &self.page.reason()));
            if !matches!(said, Ok(Written::Whole)) {
                self.page.lose(lost.saturating_add(1), said.as_ref().err());
                if said.is_ok() {
                    self.page.note_cut();
                }
                return;
            }
        }
        match self.put(level, message) {
            Ok(Written::Whole) => {}
            Ok(Written::InPart) => {
                self.page.note_cut();
                self.page.lose(1, None);
            }
            Err(err) => self.page.lose(1, Some(&err)),
        }
    }

    /// One record by one write.
    fn put(&self, level: Level, message: &str) -> io::Result<Written> {
        let mut line = self.form.line(level, message);
        // What was cut off is ended first: they would be one line.
        let cut = self.page.take_cut();
        if cut {
            line.insert_str(0, self.form.end().text());
        }
        let put = match &self.target {
            Target::Stderr(means) => self.slot.put(*means, line.as_bytes(), self.page),
            Target::File(_) => self.slot.put(Means::File, line.as_bytes(), self.page),
            Target::Syslog(daemon) => daemon.put(self.slot, line.as_bytes(), self.page),
        };
        if cut && put.is_err() {
            self.page.note_cut();
        }
        put
    }
}

fn told(lost: i64, why: &str) -> String {
    let (records, were) = if lost == 1 { ("record", "was") } else { ("records", "were") };
    format!("{lost} {records} {were} lost: {why}")
}

/// What a program's own look at a record says. What is logged meanwhile is not shown to it.
fn is_wanted(hook: Option<Hook>, level: Level, message: &str) -> bool {
    thread_local! {
        static ASKS: Cell<bool> = const { Cell::new(false) };
    }
    let Some(hook) = hook else { return true };
    if ASKS.replace(true) {
        return true;
    }
    let wanted = hook(line::number(level), message);
    ASKS.set(false);
    wanted
}

/// What records come through.
#[derive(Debug)]
struct Facade;

impl Log for Facade {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        reopen_alone();
        if let Some(sink) = SINK.get() {
            sink.log(record.level(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_stays_on_its_line() {
        let said = complaint("echo\n\u{1b}[2Jroot", "--port: needs a value\n  help: write one");
        assert_eq!(said, "echo\\n\\u{1b}[2Jroot: --port: needs a value\n  help: write one\n");
        assert_eq!(
            complaint("echo", "a: x\n  help: y\nb: z"),
            "echo: a: x\n  help: y\necho: b: z\n"
        );
    }

    #[test]
    fn what_was_lost_is_told_in_words() {
        assert_eq!(told(1, "x"), "1 record was lost: x");
        assert_eq!(told(20, "x"), "20 records were lost: x");
    }
}
