//! The parent's loop: wait, reap, plan, fork and retire; and at the end see everybody off.
//!
//! Signals are blocked but while it waits and while a hook runs, so that a look at their flags
//! followed by a wait cannot miss one.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::libc;

use crate::error::Result;
use crate::guard;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::stop::{Event, Stage};
use crate::sys::descriptor;
use crate::sys::mask::Blocked;
use crate::sys::poll;
use crate::sys::process::{self, End};
use crate::sys::signal::{self, InHook, Signal};

use super::child;
use super::children::{Children, Ended};
use super::plan::{AFTER_FAILURE, Limits, Since, plan, wake_below};
use super::scoreboard::Scoreboard;
use super::watch::Watch;

/// Serves with a pool of children until the server is told to stop. Tells whether all ended
/// without being killed.
///
/// # Errors
/// Where the pool cannot be set up, or waiting fails.
pub(crate) fn manage<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
    watch: Option<Watch>,
) -> Result<bool> {
    let _blocked = Blocked::all();
    signal::become_parent()?;
    let limits = Limits::of(info.options());
    let mut manager = Manager {
        server,
        info,
        listeners: Some(listeners),
        watch,
        board: Scoreboard::new(limits.max_servers, info.options().max_per_ip())?,
        children: Children::new(limits.max_servers),
        limits,
        times: Times::new(),
        threads: None,
    };
    let outcome = manager.serve();
    if outcome.is_err() && signal::stage() == Stage::Serving {
        // It cannot go on, and its children are seen off all the same.
        signal::go_on(Event::Graceful);
    }
    let clean = manager.close()?;
    outcome.map(|()| clean)
}

struct Manager<'a, S> {
    server: &'a mut S,
    info: &'a ServerInfo,
    /// Some until the stop: then clients are refused, and do not wait for nobody.
    listeners: Option<Listeners>,
    watch: Option<Watch>,
    board: Scoreboard,
    children: Children,
    limits: Limits,
    times: Times,
    /// How many threads the log was last told of.
    threads: Option<usize>,
}

/// When things were last.
struct Times {
    spawned: Instant,
    checked: Instant,
    requested: Instant,
    /// How many connections there were then.
    taken: i64,
    failed: Option<Instant>,
}

impl Times {
    fn new() -> Self {
        let now = Instant::now();
        Self { spawned: now, checked: now, requested: now, taken: 0, failed: None }
    }

    /// A look at what the children did: `busy` of them are at it still.
    fn see(&mut self, taken: i64, busy: usize) {
        if taken != self.taken || busy > 0 {
            (self.requested, self.taken) = (Instant::now(), taken);
        }
    }

    fn since(&self) -> Since {
        Since {
            spawn: self.spawned.elapsed(),
            check: self.checked.elapsed(),
            request: self.requested.elapsed(),
            failure: self.failed.map(|failed| failed.elapsed()),
        }
    }
}

impl<S: NetServer> Manager<'_, S> {
    /// Turns until a signal says to stop.
    fn serve(&mut self) -> Result<()> {
        while signal::stage() == Stage::Serving {
            self.reap(self.times.since().check >= self.limits.check_for_waiting)?;
            // A hook may have taken the signal that would end the wait.
            if self.turn() && signal::stage() == Stage::Serving {
                self.wait(Some(self.next_turn()))?;
            }
        }
        Ok(())
    }

    /// One look at the pool, and what follows from it. Tells whether it may be left alone until
    /// somebody wakes the parent.
    fn turn(&mut self) -> bool {
        if let Some(watch) = &mut self.watch {
            let _hook = InHook::new();
            watch.show(|| self.children.tally(&self.board));
        }
        let tally = self.children.tally(&self.board);
        self.times.see(self.board.taken(), tally.busy);
        let plan = plan(&self.limits, &tally, &self.times.since());
        if plan.checked {
            self.times.checked = Instant::now();
        }
        if plan.retire > 0 {
            log::debug!("{} children idle: {} retire", tally.idle, plan.retire);
            self.children.retire(plan.retire, &self.board);
        }
        if plan.spawn > 0 {
            log::debug!("{} children idle, {} busy: {} start", tally.idle, tally.busy, plan.spawn);
        }
        for _ in 0..plan.spawn {
            if signal::stage() != Stage::Serving {
                break;
            }
            if !self.spawn() {
                self.times.failed = Some(Instant::now());
                break;
            }
        }
        self.ask_to_be_woken()
    }

    /// Publishes below how many idle children the parent wants to be woken. Who went below before it
    /// was published has woken nobody, so there is another look: false where that shows too few.
    fn ask_to_be_woken(&self) -> bool {
        let tally = || self.children.tally(&self.board);
        let line = wake_below(&self.limits, &tally(), &self.times.since());
        self.board.correct_hint(|| tally().idle);
        self.board.wake_below(line);
        tally().idle >= line
    }

    /// Forks one child. Tells whether that went well.
    fn spawn(&mut self) -> bool {
        let (Some(place), Some(listeners)) = (self.children.free_place(), &self.listeners) else {
            return true;
        };
        let (server, info, board) = (&mut *self.server, self.info, &self.board);
        if !in_parent("pre_fork_hook", || server.pre_fork_hook(info)) {
            return false;
        }
        if signal::stage() != Stage::Serving {
            return true;
        }
        warn_of_threads(&mut self.threads);
        board.clear(place);
        let parent = process::this();
        let max_requests = info.options().max_requests();
        let forked = process::fork(|| {
            child::run(server, info, listeners, board.seat(place, max_requests), parent)
        });
        match forked {
            Ok(pid) => {
                self.children.seat(place, pid);
                self.times.spawned = Instant::now();
                true
            }
            Err(err) => {
                log::warn!("cannot fork a child: {err}");
                false
            }
        }
    }

    /// Collects those who have ended, after a look at `each` of them where that is asked for.
    fn reap(&mut self, each: bool) -> Result<()> {
        for ended in self.children.reap(&self.board, each)? {
            report(&ended);
            if !ended.was_ready {
                self.times.failed = Some(Instant::now());
            }
        }
        Ok(())
    }

    /// How long the next turn may wait for somebody who wants it sooner.
    fn next_turn(&self) -> Duration {
        let since = self.times.since();
        let check = self.limits.check_for_waiting.saturating_sub(since.check);
        let failure = since.failure.map(|since| AFTER_FAILURE.saturating_sub(since));
        let next = failure.filter(|left| !left.is_zero()).map_or(check, |left| left.min(check));
        let next = self.watch.as_ref().map_or(next, |watch| watch.left().min(next));
        next.max(Duration::from_millis(1))
    }

    /// Waits until a child or a signal wants the parent, or the time is over.
    fn wait(&self, limit: Option<Duration>) -> Result<()> {
        poll::readable(self.board.woken().as_fd(), limit)?;
        descriptor::drain(self.board.woken());
        Ok(())
    }

    /// Sees every child off, harder each time its time is over or another signal says so. Tells
    /// whether none had to be killed.
    fn close(mut self) -> Result<bool> {
        in_parent("pre_server_close_hook", || self.server.pre_server_close_hook(self.info));
        log::info!("server closing");
        self.listeners = None;
        let mut told = Stage::Serving;
        while !self.children.is_empty() {
            let stage = signal::stage();
            if stage != told {
                self.children.signal_all(signal_of(stage));
                told = stage;
            }
            self.see_off(stage)?;
        }
        in_parent("post_child_cleanup_hook", || self.server.post_child_cleanup_hook(self.info));
        Ok(told != Stage::Kill)
    }

    /// Waits for the children until they are gone, or something leads to a harder stage.
    fn see_off(&mut self, stage: Stage) -> Result<()> {
        let limit = self.info.stop_timing().of(stage);
        let start = Instant::now();
        loop {
            self.reap(true)?;
            if self.children.is_empty() || signal::stage() != stage {
                return Ok(());
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                self.say_who_is_left(stage, limit.unwrap_or_default());
                signal::go_on(Event::TimeOver);
                return Ok(());
            }
            self.wait(left)?;
        }
    }

    /// No time at all was not waited for, so nobody is late.
    fn say_who_is_left(&self, stage: Stage, limit: Duration) {
        if !limit.is_zero() {
            let count = self.children.tally(&self.board).alive();
            let next = signal_of(stage.harder());
            log::warn!("{count} children still there after {limit:?}: {next}");
        }
    }
}

/// What tells a child of a stage.
const fn signal_of(stage: Stage) -> Signal {
    match stage {
        Stage::Serving | Stage::Graceful => Signal::SIGTERM,
        Stage::Quick => Signal::SIGINT,
        Stage::Kill => Signal::SIGKILL,
    }
}

/// Runs a hook of the parent.
fn in_parent(what: &str, hook: impl FnOnce() -> Result<()>) -> bool {
    let _hook = InHook::new();
    guard::logged(what, hook)
}

/// A fork copies one thread, and every lock as it is held: said once for each number of threads.
fn warn_of_threads(told: &mut Option<usize>) {
    let threads = process::threads();
    if let Some(count) = threads.filter(|_| threads != *told) {
        log::warn!(
            "{count} threads at a fork: a lock that another one holds stays locked in the child"
        );
    }
    *told = threads;
}

fn report(ended: &Ended) {
    let pid = ended.pid;
    match (ended.end, ended.told) {
        (End::Code(0), _) => log::trace!("child {pid} left"),
        (End::Code(code), _) => log::warn!("child {pid} left with code {code}"),
        (End::Signal(libc::SIGKILL), told) if told != Some(Signal::SIGKILL) => {
            log::warn!("child {pid} was killed by SIGKILL (out of memory?)");
        }
        (End::Unknown, _) => log::warn!("child {pid} left, and somebody else waited for it"),
        (End::Signal(number), _) => {
            log::warn!("child {pid} was killed by {}", process::signal_name(number));
        }
    }
}
