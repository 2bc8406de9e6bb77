//! Processes: fork, wait, kill, leave.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{self, ForkResult};

pub(crate) use nix::unistd::Pid;

use super::signal::Blocked;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It left with this code.
    Code(i32),
    /// It was killed by this signal.
    Signal(Signal),
}

/// Exit code of a child whose body panicked where nothing caught it; that of Rust itself.
const PANICKED: i32 = 101;

/// The calling process.
pub(crate) fn this() -> Pid {
    unistd::getpid()
}

/// The parent of the calling process, at this moment.
pub(crate) fn parent() -> Pid {
    unistd::getppid()
}

/// Forks. The child runs `body` and leaves with the code it returns: nothing of the caller's frame
/// is ever reached there, not even by a panic. In the child every signal is blocked until `body`
/// opens them, so that none meets the parent's handlers.
///
/// # Errors
/// What fork says: too many processes, too little memory.
pub(crate) fn fork(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    let blocked = Blocked::all();
    // SAFETY: with one thread, fork asks nothing of its caller. With more, which `threads` tells
    // and the pool warns of, the child may find a lock held for ever, and no worse: glibc makes its
    // allocator usable again in the child, and `body` leaves by `_exit`.
    match unsafe { unistd::fork() }? {
        ForkResult::Parent { child } => {
            drop(blocked);
            Ok(child)
        }
        ForkResult::Child => {
            // A panic must not unwind into the parent's frames, which this process has copies of.
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED);
            exit_now(code)
        }
    }
}

/// Leaves without running anything that the parent registered or still holds: no exit handlers, no
/// destructors, no flush of buffers that it filled.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// How many threads this process has, where there are more than one.
pub(crate) fn threads() -> Option<usize> {
    if single_threaded_says_libc() {
        return None;
    }
    let count = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    (count > 1).then_some(count)
}

#[cfg(target_env = "gnu")]
fn single_threaded_says_libc() -> bool {
    unsafe extern "C" {
        /// Not zero while glibc knows that there is one thread.
        static __libc_single_threaded: libc::c_char;
    }
    // SAFETY: glibc has it since 2.32, and only the calling thread could change it while it is not
    // zero.
    unsafe { __libc_single_threaded != 0 }
}

#[cfg(not(target_env = "gnu"))]
fn single_threaded_says_libc() -> bool {
    false
}

/// Asks the kernel to send `signal` to this process when its parent dies, and tells whether
/// `parent` is still there: it may have died before the kernel was asked.
pub(crate) fn follow_parent(parent: Pid, signal: Signal) -> io::Result<bool> {
    prctl::set_pdeathsig(signal)?;
    Ok(self::parent() == parent)
}

/// Signals a child that was not waited for yet: its number cannot belong to anybody else.
pub(crate) fn kill(child: Pid, signal: Signal) -> io::Result<()> {
    // 0 and negative numbers are groups, and 1 is nobody's child.
    if child.as_raw() < 2 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(signal::kill(child, signal)?)
}

/// Collects a child that has ended; `None` while it lives.
pub(crate) fn reap(child: Pid) -> io::Result<Option<End>> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG;
    Ok(status(|| Id::Pid(child), flags)?.map(|(_, end)| end))
}

/// Some child of this process that has ended, without collecting it: it may be a stranger, which
/// somebody else in this process waits for.
pub(crate) fn peek() -> io::Result<Option<Pid>> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    Ok(status(|| Id::All, flags)?.map(|(pid, _)| pid))
}

fn status(whom: impl Fn() -> Id<'static>, flags: WaitPidFlag) -> io::Result<Option<(Pid, End)>> {
    loop {
        return match waitid(whom(), flags) {
            Ok(WaitStatus::Exited(pid, code)) => Ok(Some((pid, End::Code(code)))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => Ok(Some((pid, End::Signal(signal)))),
            Ok(_) | Err(Errno::ECHILD) => Ok(None),
            Err(Errno::EINTR) => continue,
            Err(errno) => Err(errno.into()),
        };
    }
}
