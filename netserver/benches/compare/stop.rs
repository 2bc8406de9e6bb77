//! Word that nothing more is to be measured: whoever hears it returns, and what it started ends with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Listens for INT, TERM and HUP, from before there is another thread. What is started then is not held
/// to it: a program begins with no signal blocked.
///
/// # Errors
/// Where the signals could not be blocked.
pub(crate) fn listen() -> nix::Result<()> {
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    signals.thread_block()?;
    thread::spawn(move || {
        if signals.wait().is_ok() {
            ASKED_FOR.store(true, Ordering::Relaxed);
        }
    });
    Ok(())
}

pub(crate) fn is_asked_for() -> bool {
    ASKED_FOR.load(Ordering::Relaxed)
}
