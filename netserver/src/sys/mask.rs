//! Which signals a thread has blocked, for as long as a guard lives.

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

/// While it lives, signals are blocked; then they are as they were before.
#[derive(Debug)]
pub(crate) struct Blocked(SigSet);

impl Blocked {
    /// Blocks every signal.
    pub(crate) fn all() -> Self {
        Self(change(&SigSet::all()))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        change(&self.0);
    }
}

/// Changes the mask of this thread and hands back the one before.
pub(super) fn change(set: &SigSet) -> SigSet {
    let mut before = SigSet::empty();
    // It fails only on a `how` that does not exist.
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(set), Some(&mut before));
    before
}
