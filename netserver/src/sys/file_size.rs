//! The limit of a file's size: whoever writes beyond it has an error, and is not killed.

use std::ptr;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::signal::action_of;

/// While it lives SIGXFSZ ends nobody. A handler that does nothing, since what is ignored stays ignored in
/// a program that is started.
#[derive(Debug)]
pub(crate) struct Outlived(Option<libc::sigaction>);

/// See [`Outlived`].
pub(crate) fn outlive() -> Outlived {
    let before = action_of(Signal::SIGXFSZ).ok();
    let handler = SigHandler::Handler(do_nothing);
    let action =
        SigAction::new(handler, SaFlags::SA_RESTART | SaFlags::SA_ONSTACK, SigSet::empty());
    // SAFETY: the handler does nothing. It fails only on a signal that does not exist.
    let handled = unsafe { sigaction(Signal::SIGXFSZ, &action) };
    Outlived(before.filter(|_| handled.is_ok()))
}

impl Drop for Outlived {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: what the kernel handed out it takes back.
            unsafe { libc::sigaction(libc::SIGXFSZ, before, ptr::null_mut()) };
        }
    }
}

extern "C" fn do_nothing(_: libc::c_int) {}
