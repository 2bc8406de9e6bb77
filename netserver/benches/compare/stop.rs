//! Word that nothing more is to be measured: whoever hears it returns, and what it started ends with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Listens for INT, TERM and HUP, from before there is another thread.
///
/// # Errors
/// Where the signals could not be blocked.
pub(crate) fn listen() -> nix::Result<()> {
    let signals = signals();
    signals.thread_block()?;
    thread::spawn(move || {
        if signals.wait().is_ok() {
            ASKED_FOR.store(true, Ordering::Relaxed);
        }
    });
    Ok(())
}

fn signals() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect()
}

/// Starts a program by `start` as if nobody listened: it would inherit what is blocked, and neither perf
/// nor a server would hear that it is to end.
pub(crate) fn unheard<T>(start: impl FnOnce() -> T) -> T {
    // The calls fail for no set that there is.
    let _ = signals().thread_unblock();
    let started = start();
    let _ = signals().thread_block();
    started
}

pub(crate) fn is_asked_for() -> bool {
    ASKED_FOR.load(Ordering::Relaxed)
}
