//! Signals: one handler for every process of a server, the flags it sets, and the descriptors it
//! replaces so that a blocked call ends at once.
//!
//! The handler stores to atomics and makes a few calls that a handler may make (`dup3`, `write`,
//! `alarm`, `_exit`); it takes no lock and allocates nothing. What a process wants of it is its
//! [`Role`].
//!
//! A worker that is blocked in accept is woken by putting `/dev/null` over its accept descriptor:
//! accept fails at once, whether it was entered or not, and that costs a worker no further system
//! call. One that waits for several descriptors has an event counter among them instead.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, sigaction, sigprocmask,
};

pub(crate) use nix::sys::signal::Signal;

use super::descriptor;

/// What a process does with signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Is on its way to serve: a signal to stop is remembered for then, a second one ends the
    /// process, as whatever it waits for may never come.
    Starting,
    /// Manages children: every signal becomes a flag, looked at between waits.
    Parent,
    /// Serves under a parent, which times its stop: TERM, QUIT and HUP end it after the request in
    /// progress, however often they come (a service manager sends TERM to all processes and the
    /// parent does so again); INT cuts the request.
    Child,
    /// Serves alone and times its own stop: TERM and QUIT as in a child, a second signal or the
    /// end of its time cuts the request, a third ends the process.
    Alone,
}

/// How far a stop has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    /// It serves.
    Serving,
    /// No new connections; the one in progress is finished.
    Graceful,
    /// The connection in progress is cut.
    Quick,
}

/// The step after the last [`Stage`]: the process ends.
const BEYOND: u8 = Stage::Quick as u8 + 1;

static ROLE: AtomicU8 = AtomicU8::new(Role::Starting as u8);
static STAGE: AtomicU8 = AtomicU8::new(Stage::Serving as u8);
/// Signals that came, as bits.
static PENDING: AtomicU32 = AtomicU32::new(0);
/// Descriptors that the handler knows; -1 stands for none.
static NULL: AtomicI32 = AtomicI32::new(-1);
static ACCEPTING: AtomicI32 = AtomicI32::new(-1);
static WAKING: AtomicI32 = AtomicI32::new(-1);
static SERVING: AtomicI32 = AtomicI32::new(-1);
/// Whole seconds of [`Timing`].
static GRACE: AtomicU32 = AtomicU32::new(0);
static CUT: AtomicU32 = AtomicU32::new(0);

/// How long a process that serves alone takes for each step of its stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// For the request in progress to finish.
    pub(crate) graceful: Duration,
    /// For a request that was cut to return.
    pub(crate) quick: Duration,
}

/// Installs the handler in this process, which is to serve: from here on no signal ends it unseen.
///
/// # Errors
/// What the kernel says, which it does only of arguments that are not used here; and where
/// `/dev/null` cannot be opened.
pub(crate) fn install() -> io::Result<()> {
    // Kept for the life of the process: the handler may need it at any time.
    NULL.store(leak(descriptor::null()?), SeqCst);
    ROLE.store(Role::Starting as u8, SeqCst);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        handle(signal, true)?;
    }
    Ok(())
}

/// Takes the role of a parent. What was remembered while it started is among its flags.
pub(crate) fn become_parent() -> io::Result<()> {
    ROLE.store(Role::Parent as u8, SeqCst);
    handle(Signal::SIGCHLD, true)
}

/// Takes the role of a child that was just forked, with all signals blocked: nothing that came to
/// its parent is left, and no descriptor of its parent's.
pub(crate) fn become_child() -> io::Result<()> {
    for known in [&ACCEPTING, &WAKING, &SERVING] {
        known.store(-1, SeqCst);
    }
    PENDING.store(0, SeqCst);
    STAGE.store(Stage::Serving as u8, SeqCst);
    ROLE.store(Role::Child as u8, SeqCst);
    // A child's own children belong to whoever started them.
    handle(Signal::SIGCHLD, false)?;
    handle(Signal::SIGHUP, true)
}

/// Takes the role of a process that serves alone. What was remembered while it started ends it as
/// soon as it would accept.
pub(crate) fn become_alone(timing: Timing) -> io::Result<()> {
    GRACE.store(seconds(timing.graceful), SeqCst);
    CUT.store(seconds(timing.quick).max(1), SeqCst);
    ROLE.store(Role::Alone as u8, SeqCst);
    handle(Signal::SIGALRM, true)
}

/// Has this process handle a signal, or do what it does by default.
fn handle(signal: Signal, by_us: bool) -> io::Result<()> {
    let handler = if by_us { SigHandler::Handler(on_signal) } else { SigHandler::SigDfl };
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::all());
    // SAFETY: the handler only does what a handler may, as the head of this file says.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

fn leak(descriptor: OwnedFd) -> RawFd {
    std::os::fd::IntoRawFd::into_raw_fd(descriptor)
}

extern "C" fn on_signal(number: libc::c_int) {
    // The interrupted code may be about to look at it.
    let errno = Errno::last();
    PENDING.fetch_or(1 << number, SeqCst);
    if ROLE.load(SeqCst) != Role::Parent as u8 {
        advance(number);
    }
    errno.set();
}

/// The part of the handler for all but a parent: how far the stop goes, and what that ends at once.
fn advance(number: libc::c_int) {
    let before = STAGE.load(SeqCst);
    let role = ROLE.load(SeqCst);
    let now = before.max(match number {
        _ if role == Role::Starting as u8 && before > 0 => BEYOND,
        libc::SIGINT if role == Role::Alone as u8 && before >= Stage::Quick as u8 => BEYOND,
        libc::SIGINT => Stage::Quick as u8,
        _ if role == Role::Alone as u8 => before + 1,
        _ => Stage::Graceful as u8,
    });
    STAGE.store(now, SeqCst);
    if now >= BEYOND {
        super::process::exit_now(1);
    }
    put_null_over(&ACCEPTING);
    write_to(&WAKING);
    if now == Stage::Quick as u8 {
        put_null_over(&SERVING);
    }
    if role == Role::Alone as u8 {
        let next = if now == Stage::Quick as u8 { &CUT } else { &GRACE };
        match next.load(SeqCst) {
            // No time at all: the next step at once.
            0 => advance(libc::SIGALRM),
            // SAFETY: `alarm` has no precondition.
            time => drop(unsafe { libc::alarm(time) }),
        }
    }
}

/// Makes an event counter readable.
fn write_to(known: &AtomicI32) {
    let counter = known.load(SeqCst);
    if counter >= 0 {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the bytes live in this frame. The counter cannot be full, and if it were it would
        // be readable, which is all that is wanted.
        unsafe { libc::write(counter, one.as_ptr().cast(), one.len()) };
    }
}

/// Replaces a descriptor by `/dev/null`: whoever is blocked on it is interrupted by this very
/// signal, whoever comes later meets the end of a file, or an error for accept.
fn put_null_over(known: &AtomicI32) {
    let (null, descriptor) = (NULL.load(SeqCst), known.load(SeqCst));
    if null >= 0 && descriptor >= 0 {
        // SAFETY: both are open descriptors of this process: `known` is set only while its owner
        // holds it. The owner closes the replacement as it would have closed the original.
        unsafe { libc::dup3(null, descriptor, libc::O_CLOEXEC) };
    }
}

/// How far the stop of this process has gone.
pub(crate) fn stage() -> Stage {
    match STAGE.load(SeqCst) {
        0 => Stage::Serving,
        1 => Stage::Graceful,
        _ => Stage::Quick,
    }
}

/// Takes the flag of a signal that came.
pub(crate) fn take(signal: Signal) -> bool {
    let bit = 1 << signal as u32;
    PENDING.fetch_and(!bit, SeqCst) & bit != 0
}

/// Lets the handler put `/dev/null` over `listener`, on which this process accepts.
pub(crate) fn end_accept_of(listener: BorrowedFd<'_>) {
    ACCEPTING.store(listener.as_raw_fd(), SeqCst);
}

/// Lets the handler write to `counter`, on which this process waits among others.
pub(crate) fn wake(counter: BorrowedFd<'_>) {
    WAKING.store(counter.as_raw_fd(), SeqCst);
}

/// Lets a quick stop put `/dev/null` over `stream` for as long as the guard lives. The guard must
/// go before the stream is closed.
pub(crate) fn cut_at_quick_stop(stream: BorrowedFd<'_>) -> Cuttable {
    SERVING.store(stream.as_raw_fd(), SeqCst);
    Cuttable(())
}

/// While it lives, a quick stop cuts the stream it was made for.
#[derive(Debug)]
pub(crate) struct Cuttable(());

impl Drop for Cuttable {
    fn drop(&mut self) {
        SERVING.store(-1, SeqCst);
    }
}

/// While it lives, signals are blocked; then they are as they were before.
#[derive(Debug)]
pub(crate) struct Blocked(SigSet);

impl Blocked {
    /// Blocks every signal.
    pub(crate) fn all() -> Self {
        Self(change(SigmaskHow::SIG_SETMASK, &SigSet::all()))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        change(SigmaskHow::SIG_SETMASK, &self.0);
    }
}

/// While it lives, no signal is blocked; then they are as they were before.
#[derive(Debug)]
pub(crate) struct Open(SigSet);

impl Open {
    /// Unblocks every signal.
    pub(crate) fn all() -> Self {
        Self(change(SigmaskHow::SIG_SETMASK, &SigSet::empty()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        change(SigmaskHow::SIG_SETMASK, &self.0);
    }
}

/// Ends the timing of a stop: what comes now is not a request any more.
pub(crate) fn end_timing() {
    nix::unistd::alarm::cancel();
}

/// Unblocks every signal for good.
pub(crate) fn open_all() {
    change(SigmaskHow::SIG_SETMASK, &SigSet::empty());
}

/// Changes the mask and hands back the one before.
fn change(how: SigmaskHow, set: &SigSet) -> SigSet {
    let mut before = SigSet::empty();
    // It fails only on a `how` that does not exist.
    let _ = sigprocmask(how, Some(set), Some(&mut before));
    before
}
