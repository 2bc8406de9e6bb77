//! Into the background: whoever starts the server waits, as its launcher, until it serves.
//!
//! The server goes on in a new process, in a session that no terminal controls, and has the standard
//! streams of its launcher until it serves: what fails before is said there, and the launcher ends with
//! the same code. Should the launcher end before, the server stops.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::caution::caution;
use crate::error::{Error, Result};
use crate::logger::complain;
use crate::stop::Stage;
use crate::sys::descriptor::{self, Private};
use crate::sys::mask;
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::process::{self, End, Pid, Side};
use crate::sys::signal::{self, Signal};

/// The end of a pipe at which a launcher waits for a word of this process.
static WAITING: Mutex<Option<Private<OwnedFd>>> = Mutex::new(None);

/// Goes on in a new process. The one that has called this waits for that and ends.
///
/// # Errors
/// Where no process can be forked, or there are other threads: those that this process has are lost, which
/// is only warned of unless `strict`, and whoever calls this has to be the first. In the new process, where
/// the other one has ended.
pub(crate) fn part(program: &str, strict: bool) -> Result<()> {
    let cannot = |err| Error::because("cannot go to the background", err);
    if !process::is_first_thread() {
        let what = "cannot go to the background from another thread than the first of the process";
        return Err(Error::new(what));
    }
    if let Some(count) = process::threads() {
        let what =
            "threads when the server goes to the background, which keeps one: start threads later";
        caution(strict, &format!("{count} {what}"))?;
    }
    let (read, write) = descriptor::pipe().map_err(cannot)?;
    let launcher = process::this();
    // What comes before the new process has a place for it would end it.
    let blocked = mask::Blocked::all();
    match process::split().map_err(cannot)? {
        Side::Before(server) => {
            drop((blocked, write));
            process::exit_now(
                Launcher { server, word: Some(read), told: Stage::Serving }.wait(program),
            );
        }
        Side::New => {
            signal::move_here();
            drop(read);
            process::begin_session().map_err(cannot)?;
            drop(blocked);
            if !process::follow_parent(launcher, Signal::SIGTERM).map_err(cannot)? {
                return Err(Error::new(GONE));
            }
            tell(Some(write));
            Ok(())
        }
    }
}

const GONE: &str = "whoever has started the server is gone";

/// The server serves: a launcher may end.
///
/// # Errors
/// Where it has, before it knew that.
pub(crate) fn ready() -> Result<()> {
    let Some(launcher) = tell(None) else { return Ok(()) };
    // From here on its end is none of ours. The kernel does not refuse it.
    let _ = process::forget_parents_end();
    let told = descriptor::write(&launcher, b"!");
    told.map(drop).map_err(|err| Error::because(GONE, err))
}

fn tell(whom: Option<OwnedFd>) -> Option<Private<OwnedFd>> {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *waiting, whom.map(Private::new))
}

/// The process that waits.
struct Launcher {
    server: Pid,
    /// The end of the pipe at which the server says that it serves; none once it is not to.
    word: Option<OwnedFd>,
    /// What this process was told that is to stop the server, and has passed on.
    told: Stage,
}

impl Launcher {
    /// Waits until the server serves, or has ended. What is to stop the launcher is to stop the server, even
    /// if that serves by now. Tells the code to leave with.
    fn wait(mut self, program: &str) -> i32 {
        loop {
            let word = self.listen();
            self.pass_on();
            if word == Some(true) {
                return 0;
            }
            // Something that it has forked may have the pipe, and say nothing.
            match process::reap(self.server) {
                Ok(None) => {}
                Ok(Some(end)) => return code_of(program, end),
                Err(_) => return code_of(program, End::Unknown),
            }
            if word.is_some() {
                // There is no further word to wait for. A signal ends it, and nothing else matters.
                let _ = poll::pause(LOOK / 10);
            }
        }
    }

    /// Waits a moment for the word. `false` stands for none that can come any more.
    fn listen(&self) -> Option<bool> {
        let Some(word) = &self.word else { return Some(false) };
        match poll::ready(word, Direction::Read, Some(LOOK)) {
            Ok(Woken::Ready) => {}
            Ok(Woken::Signal | Woken::Time) => return None,
            Err(_) => return Some(false),
        }
        let said = descriptor::read(word, &mut [0]).is_ok_and(|length| length == 1);
        Some(said && signal::stage() == Stage::Serving)
    }

    fn pass_on(&mut self) {
        if signal::stage() != self.told {
            self.told = signal::stage();
            // Where it is gone the next look says so. Where this process may not signal it, as it has become
            // somebody else, it finds nobody who waits when it would serve.
            let _ = process::kill(self.server, Signal::SIGTERM);
            self.word = None;
        }
    }
}

/// How often it is looked: a signal may come right before a wait.
const LOOK: Duration = Duration::from_millis(100);

/// The code of a server that has ended before it served, which is never a success.
fn code_of(program: &str, end: End) -> i32 {
    match end {
        End::Code(0) => complain(program, "the server was stopped before it served"),
        // It has said why.
        End::Code(code) => return code,
        End::Signal(number) => {
            let signal = process::signal_name(number);
            complain(program, &format!("the server was killed by {signal} before it served"));
        }
        End::Unknown => complain(program, "the server has ended before it served"),
    }
    1
}
