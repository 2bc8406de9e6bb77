//! Signals: one handler for every process of a server, and how far a stop has gone there.
//!
//! The handler stores to atomics and makes a few calls that a handler may make (`dup3`, `connect`,
//! `setsockopt`, `shutdown`, `alarm`, `signal`, `rt_tgsigqueueinfo`, `_exit`); it takes no lock and allocates
//! nothing. It works in the thread that the server runs in: where the kernel chose another one it sends the
//! signal on, so that a wait is always ended. A worker is woken as [`ends`](super::ends) tells, a parent by
//! one byte in a pipe. Where other threads serve that one sees to them; a signal of its own wakes one of
//! those from a wait, and means nothing else.
//!
//! Signals are open everywhere. A child that was forked just now, and has no role yet, has the handler
//! of its parent: whatever reaches it is taken as its own.

use std::cell::Cell;
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use nix::unistd;

pub(crate) use nix::sys::signal::Signal;

use super::ends::{self, Replacements};
use super::image::{Armed, Image};
use super::origin::Origin;
use super::own::{Own, own};
use super::process::{FORKING, Pid};
use super::{mask, process};
use crate::stop::{Event, Role, Stage, Timing};

/// The process in which a server runs; a copy of it is another one.
static TAKEN: AtomicI32 = AtomicI32::new(0);
/// Milliseconds of a [`Timing`].
static DRAIN: AtomicU32 = AtomicU32::new(0);
/// Whole seconds of it.
static GRACEFUL: AtomicU32 = AtomicU32::new(0);
static QUICK: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Whether the ends of children are told by a signal; for the thread that the server runs in. A child
    /// changes it, and the page that it lies on is its own anyway.
    static HEARING: Cell<bool> = const { Cell::new(false) };
}

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

/// What asks something of a server. By default they end a process; whoever asks one that is ending just
/// then has not asked for that, and its exit code is to tell how the server fared.
const ASKING: [Signal; 2] = [Signal::SIGHUP, Signal::SIGUSR1];

/// The handler is installed. When this goes, signals are as they were before, but for those of [`ASKING`]:
/// the program may have more to do after its server.
pub(crate) struct Installed {
    before: Vec<(Signal, libc::sigaction)>,
    mask: SigSet,
    _replacements: Replacements,
    _taken: Taken,
}

/// Installs the handler in this process, whose calling thread is to serve: from here on no signal
/// ends it unseen. What whoever started it had blocked is open.
///
/// # Errors
/// What the kernel says, which it does only of arguments that are not used here; and where
/// `/dev/null` cannot be opened; and where a server runs in this process already: a process has one
/// set of signals.
pub(crate) fn install(after_restart: bool) -> io::Result<Installed> {
    let taken = Taken::new()?;
    let replacements = Replacements::new().map_err(|err| told(&err, "cannot open /dev/null"))?;
    Own::begin().map_err(|err| told(&err, "no memory that a fork wipes"))?;
    let own = own();
    own.thread.store(unistd::gettid().as_raw(), SeqCst);
    own.set_role(Role::Starting);
    own.set_stage(Stage::Serving);
    own.resize.store(0, SeqCst);
    own.hup.store(false, SeqCst);
    own.called.store(false, SeqCst);
    own.reopen.store(false, SeqCst);
    own.drains.store(false, SeqCst);
    own.timed.store(false, SeqCst);
    let before = HANDLED.map(|signal| action_of(signal).map(|action| (signal, action)));
    let before = before.into_iter().collect::<io::Result<_>>()?;
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGALRM] {
        handle(signal, By::Us)?;
    }
    // They mean something to a parent at most, and must end nobody before there is one.
    for signal in ASKING {
        handle(signal, By::Us)?;
    }
    // A terminal sends them to whoever writes to it from behind, and again where the write is made anew.
    for signal in [Signal::SIGTTIN, Signal::SIGTTOU] {
        handle(signal, By::UsOnce)?;
    }
    // Children could not be waited for if whoever started this process had it ignored.
    handle(Signal::SIGCHLD, By::Default)?;
    let mask = mask::change(&SigSet::empty());
    // A restart has blocked them, and nobody before it.
    let mask = if after_restart { SigSet::empty() } else { mask };
    Ok(Installed { before, mask, _replacements: replacements, _taken: taken })
}

fn told(err: &io::Error, what: &str) -> io::Error {
    io::Error::new(err.kind(), format!("{what}: {err}"))
}

/// From here on this process, which was split from the one that has installed the handler, is where the
/// server runs. What has reached the other one is not known here.
pub(crate) fn move_here() {
    TAKEN.store(process::this().as_raw(), SeqCst);
    let own = own();
    own.thread.store(unistd::gettid().as_raw(), SeqCst);
    own.claim();
}

/// Whether the server runs in this process, which is none of its children and no other copy.
pub(crate) fn is_servers_own() -> bool {
    TAKEN.load(SeqCst) == process::this().as_raw()
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
            if ASKING.contains(signal) && before.sa_sigaction == libc::SIG_DFL {
                // The handler notes them where nobody looks any more.
                continue;
            }
            // SAFETY: what the kernel handed out it takes back. It fails only on a signal that does
            // not exist.
            unsafe { libc::sigaction(*signal as i32, before, ptr::null_mut()) };
        }
        end_timing();
        HEARING.set(false);
        mask::change(&self.mask);
    }
}

/// Takes the role of a parent, which children of it inherit what they need of: the handler, and the
/// times of a stop. What was remembered while it started holds. `wake` is written to by whatever the
/// parent has to know of, until [`deaf`].
pub(crate) fn become_parent(timing: Timing, wake: BorrowedFd<'_>) {
    set_timing(timing);
    own().wake.note(wake);
    own().woken.store(false, SeqCst);
    own().set_role(Role::Parent);
}

/// Nobody waits at the other end of the pipe any more.
pub(crate) fn deaf() {
    own().wake.forget();
}

/// Has the ends of children wake the parent, or not: while there is always somebody to serve it looks
/// for them anyway, and no child's end costs it a signal.
pub(crate) fn hear_children(heard: bool) -> io::Result<()> {
    if HEARING.get() != heard {
        handle(Signal::SIGCHLD, if heard { By::Us } else { By::Default })?;
        HEARING.set(heard);
    }
    Ok(())
}

/// The parent is about to look at everything that may have woken it.
pub(crate) fn looks() {
    own().woken.store(false, SeqCst);
}

/// From here on this process is told by that bell to look for clients that nobody was woken for, until
/// [`ring_no_more`].
pub(crate) fn ring(bell: BorrowedFd<'_>) {
    own().bell.note(bell);
}

pub(crate) fn ring_no_more() {
    own().bell.forget();
}

/// By how many more children, or less, the parent is to serve, since it was last asked.
pub(crate) fn take_resize() -> i32 {
    own().resize.swap(0, SeqCst)
}

/// Whether HUP has come since it was last asked. A stop beats that.
pub(crate) fn take_hup() -> bool {
    own().hup.swap(false, SeqCst) && stage() == Stage::Serving
}

/// One that nobody has looked at comes again, where signals are blocked for the next image of this process: the
/// memory that notes it goes.
pub(crate) fn hand_on_hup() {
    if take_hup() {
        // The kernel does not refuse a process its own signal.
        let _ = nix::sys::signal::kill(process::this(), Signal::SIGHUP);
    }
}

/// What this process becomes where it does not come to serve in time; null stands for nothing.
static ARMED: AtomicPtr<Armed> = AtomicPtr::new(ptr::null_mut());

/// Has it become that image in that folder, by its alarm, while it starts. It keeps the descriptors of these
/// numbers.
pub(crate) fn arm(image: Image, kept: &[RawFd], folder: CString, until: Instant) {
    // It stands until the process ends: a handler may be using it at any time.
    ARMED.store(Box::into_raw(Box::new(Armed::new(image, kept, folder))), SeqCst);
    let left = until.saturating_duration_since(Instant::now());
    unistd::alarm::set(seconds(left).max(1));
}

/// It serves, or has gone back already.
pub(crate) fn disarm() {
    ARMED.store(ptr::null_mut(), SeqCst);
    unistd::alarm::cancel();
}

fn become_armed() {
    // SAFETY: it is null, or what `arm` has leaked.
    if let Some(armed) = unsafe { ARMED.load(SeqCst).as_ref() } {
        // While this handler runs every signal waits.
        hand_on_hup();
        armed.become_it();
    }
}

/// Whether this process, which serves alone, was called away from its listeners, since it was last asked. They
/// have to be put back.
pub(crate) fn take_call() -> bool {
    own().called.swap(false, SeqCst)
}

/// Has the kernel end this process after that time, also in another image of it, where every signal is open.
pub(crate) fn be_ended_after(time: Duration) {
    mask::change(&SigSet::empty());
    unistd::alarm::set(seconds(time).max(1));
}

/// Whether the log is to be opened anew, since it was last asked.
#[inline]
pub(crate) fn take_reopen() -> bool {
    own().reopen.load(SeqCst) && own().reopen.swap(false, SeqCst)
}

/// For how long it is to drain, where it has begun to since it was last asked, and goes on.
#[inline]
pub(crate) fn take_drain() -> Option<Duration> {
    let begun = own().drains.load(SeqCst) && own().drains.swap(false, SeqCst);
    (begun && stage() == Stage::Draining).then(|| match drain() {
        exact if is_alone() => Duration::from_secs(seconds(exact).into()),
        exact => exact,
    })
}

/// Whether this process serves alone, and drains before it stops: then it is woken when that begins.
pub(crate) fn drains_alone() -> bool {
    is_alone() && !drain().is_zero()
}

fn drain() -> Duration {
    Duration::from_millis(DRAIN.load(SeqCst).into())
}

/// The time to drain is over, unless something else has ended it.
pub(crate) fn end_drain() {
    let _blocked = mask::Blocked::all();
    if stage() == Stage::Draining {
        advance(Event::TimeOver);
    }
}

/// Takes the role of a child that `parent` has just forked. A stop that has reached it since then
/// holds. It makes no system call while nobody listens for the ends of children, as one that is
/// forked for each connection pays for each.
#[inline]
pub(crate) fn become_child(parent: Pid) -> io::Result<()> {
    let own = own();
    own.parent.store(parent.as_raw(), SeqCst);
    own.set_role(Role::Child);
    own.claim();
    FORKING.set(false);
    // A child's own children belong to whoever started them.
    hear_children(false)
}

/// Takes the role of a process that serves alone. What was remembered while it started ends it as
/// soon as it would accept.
pub(crate) fn become_alone(timing: Timing) {
    set_timing(timing);
    let _blocked = mask::Blocked::all();
    own().set_role(Role::Alone);
    // A stop that was remembered has its time from now on.
    if stage() != Stage::Serving {
        time(stage());
    }
}

fn set_timing(timing: Timing) {
    DRAIN.store(u32::try_from(timing.drain.as_millis()).unwrap_or(u32::MAX), SeqCst);
    GRACEFUL.store(seconds(timing.graceful), SeqCst);
    QUICK.store(seconds(timing.quick), SeqCst);
}

/// Whether this is a child that has just been forked, and has not taken its role yet.
fn is_newborn() -> bool {
    own().is_copy() && FORKING.get()
}

/// What this process does.
fn role() -> Role {
    if is_newborn() { Role::Child } else { own().role() }
}

/// What a signal leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The handler; a call that it interrupts goes on.
    Us,
    /// The handler; a call that it interrupts has failed.
    UsOnce,
    /// What it does by default.
    Default,
}

/// Has a signal lead to that.
fn handle(signal: Signal, by: By) -> io::Result<()> {
    let restart = if by == By::UsOnce { SaFlags::empty() } else { SaFlags::SA_RESTART };
    let flags = restart | SaFlags::SA_ONSTACK | SaFlags::SA_SIGINFO;
    let handler =
        if by == By::Default { SigHandler::SigDfl } else { SigHandler::SigAction(on_signal) };
    let action = SigAction::new(handler, flags, SigSet::all());
    // SAFETY: the handler only does what a handler may, as the head of this file says.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// What a signal does now.
pub(super) fn action_of(signal: Signal) -> io::Result<libc::sigaction> {
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
    let origin = unsafe { info.as_ref() }.map_or(Origin::Anybody, Origin::of);
    if is_newborn() {
        handle_here(number, origin);
    } else if own().is_copy() {
        do_by_default(number);
    } else if (number, origin) == (libc::SIGALRM, Origin::Waker) {
        // What it has ended was a wait.
    } else if !sent_on(number, origin) {
        handle_here(number, origin);
    }
    errno.set();
}

fn handle_here(number: libc::c_int, origin: Origin) {
    let role = role();
    match number {
        // A child asks for a stop, and for no more.
        libc::SIGTERM if origin == Origin::Server => advance(Event::Asked),
        libc::SIGTERM | libc::SIGQUIT => advance(Event::Graceful),
        libc::SIGINT => advance(Event::Quick),
        // Somebody else's, unless it is the alarm that times a stop.
        libc::SIGALRM
            if origin == Origin::Kernel
                && role == Role::Starting
                && own().stage() == Stage::Serving =>
        {
            become_armed();
        }
        libc::SIGALRM if origin == Origin::Kernel && own().timed.load(SeqCst) => {
            advance(Event::TimeOver);
        }
        libc::SIGHUP if role == Role::Child => advance(Event::Graceful),
        // As with all that is no stop, what comes while the server starts is done once it can be.
        libc::SIGHUP => {
            own().hup.store(true, SeqCst);
            match role {
                Role::Parent => wake(),
                Role::Alone => call(),
                Role::Starting | Role::Child => {}
            }
        }
        // Not those of a terminal.
        libc::SIGTTIN | libc::SIGTTOU if role == Role::Parent && origin != Origin::Kernel => {
            let by = if number == libc::SIGTTIN { 1 } else { -1 };
            own().resize.fetch_add(by, SeqCst);
            wake();
        }
        libc::SIGCHLD if role == Role::Parent => wake(),
        // It listens for them while it has one.
        libc::SIGCHLD if role == Role::Alone => call(),
        libc::SIGUSR1 if role != Role::Child => {
            own().reopen.store(true, SeqCst);
            if role == Role::Parent {
                wake();
            }
        }
        // Its parent wants it to look.
        libc::SIGUSR1 if role == Role::Child => ring_bell(),
        // It must not end the process, and there is nothing else to it.
        _ => {}
    }
}

/// Calls a process that serves alone away from its listeners.
fn call() {
    own().called.store(true, SeqCst);
    ends::end_waiting();
}

/// What rings a bell.
static ONCE: u64 = 1;

/// Has this process look, where it waits by a bell.
fn ring_bell() {
    let bell = own().bell.number();
    if bell >= 0 {
        // SAFETY: the number is a static, and is what such a descriptor takes.
        unsafe { libc::write(bell, (&raw const ONCE).cast(), size_of_val(&ONCE)) };
    }
}

/// Wakes the parent, once until it looks.
fn wake() {
    let pipe = own().wake.number();
    if pipe >= 0 && !own().woken.swap(true, SeqCst) {
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
fn sent_on(number: libc::c_int, origin: Origin) -> bool {
    let thread = serving_thread();
    if unistd::gettid().as_raw() == thread {
        return false;
    }
    origin.send_to_thread(thread, number);
    true
}

/// The thread that the server runs in.
fn serving_thread() -> libc::pid_t {
    let thread = own().thread.load(SeqCst);
    if thread == 0 { process::this().as_raw() } else { thread }
}

/// How far the stop goes on, and what that ends at once.
fn advance(event: Event) {
    let role = role();
    let before = stage();
    let now = before.after(role, event, !drain().is_zero());
    own().set_stage(now);
    if now == Stage::Draining && now != before {
        own().drains.store(true, SeqCst);
    }
    // A parent sees to the rest itself, unless a hook of it has hung for all stages of a stop: then
    // its children learn from its death.
    let parent_hangs = before == Stage::Kill && own().in_hook.load(SeqCst);
    if role == Role::Parent && !parent_hangs {
        wake();
        return;
    }
    if now == Stage::Kill {
        process::exit_now(1);
    }
    if !now.accepts() {
        ends::end_waiting();
        ends::end_spares();
    }
    // Whoever waits by a bell looks how far it has gone.
    ring_bell();
    if now == Stage::Quick {
        ends::cut_serving();
    }
    // A child whose parent is gone has nobody else to see that it ends.
    let newborn = is_newborn();
    let orphan = || {
        role == Role::Child && !newborn && process::parent().as_raw() != own().parent.load(SeqCst)
    };
    let to_time = now != before || !own().timed.load(SeqCst);
    if to_time && (role == Role::Alone || orphan()) {
        time(now);
    }
}

/// Has the next step follow when the time of `stage` is over.
fn time(stage: Stage) {
    own().timed.store(true, SeqCst);
    let limit = match stage {
        Stage::Draining => seconds(drain()),
        Stage::Quick => QUICK.load(SeqCst),
        _ => GRACEFUL.load(SeqCst),
    };
    match limit {
        // No time at all: the next step at once.
        0 => advance(Event::TimeOver),
        // SAFETY: `alarm` has no precondition.
        seconds => drop(unsafe { libc::alarm(seconds) }),
    }
}

/// How far the stop of this process has gone.
#[inline]
pub(crate) fn stage() -> Stage {
    own().stage()
}

/// Whether this process takes new clients at this moment.
#[inline]
pub(crate) fn accepts() -> bool {
    own().accepts()
}

/// Whether this process manages children.
pub(crate) fn is_parent() -> bool {
    role() == Role::Parent
}

/// Whether this process serves without one.
#[inline]
pub(crate) fn is_alone() -> bool {
    own().role() == Role::Alone
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
    let parent = own().parent.load(SeqCst);
    if TAKEN.load(SeqCst) == 0 || own().is_copy() {
        return Err(io::Error::other("no server runs in this process"));
    }
    if !is_child() {
        go_on(Event::Asked);
        return Ok(());
    }
    if process::parent().as_raw() == parent {
        Origin::Server.send(Pid::from_raw(parent), libc::SIGTERM)?;
    }
    // Else it is gone, and the kernel has told this process.
    Ok(())
}

/// While it lives, a hook of the parent runs.
#[derive(Debug)]
pub(crate) struct InHook(());

impl InHook {
    pub(crate) fn new() -> Self {
        own().in_hook.store(true, SeqCst);
        Self(())
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        own().in_hook.store(false, SeqCst);
    }
}

/// Has the death of the parent of this child stop it as the parent would have, after its request. A child
/// that changes who it is has to ask for it anew.
pub(crate) fn follow_parent() -> io::Result<()> {
    let parent = Pid::from_raw(own().parent.load(SeqCst));
    if !process::follow_parent(parent, Signal::SIGTERM)? {
        go_on(Event::Graceful);
    }
    Ok(())
}

/// As [`follow_parent`], by one call: a parent that was gone before it is only seen once the request
/// [`goes_on`].
#[inline]
pub(crate) fn ask_for_parents_end() -> io::Result<()> {
    own().unsure.store(true, SeqCst);
    process::ask_for_parents_end(Signal::SIGTERM)
}

/// A request goes on: a child that may have lost its parent before it asked for its end looks now. Those
/// that serve one short request never pay for it.
#[inline]
pub(crate) fn goes_on() {
    if own().unsure.load(SeqCst) {
        own().unsure.store(false, SeqCst);
        look_for_parent();
    }
}

/// Has a child whose parent is gone stop as the parent would have told it. The kernel tells it of that at
/// once, unless it has changed its user since it asked to be told.
pub(crate) fn look_for_parent() {
    if is_child() && process::parent().as_raw() != own().parent.load(SeqCst) {
        go_on(Event::Graceful);
    }
}

/// Has the stop of this process go on. Of a child another thread than the one that the server runs in asks
/// that one: two at once would step over each other.
pub(crate) fn go_on(event: Event) {
    let asks = match event {
        Event::Asked => Some((Origin::Server, libc::SIGTERM)),
        Event::Graceful => Some((Origin::Anybody, libc::SIGTERM)),
        Event::Quick | Event::TimeOver => None,
    };
    if let Some((origin, number)) = asks.filter(|_| is_child())
        && sent_on(number, origin)
    {
        return;
    }
    let _blocked = mask::Blocked::all();
    advance(event);
}

/// From here on a call of a thread that is [`woken`](wake_thread) comes back, and is not made again.
pub(crate) fn let_threads_be_woken() -> io::Result<()> {
    handle(Signal::SIGALRM, By::UsOnce)
}

/// The calling thread, for [`wake_thread`].
pub(crate) fn this_thread() -> i32 {
    unistd::gettid().as_raw()
}

/// Has a call that a thread of this process is in come back, where it waits. One that has not begun yet, it
/// knows nothing of. A thread that is no more is nobody.
pub(crate) fn wake_thread(thread: i32) {
    Origin::Waker.send_to_thread(thread, libc::SIGALRM);
}

/// Has a write to a stream that its reader has closed be an error, and not the end of the process.
pub(crate) fn ignore_pipe() -> io::Result<()> {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGPIPE, &action) }?;
    Ok(())
}

/// Ends the timing of a stop: what comes now is not a request any more.
pub(crate) fn end_timing() {
    own().timed.store(false, SeqCst);
    unistd::alarm::cancel();
}
