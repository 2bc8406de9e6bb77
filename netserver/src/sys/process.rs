//! Processes: fork, wait, kill, leave.

use std::cell::Cell;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI8, Ordering::Relaxed};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{self, Signal};
use nix::sys::stat::fstat;
use nix::unistd::{self, ForkResult};

pub(crate) use nix::unistd::Pid;

use super::clock;
use super::ends;
use super::poll::{self, Direction, Woken};

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It left with this code.
    Code(i32),
    /// It was killed by the signal of this number, which may be one that has no name.
    Signal(i32),
    /// Somebody else in this process has waited for it.
    Unknown,
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

thread_local! {
    /// Whether this thread forks a child at this moment, or is in such a child, which has no role yet. A
    /// child has this thread only, and the page that it lies on is changed by every fork anyway.
    pub(super) static FORKING: Cell<bool> = const { Cell::new(false) };
}

/// Forks. The child runs `body` and leaves with the code it returns: nothing of the caller's frame
/// is ever reached there, not even by a panic. A signal that meets the child before it has a role is
/// the child's, as the handler of signals knows by [`FORKING`].
///
/// # Errors
/// What fork says: too many processes, too little memory.
pub(crate) fn fork(body: impl FnOnce() -> i32) -> io::Result<Pid> {
    // What is gathered for standard output is printed once, and not by each child again.
    let printed = !OUTPUT_IS_LOST.load(Relaxed) && print();
    FORKING.set(true);
    match copy() {
        Ok(ForkResult::Child) => leave(body, printed),
        Ok(ForkResult::Parent { child }) => {
            FORKING.set(false);
            Ok(child)
        }
        Err(err) => {
            FORKING.set(false);
            Err(err)
        }
    }
}

/// Who goes on behind a [`split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The process that has split: it is the parent of the other one.
    Before(Pid),
    /// The new process.
    New,
}

/// Forks, and goes on in both processes. The new one has all that the other one has: this must leave by
/// [`exit_now`], and not end what the two have together.
///
/// # Errors
/// As [`fork`].
pub(crate) fn split() -> io::Result<Side> {
    print();
    Ok(match copy()? {
        ForkResult::Child => Side::New,
        ForkResult::Parent { child } => Side::Before(child),
    })
}

/// The one call that forks.
#[inline]
fn copy() -> io::Result<ForkResult> {
    // Where there are other threads, none holds it at this moment; the child lets go of it, too.
    let zone = (!single_threaded_says_libc()).then(clock::hold_zone);
    // SAFETY: with one thread, fork asks nothing of its caller. With more, which `threads` tells
    // and each caller warns of, the child may find a lock held for ever, and no worse: glibc makes its
    // allocator usable again in the child, which leaves by `_exit` or goes on in the parent's place.
    let forked = unsafe { unistd::fork() };
    drop(zone);
    Ok(forked?)
}

/// Begins a session of its own, which no terminal controls.
///
/// # Errors
/// In a process that leads its group.
pub(crate) fn begin_session() -> io::Result<()> {
    unistd::setsid()?;
    Ok(())
}

/// Prints what is gathered for standard output, which an exec loses.
pub(crate) fn print_all() {
    print();
}

/// Prints what is gathered for standard output. Tells whether nothing of it is left: it may be full or
/// closed, and where there are other threads one of them may hold it, and wait for its reader.
fn print() -> bool {
    let output = io::stdout();
    threads().is_none()
        && poll::ready(&output, Direction::Write, Some(Duration::ZERO))
            .is_ok_and(|woken| woken == Woken::Ready)
        && output.lock().flush().is_ok()
}

/// Whether what is printed goes to `/dev/null`: then no fork and no child looks after it. A child that
/// gives itself another standard output flushes what it prints there.
static OUTPUT_IS_LOST: AtomicBool = AtomicBool::new(false);

/// Looks what standard output is, for the forks to come; `shared` tells whether children have the same.
pub(crate) fn look_at_output(shared: bool) {
    let same = |null: BorrowedFd<'_>| {
        let (output, null) = (fstat(io::stdout())?, fstat(null)?);
        Ok(output.st_rdev == null.st_rdev && output.st_mode == null.st_mode)
    };
    let is_null = shared && ends::with_null(same).unwrap_or(false);
    OUTPUT_IS_LOST.store(is_null, Relaxed);
}

/// The life of a child; `printed` tells whether what it prints is all its own.
fn leave(body: impl FnOnce() -> i32, printed: bool) -> ! {
    // A panic must not unwind into the parent's frames, which this process has copies of.
    let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Dropping it would run somebody's code, which may panic again.
        std::mem::forget(payload);
        PANICKED
    });
    if printed {
        print();
    }
    exit_now(code)
}

/// Leaves without running anything that the parent registered or still holds: no exit handlers, no
/// destructors, no flush of buffers that it filled.
#[inline]
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// Whether this is the thread that the process has begun with.
pub(crate) fn is_first_thread() -> bool {
    unistd::gettid() == this()
}

/// How many threads this process has, where there are more than one; 0 where there is no `/proc` to count
/// them by.
pub(crate) fn threads() -> Option<usize> {
    if single_threaded_says_libc() {
        return None;
    }
    match std::fs::read_dir("/proc/self/task") {
        Ok(tasks) => Some(tasks.count()).filter(|count| *count > 1),
        Err(_) => has_threads_says_kernel().then_some(0),
    }
}

/// It refuses to part the calling thread from others, and parts it from none gladly.
fn has_threads_says_kernel() -> bool {
    // SAFETY: where there are no others it does nothing, and else it fails.
    let outcome = unsafe { libc::unshare(libc::CLONE_THREAD) };
    Errno::result(outcome) == Err(Errno::EINVAL)
}

#[cfg(target_env = "gnu")]
fn single_threaded_says_libc() -> bool {
    unsafe extern "C" {
        /// Not zero while glibc knows that there is one thread.
        safe static __libc_single_threaded: AtomicI8;
    }
    __libc_single_threaded.load(Relaxed) != 0
}

#[cfg(not(target_env = "gnu"))]
fn single_threaded_says_libc() -> bool {
    false
}

/// Asks the kernel to send `signal` to this process when its parent dies, and tells whether
/// `parent` is still there: it may have died before the kernel was asked.
pub(crate) fn follow_parent(parent: Pid, signal: Signal) -> io::Result<bool> {
    ask_for_parents_end(signal)?;
    Ok(self::parent() == parent)
}

/// Asks the kernel to send `signal` to this process when its parent dies, which it may have done before.
#[inline]
pub(crate) fn ask_for_parents_end(signal: Signal) -> io::Result<()> {
    // By the function that closes ranges: a child that is forked for one connection has each page of libc that it
    // comes to mapped anew, and is on that one already.
    // SAFETY: it changes nothing but which signal that is.
    let outcome =
        unsafe { libc::syscall(libc::SYS_prctl, libc::PR_SET_PDEATHSIG, signal as libc::c_ulong) };
    Ok(Errno::result(outcome).map(drop)?)
}

/// Takes that back.
pub(crate) fn forget_parents_end() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(None)?)
}

/// Signals a child that was not waited for yet: its number cannot belong to anybody else.
pub(crate) fn kill(child: Pid, signal: Signal) -> io::Result<()> {
    // 0 and negative numbers are groups, and 1 is nobody's child.
    if child.as_raw() < 2 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Somebody else may have waited for it, and its number be another's.
    let number = libc::id_t::try_from(child.as_raw()).map_err(io::Error::other)?;
    wait(libc::P_PID, number, libc::WNOWAIT).map_err(|_| Errno::ESRCH)?;
    Ok(signal::kill(child, signal)?)
}

/// Whether that is a child of this process that nobody has waited for.
pub(crate) fn is_child(pid: Pid) -> bool {
    let number = libc::id_t::try_from(pid.as_raw()).ok().filter(|number| *number > 1);
    number.is_some_and(|number| wait(libc::P_PID, number, libc::WNOWAIT).is_ok())
}

/// The same for all of the group of a child that leads one, and was not waited for yet.
pub(crate) fn kill_group(leader: Pid) -> io::Result<()> {
    if !is_child(leader) || unistd::getpgid(Some(leader))? != leader {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(signal::killpg(leader, Signal::SIGKILL)?)
}

/// Leads a group of its own from here on.
pub(crate) fn begin_group() -> io::Result<()> {
    Ok(unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0))?)
}

/// Has the kernel let this process write no more than that into any file.
pub(crate) fn write_at_most(bytes: u64) -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_FSIZE)?;
    Ok(setrlimit(Resource::RLIMIT_FSIZE, bytes.min(most), most)?)
}

/// Collects a child that has ended; `None` while it lives.
pub(crate) fn reap(child: Pid) -> io::Result<Option<End>> {
    let number = libc::id_t::try_from(child.as_raw()).map_err(io::Error::other)?;
    match wait(libc::P_PID, number, 0) {
        Ok(found) => Ok(found.map(|(_, end)| end)),
        Err(Errno::ECHILD) => Ok(Some(End::Unknown)),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits for a child that was killed, and collects it.
pub(crate) fn wait_for(child: Pid) -> io::Result<End> {
    loop {
        if let Some(end) = reap(child)? {
            return Ok(end);
        }
        poll::pause(Duration::from_millis(1))?;
    }
}

/// Whether a child has ended, or somebody else has waited for it. It is not collected.
pub(crate) fn has_ended(child: Pid) -> bool {
    let number = libc::id_t::try_from(child.as_raw()).unwrap_or_default();
    wait(libc::P_PID, number, libc::WNOWAIT).map_or(true, |found| found.is_some())
}

/// Some child of this process that has ended, without collecting it: it may be a stranger, which
/// somebody else in this process waits for.
pub(crate) fn peek() -> io::Result<Option<Pid>> {
    match wait(libc::P_ALL, 0, libc::WNOWAIT) {
        Ok(found) => Ok(found.map(|(pid, _)| pid)),
        Err(Errno::ECHILD) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Every child of this process that has ended and was not collected, whoever started it.
pub(crate) fn zombies() -> io::Result<Vec<Pid>> {
    let this = this().as_raw();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // One that ends while it is looked at is gone, and none of ours.
        let Ok(stat) = std::fs::read(format!("/proc/{pid}/stat")) else { continue };
        let stat = String::from_utf8_lossy(&stat);
        // The name of its program, which may be anything, stands in parentheses before these.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let (state, parent) = (fields.next(), fields.next());
        if state == Some("Z") && parent.and_then(|parent| parent.parse().ok()) == Some(this) {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}

/// One `waitid(2)` that does not wait, and so is not interrupted. Not by way of nix, which errs on a
/// child that a real-time signal has ended.
fn wait(kind: libc::idtype_t, number: libc::id_t, flags: i32) -> nix::Result<Option<(Pid, End)>> {
    let mut found = MaybeUninit::<libc::siginfo_t>::zeroed();
    let flags = libc::WEXITED | libc::WNOHANG | flags;
    // SAFETY: the third argument is room for what is found.
    Errno::result(unsafe { libc::waitid(kind, number, found.as_mut_ptr(), flags) })?;
    // SAFETY: all zeroes are valid for it, and stay where nobody was found.
    let found = unsafe { found.assume_init() };
    // SAFETY: the call fills these fields, or leaves zeroes.
    let pid = unsafe { found.si_pid() };
    // SAFETY: as above.
    let status = unsafe { found.si_status() };
    let by_code = found.si_code == libc::CLD_EXITED;
    let end = if by_code { End::Code(status) } else { End::Signal(status) };
    Ok((pid != 0).then_some((Pid::from_raw(pid), end)))
}

/// The name of a signal, or its number where it has none.
pub(crate) fn signal_name(number: i32) -> String {
    Signal::try_from(number)
        .map_or_else(|_| format!("signal {number}"), |signal| signal.to_string())
}
