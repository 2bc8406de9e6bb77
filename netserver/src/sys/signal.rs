//! Signals: one handler for every process of a server, how far a stop has gone there, and the
//! descriptors that the handler replaces so that a blocked call ends at once.
//!
//! The handler stores to atomics and makes a few calls that a handler may make (`dup3`, `connect`,
//! `setsockopt`, `shutdown`, `alarm`, `signal`, `tgkill`, `_exit`); it takes no lock and allocates
//! nothing. It works in the thread that serves: where the kernel chose another one it sends the signal
//! on, so that a wait is always ended.
//!
//! A worker that waits for a connection is woken by replacing every descriptor that it waits on by one
//! that is good for nothing: accept fails at once, whether it was entered or not, and that costs a worker
//! no further system call. Its listeners are gone with it, so that no client waits for a process that
//! takes no more. A parent is woken by one byte in a pipe.
//!
//! Signals are open everywhere. A child that was forked just now, and has no role yet, has the handler
//! of its parent: whatever reaches it is taken as its own.

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use nix::unistd;

pub(crate) use nix::sys::signal::Signal;

use super::noted::Noted;
use super::process::{FORKING, Pid};
use super::{descriptor, mask, memory, process};
use crate::stop::{Event, Role, Stage, Timing};

/// The process in which a server runs; a copy of it is another one.
static TAKEN: AtomicI32 = AtomicI32::new(0);
/// Whether a hook of the parent runs.
static IN_HOOK: AtomicBool = AtomicBool::new(false);
static ROLE: AtomicU8 = AtomicU8::new(Role::Starting as u8);
static STAGE: AtomicU8 = AtomicU8::new(Stage::Serving as u8);
/// A child's parent.
static PARENT: AtomicI32 = AtomicI32::new(0);
/// Whether this is a child that has not asked yet to be told of its parent's death.
static FOLLOWS_LATE: AtomicBool = AtomicBool::new(false);
/// The thread that serves; 0 stands for the first of its process, which it is in every child.
static THREAD: AtomicI32 = AtomicI32::new(0);
/// Whether the ends of children are told by a signal.
static HEARING: AtomicBool = AtomicBool::new(false);
/// What a parent is to do beside its stop: children more or less, and all of them anew.
static RESIZE: AtomicI32 = AtomicI32::new(0);
static RENEW: AtomicBool = AtomicBool::new(false);
/// Whether the parent was woken, and has not looked yet.
static WOKEN: AtomicBool = AtomicBool::new(false);
/// Whether a stop of this process is timed by its own alarm.
static TIMED: AtomicBool = AtomicBool::new(false);
/// Descriptors that the handler knows. `NULL` is `/dev/null`; `NOTHING` is the same
/// opened for nothing at all, on which every call fails.
static NULL: Noted = Noted::none();
static NOTHING: Noted = Noted::none();
/// The end of a pipe that wakes the parent.
static WAKE: Noted = Noted::none();
static SERVING: Noted = Noted::none();
/// What a stop ends; null stands for nothing.
static WAITING: AtomicPtr<Vec<RawFd>> = AtomicPtr::new(ptr::null_mut());
/// Whole seconds of a [`Timing`].
static GRACEFUL: AtomicU32 = AtomicU32::new(0);
static QUICK: AtomicU32 = AtomicU32::new(0);

/// Every signal that a server ever handles or ignores.
const HANDLED: [Signal; 10] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGCHLD,
    Signal::SIGALRM,
    Signal::SIGPIPE,
];

/// The handler is installed. When this goes, signals are as they were before: the program may have
/// more to do after its server.
pub(crate) struct Installed {
    before: Vec<(Signal, libc::sigaction)>,
    mask: SigSet,
    /// What [`NULL`] and [`NOTHING`] name.
    _null: OwnedFd,
    _nothing: OwnedFd,
    _taken: Taken,
}

/// Installs the handler in this process, whose calling thread is to serve: from here on no signal
/// ends it unseen. What whoever started it had blocked is open.
///
/// # Errors
/// What the kernel says, which it does only of arguments that are not used here; and where
/// `/dev/null` cannot be opened; and where a server runs in this process already: a process has one
/// set of signals.
pub(crate) fn install() -> io::Result<Installed> {
    let taken = Taken::new()?;
    let (null, nothing) = (descriptor::null()?, descriptor::nothing()?);
    NULL.note(null.as_fd());
    NOTHING.note(nothing.as_fd());
    memory::mark_this_process()?;
    THREAD.store(unistd::gettid().as_raw(), SeqCst);
    ROLE.store(Role::Starting as u8, SeqCst);
    STAGE.store(Stage::Serving as u8, SeqCst);
    RESIZE.store(0, SeqCst);
    RENEW.store(false, SeqCst);
    TIMED.store(false, SeqCst);
    let before = HANDLED.map(|signal| action_of(signal).map(|action| (signal, action)));
    let before = before.into_iter().collect::<io::Result<_>>()?;
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        handle(signal, true)?;
    }
    // They mean something to a parent at most, and must end nobody before there is one.
    for signal in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGTTIN, Signal::SIGTTOU] {
        handle(signal, true)?;
    }
    handle(Signal::SIGALRM, true)?;
    // Children could not be waited for if whoever started this process had it ignored.
    handle(Signal::SIGCHLD, false)?;
    let mask = mask::change(&SigSet::empty());
    Ok(Installed { before, mask, _null: null, _nothing: nothing, _taken: taken })
}

/// The one server of a process.
struct Taken;

impl Taken {
    fn new() -> io::Result<Self> {
        let this = process::this().as_raw();
        if TAKEN.swap(this, SeqCst) == this {
            return Err(io::Error::other("a server runs in this process already"));
        }
        Ok(Self)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        TAKEN.store(0, SeqCst);
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // One that came now would be handled by halves.
        mask::change(&SigSet::all());
        for (signal, before) in &self.before {
            // SAFETY: what the kernel handed out it takes back. It fails only on a signal that does
            // not exist.
            unsafe { libc::sigaction(*signal as i32, before, ptr::null_mut()) };
        }
        end_timing();
        NULL.forget();
        NOTHING.forget();
        HEARING.store(false, SeqCst);
        mask::change(&self.mask);
    }
}

/// Takes the role of a parent, which children of it inherit what they need of: the handler, and the
/// times of a stop. What was remembered while it started holds. `wake` is written to by whatever the
/// parent has to know of, until [`deaf`].
pub(crate) fn become_parent(timing: Timing, wake: BorrowedFd<'_>) {
    set_timing(timing);
    WAKE.note(wake);
    WOKEN.store(false, SeqCst);
    ROLE.store(Role::Parent as u8, SeqCst);
}

/// Nobody waits at the other end of the pipe any more.
pub(crate) fn deaf() {
    WAKE.forget();
}

/// Has the ends of children wake the parent, or not: while there is always somebody to serve it looks
/// for them anyway, and no child's end costs it a signal.
pub(crate) fn hear_children(heard: bool) -> io::Result<()> {
    if HEARING.load(SeqCst) != heard {
        handle(Signal::SIGCHLD, heard)?;
        HEARING.store(heard, SeqCst);
    }
    Ok(())
}

/// The parent is about to look at everything that may have woken it.
pub(crate) fn looks() {
    WOKEN.store(false, SeqCst);
}

/// By how many more children, or less, the parent is to serve, since it was last asked.
pub(crate) fn take_resize() -> i32 {
    RESIZE.swap(0, SeqCst)
}

/// Whether every child is to be renewed, since it was last asked.
pub(crate) fn take_renew() -> bool {
    RENEW.swap(false, SeqCst)
}

/// Takes the role of a child that `parent` has just forked. A stop that has reached it since then
/// holds. It makes no system call while nobody listens for the ends of children, as one that is
/// forked for each connection pays for each.
#[inline]
pub(crate) fn become_child(parent: Pid) -> io::Result<()> {
    PARENT.store(parent.as_raw(), SeqCst);
    FOLLOWS_LATE.store(true, SeqCst);
    SERVING.forget();
    WAITING.store(ptr::null_mut(), SeqCst);
    WAKE.forget();
    THREAD.store(0, SeqCst);
    IN_HOOK.store(false, SeqCst);
    ROLE.store(Role::Child as u8, SeqCst);
    memory::claim_mark();
    FORKING.store(false, SeqCst);
    // A child's own children belong to whoever started them.
    hear_children(false)
}

/// Takes the role of a process that serves alone. What was remembered while it started ends it as
/// soon as it would accept.
pub(crate) fn become_alone(timing: Timing) {
    set_timing(timing);
    ROLE.store(Role::Alone as u8, SeqCst);
}

fn set_timing(timing: Timing) {
    GRACEFUL.store(seconds(timing.graceful), SeqCst);
    QUICK.store(seconds(timing.quick), SeqCst);
}

/// Whether this is a child that has just been forked, and has not taken its role yet.
fn is_newborn() -> bool {
    FORKING.load(SeqCst) && memory::is_copy()
}

fn role() -> Role {
    const ROLES: [Role; 4] = [Role::Starting, Role::Parent, Role::Alone, Role::Child];
    if is_newborn() {
        return Role::Child;
    }
    let number = ROLE.load(SeqCst);
    ROLES.into_iter().find(|role| *role as u8 == number).unwrap_or(Role::Starting)
}

/// Has this process handle a signal, or do what it does by default.
fn handle(signal: Signal, by_us: bool) -> io::Result<()> {
    let flags = SaFlags::SA_RESTART | SaFlags::SA_ONSTACK | SaFlags::SA_SIGINFO;
    let handler = if by_us { SigHandler::SigAction(on_signal) } else { SigHandler::SigDfl };
    let action = SigAction::new(handler, flags, SigSet::all());
    // SAFETY: the handler only does what a handler may, as the head of this file says.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// What a signal does now.
fn action_of(signal: Signal) -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::zeroed();
    // SAFETY: nothing is changed, and the third argument is room for what there is.
    let result = unsafe { libc::sigaction(signal as i32, ptr::null(), action.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: the call has filled it.
    Ok(unsafe { action.assume_init() })
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

extern "C" fn on_signal(
    number: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // The interrupted code may be about to look at it.
    let errno = Errno::last();
    // SAFETY: the kernel hands out what it knows of the signal, for as long as it is handled.
    let code = unsafe { info.as_ref() }.map_or(0, |info| info.si_code);
    if is_newborn() {
        handle_here(number, code);
    } else if memory::is_copy() {
        do_by_default(number);
    } else if !sent_on(number) {
        handle_here(number, code);
    }
    errno.set();
}

fn handle_here(number: libc::c_int, code: libc::c_int) {
    let role = role();
    match number {
        // A queued signal is one that a child has sent, which asks for a stop and for no more.
        libc::SIGTERM if code == libc::SI_QUEUE => advance(Event::Asked),
        libc::SIGTERM | libc::SIGQUIT => advance(Event::Graceful),
        libc::SIGINT => advance(Event::Quick),
        // Somebody else's, unless it is the alarm that times a stop.
        libc::SIGALRM if code == libc::SI_KERNEL && TIMED.load(SeqCst) => advance(Event::TimeOver),
        libc::SIGHUP if role == Role::Child => advance(Event::Graceful),
        libc::SIGHUP if role == Role::Parent => {
            RENEW.store(true, SeqCst);
            wake();
        }
        libc::SIGTTIN | libc::SIGTTOU if role == Role::Parent => {
            let by = if number == libc::SIGTTIN { 1 } else { -1 };
            RESIZE.fetch_add(by, SeqCst);
            wake();
        }
        libc::SIGCHLD if role == Role::Parent => wake(),
        // It must not end the process, and there is nothing else to it.
        _ => {}
    }
}

/// Wakes the parent, once until it looks.
fn wake() {
    let pipe = WAKE.number();
    if pipe >= 0 && !WOKEN.swap(true, SeqCst) {
        // SAFETY: the byte lives in this frame. A full pipe has woken it already.
        unsafe { libc::write(pipe, b"!".as_ptr().cast(), 1) };
    }
}

/// This process is a copy that somebody's code has forked from a server: it has the handler, and
/// nothing that the handler is for.
fn do_by_default(number: libc::c_int) {
    // SAFETY: a signal that was just handled exists.
    unsafe { libc::signal(number, libc::SIG_DFL) };
    // SAFETY: as above; it comes once the handler has returned.
    unsafe { libc::raise(number) };
}

/// Sends a signal on to the thread that serves, where this is another one.
fn sent_on(number: libc::c_int) -> bool {
    let (process, thread) = (process::this().as_raw(), THREAD.load(SeqCst));
    let thread = if thread == 0 { process } else { thread };
    if unistd::gettid().as_raw() == thread {
        return false;
    }
    // SAFETY: plain numbers; a thread that is no more is an error and nothing else.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, number) };
    true
}

/// How far the stop goes on, and what that ends at once.
fn advance(event: Event) {
    let role = role();
    let before = stage();
    let now = before.after(role, event);
    STAGE.store(now as u8, SeqCst);
    // A parent sees to the rest itself, unless a hook of it has hung for all stages of a stop: then
    // its children learn from its death.
    let parent_hangs = before == Stage::Kill && IN_HOOK.load(SeqCst);
    if role == Role::Parent && !parent_hangs {
        wake();
        return;
    }
    if now == Stage::Kill {
        process::exit_now(1);
    }
    end_waiting();
    if now == Stage::Quick {
        cut(SERVING.number());
    }
    // A child whose parent is gone has nobody else to see that it ends.
    let newborn = is_newborn();
    let orphan =
        || role == Role::Child && !newborn && process::parent().as_raw() != PARENT.load(SeqCst);
    let to_time = now != before || !TIMED.load(SeqCst);
    if to_time && (role == Role::Alone || orphan()) {
        time(now);
    }
}

/// Has the next step follow when the time of `stage` is over.
fn time(stage: Stage) {
    TIMED.store(true, SeqCst);
    let seconds = if stage == Stage::Quick { &QUICK } else { &GRACEFUL };
    match seconds.load(SeqCst) {
        // No time at all: the next step at once.
        0 => advance(Event::TimeOver),
        // SAFETY: `alarm` has no precondition.
        seconds => drop(unsafe { libc::alarm(seconds) }),
    }
}

/// Ends every wait for a connection, for good.
fn end_waiting() {
    let known = WAITING.load(SeqCst);
    // SAFETY: it is null, or what a `Waiting` of this thread has borrowed, which puts another one here
    // before it goes.
    let known = unsafe { known.as_ref() };
    let nothing = NOTHING.number();
    known.into_iter().flatten().for_each(|descriptor| put_over(nothing, *descriptor));
}

/// Replaces a descriptor by another: whoever is blocked on it is interrupted by this very signal,
/// whoever comes later meets what the other one is.
fn put_over(other: RawFd, descriptor: RawFd) {
    if other >= 0 && descriptor >= 0 {
        // SAFETY: both are open descriptors of this process, as whoever made the second known holds
        // it for as long. It closes the replacement as it would have closed the original.
        unsafe { libc::dup3(other, descriptor, libc::O_CLOEXEC) };
    }
}

/// Ends a connection for whoever reads or writes it, in other threads and processes too: with a
/// reset where that can be had, as half a reply must not look like a whole one.
fn cut(descriptor: RawFd) {
    if descriptor < 0 {
        return;
    }
    // An address of the family AF_UNSPEC, which is 0: connecting to it ends what is connected.
    let nowhere = [0_u16; 8];
    // SAFETY: the address lives in this frame and is 16 bytes, which the kernel copies.
    let result = unsafe { libc::connect(descriptor, nowhere.as_ptr().cast(), 16) };
    if result != 0 {
        // Somebody else waits for it: its end is a reset once all have let go of it.
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // SAFETY: the value lives in this frame and is 8 bytes, which the kernel copies.
        unsafe {
            libc::setsockopt(
                descriptor,
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const at_once).cast(),
                8,
            )
        };
        // SAFETY: it asks nothing of its caller; on what is no socket it fails.
        unsafe { libc::shutdown(descriptor, libc::SHUT_RDWR) };
    }
    put_over(NULL.number(), descriptor);
}

/// How far the stop of this process has gone.
#[inline]
pub(crate) fn stage() -> Stage {
    Stage::from_number(STAGE.load(SeqCst))
}

/// Whether this process serves under a parent.
pub(crate) fn is_child() -> bool {
    role() == Role::Child
}

/// Tells the server to stop: a child its parent, any other process itself. To ask again changes
/// nothing.
///
/// # Errors
/// Where no server runs in this process: not yet, not any more, or it is a copy.
pub(crate) fn ask_to_stop() -> io::Result<()> {
    let parent = PARENT.load(SeqCst);
    if TAKEN.load(SeqCst) == 0 || memory::is_copy() {
        return Err(io::Error::other("no server runs in this process"));
    }
    if !is_child() {
        go_on(Event::Asked);
        return Ok(());
    }
    if process::parent().as_raw() == parent {
        let nothing = libc::sigval { sival_ptr: ptr::null_mut() };
        // SAFETY: plain numbers; the parent was there a moment ago.
        Errno::result(unsafe { libc::sigqueue(parent, libc::SIGTERM, nothing) })?;
    }
    // Else it is gone, and the kernel has told this process.
    Ok(())
}

/// While it lives, a hook of the parent runs.
#[derive(Debug)]
pub(crate) struct InHook(());

impl InHook {
    pub(crate) fn new() -> Self {
        IN_HOOK.store(true, SeqCst);
        Self(())
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        IN_HOOK.store(false, SeqCst);
    }
}

/// Has the death of the parent of this child stop it as the parent would have, after its request. A child
/// that changes who it is has to ask for it anew.
pub(crate) fn follow_parent() -> io::Result<()> {
    FOLLOWS_LATE.store(false, SeqCst);
    let parent = Pid::from_raw(PARENT.load(SeqCst));
    if !process::follow_parent(parent, Signal::SIGTERM)? {
        go_on(Event::Graceful);
    }
    Ok(())
}

/// A request goes on: a child that has not asked for the death of its parent yet does so now. Those that
/// serve one short request never pay for it.
#[inline]
pub(crate) fn goes_on() {
    if FOLLOWS_LATE.load(SeqCst) {
        follow_late();
    }
}

#[cold]
fn follow_late() {
    // The kernel takes every signal that has a number.
    let _ = follow_parent();
}

/// Has a child whose parent is gone stop as the parent would have told it. The kernel tells it of that at
/// once, unless it has changed its user since it asked to be told.
pub(crate) fn look_for_parent() {
    if is_child() && process::parent().as_raw() != PARENT.load(SeqCst) {
        go_on(Event::Graceful);
    }
}

/// Has the stop of this process go on.
pub(crate) fn go_on(event: Event) {
    let _blocked = mask::Blocked::all();
    advance(event);
}

/// Has a write to a stream that its reader has closed be an error, and not the end of the process.
pub(crate) fn ignore_pipe() -> io::Result<()> {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGPIPE, &action) }?;
    Ok(())
}

/// Descriptors that `'a` keeps open, for the handler to know.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    descriptors: Vec<RawFd>,
    lent: PhantomData<BorrowedFd<'a>>,
}

impl<'a> Known<'a> {
    #[inline]
    pub(crate) fn new(descriptors: impl IntoIterator<Item = BorrowedFd<'a>>) -> Self {
        let descriptors = descriptors.into_iter().map(|descriptor| descriptor.as_raw_fd());
        Self { descriptors: descriptors.collect(), lent: PhantomData }
    }
}

/// While it lives, a stop takes these descriptors away, and not those it would have
/// otherwise: their turn comes, if a stop has begun, when this goes. It must not be forgotten.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    before: *mut Vec<RawFd>,
    known: PhantomData<&'a Known<'a>>,
}

impl<'a> Waiting<'a> {
    /// From here on; at once where the stop has begun.
    #[inline]
    pub(crate) fn on(known: &'a Known<'a>) -> Self {
        let before = WAITING.swap((&raw const known.descriptors).cast_mut(), SeqCst);
        end_waiting_if_stopped();
        Self { before, known: PhantomData }
    }
}

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        WAITING.store(self.before, SeqCst);
        end_waiting_if_stopped();
    }
}

#[inline]
fn end_waiting_if_stopped() {
    if stage() != Stage::Serving {
        end_waiting();
    }
}

/// While it lives, a quick stop cuts a stream and puts `/dev/null` over it. It must go before the
/// stream is closed.
#[derive(Debug)]
pub(crate) struct Cuttable(());

impl Cuttable {
    /// Makes `stream` known, and cuts it at once where a quick stop has begun.
    #[inline]
    pub(crate) fn new(stream: BorrowedFd<'_>) -> Self {
        SERVING.note(stream);
        if stage() >= Stage::Quick {
            cut(stream.as_raw_fd());
        }
        Self(())
    }
}

impl Drop for Cuttable {
    #[inline]
    fn drop(&mut self) {
        SERVING.forget();
    }
}

/// Ends the timing of a stop: what comes now is not a request any more.
pub(crate) fn end_timing() {
    TIMED.store(false, SeqCst);
    unistd::alarm::cancel();
}
