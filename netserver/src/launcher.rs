//! Into the background: whoever starts the server waits, as its launcher, until it serves.
//!
//! The server goes on in a new process, in a session that no terminal controls, and has the standard
//! streams of its launcher until it serves: what fails before is said there, and the launcher ends with
//! the same code. Should the launcher end before, the server stops.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::logger::complain;
use crate::stop::Stage;
use crate::sys::descriptor::{self, Private};
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::process::{self, End, Pid, Side};
use crate::sys::signal::{self, Signal};

/// The end of a pipe at which a launcher waits for a word of this process.
static WAITING: Mutex<Option<Private>> = Mutex::new(None);

/// Goes on in a new process. The one that has called this waits for that and ends.
///
/// # Errors
/// Where no process can be forked; in the new process, where the other one has ended.
pub(crate) fn part(program: &str) -> Result<()> {
    let cannot = |err| Error::because("cannot go to the background", err);
    let (read, write) = descriptor::pipe().map_err(cannot)?;
    let launcher = process::this();
    match process::split().map_err(cannot)? {
        Side::Before(server) => {
            drop(write);
            process::exit_now(wait(program, server, &read));
        }
        Side::New => {
            signal::move_here();
            drop(read);
            process::begin_session().map_err(cannot)?;
            if !process::follow_parent(launcher, Signal::SIGTERM).map_err(cannot)? {
                return Err(Error::new("whoever has started the server is gone"));
            }
            tell(Some(write));
            Ok(())
        }
    }
}

/// The server serves: a launcher may end.
pub(crate) fn ready() {
    let Some(launcher) = tell(None) else { return };
    // From here on its end is none of ours. The kernel does not refuse it.
    let _ = process::forget_parents_end();
    // Where it fails nobody waits.
    let _ = descriptor::write(&launcher, b"!");
}

fn tell(whom: Option<OwnedFd>) -> Option<Private> {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *waiting, whom.map(Private::new))
}

/// The launcher's life. What is to stop it is to stop the server, even if that serves by now. Tells the
/// code to leave with.
fn wait(program: &str, server: Pid, word: &OwnedFd) -> i32 {
    /// A signal may come right before a wait.
    const LOOK: Duration = Duration::from_millis(100);
    let mut told = Stage::Serving;
    loop {
        let woken = poll::ready(word, Direction::Read, Some(LOOK));
        if signal::stage() != told {
            told = signal::stage();
            // Where it is gone the next look says so.
            let _ = process::kill(server, Signal::SIGTERM);
        }
        if matches!(woken, Ok(Woken::Ready) | Err(_)) {
            break;
        }
    }
    match descriptor::read(word, &mut [0]) {
        Ok(1) if told == Stage::Serving => 0,
        // It ends, and says why.
        _ => code_of(program, process::wait_for(server)),
    }
}

fn code_of(program: &str, end: std::io::Result<End>) -> i32 {
    match end {
        Ok(End::Code(code)) => return code,
        Ok(End::Signal(number)) => {
            let signal = process::signal_name(number);
            complain(program, &format!("the server was killed by {signal} before it served"));
        }
        Ok(End::Unknown) => complain(program, "the server has ended before it served"),
        Err(err) => complain(program, &format!("the server is gone: {err}")),
    }
    1
}
