//! The parent's loop: wait, reap, plan, fork and retire; and at the end see everybody off.
//!
//! Signals are blocked but while it waits and while a hook runs, so that a look at their flags
//! followed by a wait cannot miss one.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::guard;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::sys::descriptor;
use crate::sys::poll;
use crate::sys::process::{self, End};
use crate::sys::signal::{self, Blocked, Open, Signal};

use super::child;
use super::children::{Children, Ended};
use super::plan::{AFTER_FAILURE, Limits, Since, plan, wake_below};
use super::scoreboard::Scoreboard;

/// Serves with a pool of children until the server is told to stop. Tells whether all ended
/// without being killed.
///
/// # Errors
/// Where the pool cannot be set up, or waiting fails.
pub(crate) fn manage<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
) -> Result<bool> {
    let _blocked = Blocked::all();
    signal::become_parent()?;
    let limits = Limits::of(info.options());
    let mut manager = Manager {
        server,
        info,
        listeners: Some(listeners),
        board: Scoreboard::new(limits.max_servers)?,
        children: Children::new(limits.max_servers),
        limits,
        times: Times::new(),
        threads: None,
    };
    let stop = manager.serve()?;
    manager.close(stop)
}

struct Manager<'a, S> {
    server: &'a mut S,
    info: &'a ServerInfo,
    /// Some until the stop: then clients are refused, and do not wait for nobody.
    listeners: Option<Listeners>,
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
    failed: Option<Instant>,
}

impl Times {
    fn new() -> Self {
        let now = Instant::now();
        Self { spawned: now, checked: now, failed: None }
    }

    fn since(&self) -> Since {
        Since {
            spawn: self.spawned.elapsed(),
            check: self.checked.elapsed(),
            failure: self.failed.map(|failed| failed.elapsed()),
        }
    }
}

/// How the server was told to stop, from mild to hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Force {
    Graceful,
    Quick,
    Kill,
}

impl Force {
    const fn harder(self) -> Self {
        match self {
            Self::Graceful => Self::Quick,
            Self::Quick | Self::Kill => Self::Kill,
        }
    }

    const fn signal(self) -> Signal {
        match self {
            Self::Graceful => Signal::SIGTERM,
            Self::Quick => Signal::SIGINT,
            Self::Kill => Signal::SIGKILL,
        }
    }
}

impl<S: NetServer> Manager<'_, S> {
    /// Turns until a signal says to stop, and how.
    fn serve(&mut self) -> Result<Force> {
        loop {
            if let Some(force) = asked_to_stop() {
                return Ok(force);
            }
            self.reap()?;
            if self.turn() {
                self.wait(self.next_turn())?;
            }
        }
    }

    /// One look at the pool, and what follows from it. Tells whether it may be left alone until
    /// somebody wakes the parent.
    fn turn(&mut self) -> bool {
        let tally = self.children.tally(&self.board);
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

    /// Collects those who have ended.
    fn reap(&mut self) -> Result<()> {
        // The flag only says that it is worth a look; the look is what counts.
        signal::take(Signal::SIGCHLD);
        for ended in self.children.reap(&self.board)? {
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
        next.max(Duration::from_millis(1))
    }

    /// Waits until a child or a signal wants the parent, or the time is over.
    fn wait(&self, limit: Duration) -> Result<()> {
        poll::readable(self.board.woken().as_fd(), Some(limit))?;
        descriptor::drain(self.board.woken());
        Ok(())
    }

    /// Sees every child off, harder each time its time is over or another signal says so. Tells
    /// whether none had to be killed.
    fn close(mut self, mut force: Force) -> Result<bool> {
        in_parent("pre_server_close_hook", || self.server.pre_server_close_hook(self.info));
        log::info!("server closing");
        self.listeners = None;
        while !self.children.is_empty() {
            self.children.signal_all(force.signal());
            force = self.see_off(force)?.unwrap_or(force);
        }
        in_parent("post_child_cleanup_hook", || self.server.post_child_cleanup_hook(self.info));
        Ok(force != Force::Kill)
    }

    /// Waits for the children that were told `force`. `Some` is what to tell those who are left.
    fn see_off(&mut self, force: Force) -> Result<Option<Force>> {
        let limit = match force {
            Force::Graceful => self.info.options().graceful_timeout(),
            Force::Quick => self.info.options().kill_timeout(),
            // Nobody can refuse it, but the kernel may take its time.
            Force::Kill => Duration::from_secs(1),
        };
        let start = Instant::now();
        loop {
            self.reap()?;
            if self.children.is_empty() {
                return Ok(None);
            }
            if let Some(asked) = asked_to_stop() {
                return Ok(Some(asked.max(force.harder())));
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                let harder = force.harder();
                log::warn!(
                    "{} children still there after {limit:?}: {}",
                    self.children.tally(&self.board).alive(),
                    harder.signal()
                );
                return Ok(Some(harder));
            }
            self.wait(left)?;
        }
    }
}

/// Whether, and how, a signal said to stop since the last look.
fn asked_to_stop() -> Option<Force> {
    let quick = signal::take(Signal::SIGINT);
    // Both flags are to be taken.
    let graceful = signal::take(Signal::SIGTERM) | signal::take(Signal::SIGQUIT);
    match (quick, graceful) {
        (true, _) => Some(Force::Quick),
        (_, true) => Some(Force::Graceful),
        _ => None,
    }
}

/// Runs a hook of the parent, with its signals open: what it starts must not inherit a mask.
fn in_parent(what: &str, hook: impl FnOnce() -> Result<()>) -> bool {
    let _open = Open::all();
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
    match ended.end {
        End::Code(0) => log::trace!("child {pid} left"),
        End::Code(code) => log::warn!("child {pid} left with code {code}"),
        End::Signal(signal @ Signal::SIGKILL) => {
            log::warn!("child {pid} was killed by {signal} (out of memory?)");
        }
        End::Signal(signal) => log::warn!("child {pid} was killed by {signal}"),
    }
}
