//! The parent of children, whichever way they are given connections: it forks, reaps, listens to them,
//! does what is to be done now and then; and at the end sees everybody off.
//!
//! Signals are open all the time: what they change is looked at each turn, and a byte in a pipe ends the
//! wait between two of them.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::libc;

use crate::accept_lock::AcceptLock;
use crate::caution::caution;
use crate::child::{Child, ChildKind, hear};
use crate::drain;
use crate::error::{Error, Result};
use crate::guard;
use crate::handler::Hooks;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::logger;
use crate::notify;
use crate::stop::{Event, Stage};
use crate::sys::clock;
use crate::sys::descriptor::{self, Unneeded};
use crate::sys::process::{self, End, Pid};
use crate::sys::signal::{self, InHook, Signal};
use crate::way_back;

use super::Aside;
use super::child::{self, Birth};
use super::ears::{Ears, Heard};
use super::plan::{Limits, SLOW};
use super::policy::{Policy, signal_of};
use super::roster::{Ended, Roster};
use super::scoreboard::Scoreboard;
use super::strangers::Strangers;
use super::succession::Succession;
use super::watch::Watch;

/// How many children more than `max_servers` signals may ask for.
pub(crate) const MORE: usize = 1000;

/// How often it is looked for requests and children that take too long, and how long requests are given
/// beyond their time: a child that can ends them itself.
const OVERDUE: Duration = Duration::from_millis(250);
const GRACE: Duration = Duration::from_millis(500);

/// How long whoever was told to leave may stay, at least.
const SHORTEST_STAY: Duration = Duration::from_secs(1);

/// The most messages that are heard before something else is done, the time after which no further one is,
/// and how much longer than they took nobody is listened to then.
const HEARD_AT_ONCE: usize = 64;
const HEARD_FOR: Duration = Duration::from_millis(100);

/// After so long no further word is heard of a child that has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
const DEAF_FOR: u32 = 3;

/// Serves whoever waits at listeners that nobody else comes to.
pub(super) type ServeWaiting<S> = fn(&mut S, &ServerInfo, &[Listener]) -> Result<()>;

/// A parent and all that it knows of its children.
pub(super) struct Parent<'a, S> {
    pub(super) server: &'a mut S,
    pub(super) info: &'a ServerInfo,
    pub(super) board: Scoreboard,
    pub(super) policy: Policy,
    pub(super) ears: Ears,
    pub(super) succession: Succession,
    /// How children serve whoever waits at ports that are none any more.
    pub(super) serve_waiting: ServeWaiting<S>,
    /// Where there is one child, that serves all clients, by how many more or fewer at a time signals have made
    /// that so far.
    pub(super) one_serves_more: Option<isize>,
    /// What children take turns by.
    pub(super) lock: Option<Rc<AcceptLock>>,
    /// This process.
    pub(super) pid: Pid,
    watch: Option<Watch>,
    strangers: Strangers,
    /// How many threads the log was last told of.
    threads: Option<usize>,
    /// When each child was last looked at, requests that take too long, children that do, and the queue.
    looked: Instant,
    overdue_looked: Instant,
    late_looked: Instant,
    dequeued: Instant,
    /// Whether requests that took too long got another chance at the last look.
    forgave: bool,
    /// Until when clients are served although the server was told to stop; none before that.
    drained: Option<Instant>,
    /// Whether a child has died since it was last asked.
    died: bool,
    /// Whether somebody was ready to serve.
    pub(super) is_ready: bool,
    /// Room for what children say.
    room: Vec<u8>,
}

impl<'a, S: Hooks> Parent<'a, S> {
    /// Takes the role of a parent.
    ///
    /// # Errors
    /// Where the kernel has no memory or descriptors; and with `strict`, where there are other threads.
    pub(super) fn new(
        server: &'a mut S,
        info: &'a ServerInfo,
        (watch, restart, elders): Aside,
        limits: Limits,
        lock: Option<Rc<AcceptLock>>,
        serve_waiting: ServeWaiting<S>,
    ) -> Result<Self> {
        let options = info.options();
        if let (true, Some(count)) = (options.strict(), process::threads()) {
            caution(true, &of_threads(count))?;
        }
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let most = limits.max_servers.saturating_add(MORE);
        let places = most + limits.max_recycling + count(options.max_dequeue());
        let cannot = |err| Error::because("cannot have children", err);
        let board = Scoreboard::new(places, options.max_per_ip()).map_err(cannot)?;
        let ears = Ears::new(board.woken(), options.child_communication()).map_err(cannot)?;
        signal::become_parent(info.stop_timing(), ears.signal().as_fd());
        signal::hear_children(true)?;
        logger::begin_parent()?;
        let now = Instant::now();
        let roster = Roster::new(places, options.spawn_backoff_max());
        Ok(Self {
            server,
            info,
            board,
            policy: Policy::new(limits, roster, now),
            ears,
            succession: Succession::new(restart, elders, now),
            serve_waiting,
            one_serves_more: None,
            lock,
            pid: process::this(),
            watch,
            strangers: Strangers::new(),
            threads: None,
            looked: now,
            overdue_looked: now,
            late_looked: now,
            dequeued: now,
            forgave: false,
            drained: None,
            died: false,
            is_ready: false,
            room: Vec::new(),
        })
    }

    /// Says once that clients are served.
    ///
    /// # Errors
    /// Where whoever waited for it has gone.
    pub(super) fn ready(&mut self) -> Result<()> {
        if !self.is_ready {
            self.info.ready()?;
            self.is_ready = true;
            self.look_at_output();
        }
        Ok(())
    }

    /// Whether anybody was ready to serve.
    pub(super) fn serves(&self) -> bool {
        self.is_ready || (0..self.policy.roster.used()).any(|place| self.board.was_ready(place))
    }

    /// With `stdio` each child has another standard output.
    fn look_at_output(&self) {
        process::look_at_output(!self.info.options().stdio());
    }

    /// Runs a hook of the parent.
    pub(super) fn hook(
        &mut self,
        what: &str,
        hook: impl FnOnce(&mut S, &ServerInfo) -> Result<()>,
    ) -> bool {
        let _hook = InHook::new();
        guard::logged(what, || hook(self.server, self.info))
    }

    /// What no child has any use for: the parent's own ends of everything.
    pub(super) fn own_descriptors(&self) -> impl Iterator<Item = std::os::fd::BorrowedFd<'_>> {
        std::iter::once(self.board.woken().as_fd()).chain(self.ears.descriptors())
    }

    /// Forks a child that runs `life`, unless the server stops and has gone further than `until`. Tells
    /// whether that went well.
    pub(super) fn fork(
        &mut self,
        kind: ChildKind,
        until: Stage,
        unneeded: &Unneeded,
        life: impl FnOnce(&mut S, Birth<'_>) -> i32,
    ) -> bool {
        let forked = self.try_fork(kind, until, unneeded, life);
        match forked {
            Ok(true) => return true,
            // A hook has said why, or there is no place.
            Ok(false) => {}
            Err(err) => log::warn!("cannot fork a child: {err}"),
        }
        self.policy.fork_failed(Instant::now());
        false
    }

    fn try_fork(
        &mut self,
        kind: ChildKind,
        until: Stage,
        unneeded: &Unneeded,
        life: impl FnOnce(&mut S, Birth<'_>) -> i32,
    ) -> io::Result<bool> {
        if signal::stage() > until {
            return Ok(true);
        }
        if !self.hook("pre_fork_hook", |server, info| server.pre_fork_hook(info, kind)) {
            return Ok(false);
        }
        let Some(place) = self.policy.roster.free_place(Instant::now()) else {
            return Ok(false);
        };
        warn_of_threads(&mut self.threads);
        let talk = self.info.options().child_communication();
        let (ours, theirs) = talk.then(descriptor::message_pair).transpose()?.unzip();
        let lines = if talk {
            let lines = self.policy.roster.children().filter_map(|(_, child)| child.line());
            Unneeded::new(lines.chain(&ours).map(AsFd::as_fd))
        } else {
            Unneeded::default()
        };
        // It may take its first connection before this process goes on.
        let taken = self.board.taken_at(place);
        if kind == ChildKind::Worker && self.policy.limits.is_on_demand() {
            self.board.occupy(place);
        } else {
            self.board.clear(place);
        }
        let (server, info, board, parent) = (&mut *self.server, self.info, &self.board, self.pid);
        let birth = Birth { info, board, place, parent, line: theirs, unneeded, lines };
        let pid = process::fork(|| life(server, birth))?;
        let child = Child::new(pid, kind, ours);
        self.policy.spawned(place, child.clone(), taken, Instant::now());
        if let Some(line) = child.line()
            && let Err(err) = self.ears.add(line, place)
        {
            // It serves all the same, and its last words are heard at its end.
            log::warn!("cannot listen to child {pid}: {err}");
        }
        self.hook("register_child", |server, info| server.register_child(&child, info));
        Ok(true)
    }

    /// Signals those that are to leave.
    pub(super) fn tell(orders: &[(Pid, Signal)]) {
        for (pid, signal) in orders {
            match process::kill(*pid, *signal) {
                // Somebody else has waited for it, as the next look finds out.
                Err(err) if err.raw_os_error() == Some(libc::ESRCH) => {}
                Err(err) => log::warn!("cannot send {signal} to child {pid}: {err}"),
                Ok(()) => {}
            }
        }
    }

    /// Collects every child that has ended, and nobody else's. Now and then it looks at each of them, as
    /// of those that another part of the program has waited for the kernel says nothing. Tells whether
    /// there was any.
    pub(super) fn reap(&mut self) -> Result<bool> {
        let each = self.looked.elapsed() >= self.info.options().check_for_dead();
        self.reap_with(each)
    }

    fn reap_with(&mut self, each: bool) -> Result<bool> {
        let mut any = false;
        // A stranger in front, which a hook may wait for, hides those behind it.
        let mut hidden = each;
        while let (Some(pid), false) = (process::peek()?, hidden) {
            match self.policy.roster.place_of(pid) {
                Some(place) => any |= self.collect(place)?,
                None if self.succession.elders.has(pid) => any |= self.collect_elders()?,
                None => hidden = true,
            }
        }
        if hidden {
            self.looked = Instant::now();
            any |= self.collect_elders()?;
            let places: Vec<usize> = self.policy.roster.children().map(|(at, _)| at).collect();
            for place in places {
                any |= self.collect(place)?;
            }
        }
        Ok(any)
    }

    /// Has two others look at their ports, where a child has died or cannot take anybody: of several ports
    /// a client that it was woken for has woken nobody else. Where they take turns it may be anybody's.
    pub(super) fn have_others_look(&mut self) {
        const TWO: usize = 2;
        let asked = self.board.takes_asked(self.policy.roster.used());
        if std::mem::take(&mut self.died) || asked {
            let count = if self.lock.is_some() { usize::MAX } else { TWO };
            let others = self.policy.roster.serving(count, &self.board);
            let orders: Vec<_> = others.into_iter().map(|pid| (pid, Signal::SIGUSR1)).collect();
            Self::tell(&orders);
        }
    }

    /// Collects those that have said they leave, and have.
    pub(super) fn reap_gone(&mut self) -> Result<()> {
        let mut from = 0;
        while let Some(place) = self.policy.roster.gone(from, &self.board) {
            self.collect(place)?;
            from = place + 1;
        }
        Ok(())
    }

    /// Collects the child of that place, where it has ended.
    fn collect(&mut self, place: usize) -> Result<bool> {
        let Some(child) = self.policy.roster.child(place).cloned() else {
            return Ok(false);
        };
        let Some(end) = process::reap(child.process())? else {
            return Ok(false);
        };
        // What it has said before it ended.
        if let Some(line) = child.line() {
            self.hear_out(&child, line);
            self.ears.remove(line);
        }
        self.died |= matches!(end, End::Signal(_));
        let ended = self.policy.ended(place, end, &self.board, Instant::now());
        self.board.vacate(place);
        if let Some(lock) = &self.lock {
            lock.left_by(place);
        }
        if let Some((ended, news)) = ended {
            report(&ended, news);
        }
        let end = end.into();
        self.hook("cleanup_dead_child_hook", |server, _| {
            server.cleanup_dead_child_hook(&child, end)
        });
        self.hook("delete_child_hook", |server, _| server.delete_child_hook(&child));
        Ok(true)
    }

    /// Hears all that a child has said, but no more than it can have said before it ended.
    fn hear_out(&mut self, child: &Child, line: &OwnedFd) {
        const MOST_UNHEARD: usize = 1024;
        let start = Instant::now();
        for _ in 0..MOST_UNHEARD {
            if start.elapsed() > LAST_WORDS {
                log::warn!("child {}: not all that it has said was heard in time", child.pid());
                return;
            }
            match hear(line, &mut self.room) {
                Ok(Some(message)) => {
                    self.hook("child_is_talking_hook", |server, info| {
                        server.child_is_talking_hook(child, &message, info)
                    });
                }
                Err(err) if err.kind() == io::ErrorKind::InvalidData => {
                    log::debug!("child {} said {err}", child.pid());
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Hears children that talk, one message each in turn.
    pub(super) fn listen(&mut self) -> Result<()> {
        let start = Instant::now();
        for _ in 0..HEARD_AT_ONCE {
            if start.elapsed() > HEARD_FOR {
                break;
            }
            let Some(place) = self.ears.talker()? else { return Ok(()) };
            let Some(child) = self.policy.roster.child(place).cloned() else { return Ok(()) };
            let Some(line) = child.line() else { return Ok(()) };
            match hear(line, &mut self.room) {
                Ok(Some(message)) => {
                    self.hook("child_is_talking_hook", |server, info| {
                        server.child_is_talking_hook(&child, &message, info)
                    });
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                Err(err) if err.kind() == io::ErrorKind::InvalidData => {
                    log::debug!("child {} said {err}", child.pid());
                }
                // It has ended, or closed its end.
                Ok(None) | Err(_) => self.ears.remove(line),
            }
        }
        Ok(self.ears.be_deaf(start.elapsed() * DEAF_FOR)?)
    }

    /// What signals have asked for, and what is done now and then.
    pub(super) fn chores(&mut self, listeners: &Listeners, unneeded: &Unneeded) {
        match signal::take_resize() {
            0 => {}
            by => self.resize(isize::try_from(by).unwrap_or_default()),
        }
        if signal::take_reopen() {
            logger::reopen("USR1");
        }
        notify::alive();
        self.drain();
        self.hurry_elders();
        if let Some(watch) = &mut self.watch {
            let _hook = InHook::new();
            watch.show(|| self.policy.roster.tally(&self.board, Instant::now()));
        }
        for (pid, end) in self.strangers.look(|pid| {
            self.policy.roster.place_of(pid).is_some() || self.succession.elders.has(pid)
        }) {
            log::debug!("process {pid}, which nobody waited for, was waited for");
            let (pid, end) = (pid.as_raw().unsigned_abs(), end.into());
            self.hook("other_child_died_hook", |server, _| server.other_child_died_hook(pid, end));
        }
        self.end_overdue();
        self.look_for_late_ones();
        self.dequeue(unneeded);
        // Last, as descriptors come and go with it.
        self.restart(listeners);
    }

    /// Has so many more children, or fewer, or the one child and whoever takes its place serve so many more at a
    /// time. As many back again make it what it was.
    fn resize(&mut self, by: isize) {
        let Some(more) = &mut self.one_serves_more else {
            self.policy.resize(by, MORE);
            log::debug!("at most {} children now", self.policy.limits.max_servers);
            return;
        };
        let most = usize::try_from(self.info.options().max_servers()).unwrap_or(usize::MAX);
        let least = most.saturating_sub(1).cast_signed();
        *more = more.saturating_add(by).clamp(-least, MORE.cast_signed());
        self.board.want_more(*more);
        // It looks, and finds that.
        let children = self.policy.roster.children();
        let orders: Vec<_> =
            children.map(|(_, child)| (child.process(), Signal::SIGUSR1)).collect();
        Self::tell(&orders);
    }

    /// Has the stop begin once it was waited for long enough.
    fn drain(&mut self) {
        let now = Instant::now();
        if let Some(delay) = drain::begun_while(|| self.serves()) {
            self.drained = Some(now + delay);
        }
        if self.drained.is_some_and(|until| until <= now) {
            signal::end_drain();
        }
    }

    /// Kills children whose request takes longer than it may, and that did not end it themselves. Where
    /// this process has been stopped in between they get another chance, as they may have been, too.
    fn end_overdue(&mut self) {
        let limit = self.info.options().request_timeout();
        let since = self.overdue_looked.elapsed();
        if limit.is_zero() || since < OVERDUE {
            return;
        }
        self.overdue_looked = Instant::now();
        // Not twice in a row: hooks may take as long each time.
        self.forgave = since > OVERDUE * 3 && !self.forgave;
        if self.forgave {
            return;
        }
        let grace = i64::try_from(GRACE.as_nanos()).unwrap_or(i64::MAX);
        let now = Instant::now();
        for place in self.policy.roster.overdue(&self.board, clock::monotonic(), grace) {
            let told = self.policy.roster.tell(place, Signal::SIGKILL, &self.board, now);
            if let Some(pid) = told {
                log::warn!("child {pid} has not ended a request in its time: SIGKILL");
                Self::tell(&[(pid, Signal::SIGKILL)]);
            }
        }
    }

    /// Tells of children of a pool that should be ready, and kills those that were told to leave long ago,
    /// and serve nobody, or go on as if they were not.
    fn look_for_late_ones(&mut self) {
        if self.policy.limits.is_on_demand() || self.late_looked.elapsed() < OVERDUE {
            return;
        }
        self.late_looked = Instant::now();
        self.hurry_finishing();
        for pid in self.policy.roster.slow(&self.board, Instant::now()) {
            log::warn!("child {pid} is not ready after {SLOW:?}: nobody waits for it any more");
        }
        let timing = self.info.stop_timing();
        let limit = (timing.graceful + timing.quick).max(SHORTEST_STAY);
        for pid in self.policy.roster.overstayers(&self.board, Instant::now(), limit) {
            log::warn!("child {pid} has not left in {limit:?}, and serves nobody: SIGKILL");
            Self::tell(&[(pid, Signal::SIGKILL)]);
        }
    }

    /// Has a child with many clients finish in the time that a stop would give it.
    fn hurry_finishing(&mut self) {
        let options = self.info.options();
        if self.one_serves_more.is_none() || options.leave_children_open_on_hup() {
            return;
        }
        let timing = self.info.stop_timing();
        let orders = self.policy.roster.hurry(&self.board, Instant::now(), &timing);
        for (pid, signal) in orders.iter().filter(|(_, signal)| *signal != Signal::SIGTERM) {
            log::warn!("child {pid} has not finished in its time: {signal}");
        }
        Self::tell(&orders);
    }

    /// Has the queue be emptied, where it is time.
    fn dequeue(&mut self, unneeded: &Unneeded) {
        let options = self.info.options();
        let every = options.check_for_dequeue();
        let most = usize::try_from(options.max_dequeue()).unwrap_or(usize::MAX);
        let is_time = !every.is_zero() && self.dequeued.elapsed() >= every;
        if !is_time || self.dequeuing() >= most {
            return;
        }
        self.dequeued = Instant::now();
        let mut wanted = false;
        self.hook("run_dequeue", |server, info| {
            wanted = server.run_dequeue(info)?;
            Ok(())
        });
        if wanted && self.policy.may_fork(Instant::now()) {
            self.fork(ChildKind::Dequeue, Stage::Draining, unneeded, child::dequeue);
        }
    }

    /// How many children empty the queue, those of images before among them.
    fn dequeuing(&self) -> usize {
        self.policy.roster.dequeuing() + self.succession.elders.dequeuing()
    }

    /// How long the parent may be left alone, as far as what it does now and then goes.
    pub(super) fn next_chore(&self) -> Duration {
        let options = self.info.options();
        let left = |every: Duration, since: Instant| every.saturating_sub(since.elapsed());
        // Where there is no child there is none to be looked at, and nobody who would.
        let mut next = if self.policy.roster.is_empty() {
            options.check_for_dead()
        } else {
            left(options.check_for_dead(), self.looked)
        };
        let every = options.check_for_dequeue();
        let most = usize::try_from(options.max_dequeue()).unwrap_or(usize::MAX);
        if !every.is_zero() && self.dequeuing() < most {
            next = next.min(left(every, self.dequeued));
        }
        if !options.request_timeout().is_zero() && self.policy.roster.alive() > 0 {
            next = next.min(left(OVERDUE, self.overdue_looked));
        }
        if self.one_serves_more.is_some() && self.policy.roster.any_finishes(&self.board) {
            next = next.min(left(OVERDUE, self.late_looked));
        }
        next = next.min(self.succession.next_look(self.info).unwrap_or(next));
        if let Some(until) = self.drained {
            next = next.min(until.saturating_duration_since(Instant::now()));
        }
        let watch = self.watch.as_ref().map(Watch::left);
        let others = self.strangers.next_look().into_iter().chain(notify::until_alive());
        let next = watch.into_iter().chain(others).fold(next, Duration::min);
        next.max(Duration::from_millis(1))
    }

    /// Waits for up to `limit`, and hears what children say meanwhile.
    pub(super) fn wait(&mut self, limit: Duration) -> Result<Heard> {
        let heard = self.ears.wait(limit, self.board.woken())?;
        if heard == Heard::Talk {
            self.listen()?;
        }
        Ok(heard)
    }

    /// Sees every child off, harder each time its time is over or another signal says so. Tells
    /// whether none had to be killed.
    pub(super) fn close(mut self, listeners: Listeners) -> Result<bool> {
        notify::stopping();
        way_back::close();
        self.succession.end_trial();
        self.hook("pre_server_close_hook", S::pre_server_close_hook);
        log::info!("server closing");
        self.ears.open(listeners.iter(), false)?;
        // Clients are refused from here on, and do not wait for nobody.
        drop(listeners);
        signal::hear_children(true)?;
        let mut told = Stage::Serving;
        while !self.is_alone() {
            let stage = signal::stage();
            if stage != told {
                let now = Instant::now();
                Self::tell(&self.policy.stop(stage, &self.board, now));
                Self::tell(&self.succession.elders.tell(stage, now));
                told = stage;
            }
            self.see_off(stage)?;
        }
        self.hook("post_child_cleanup_hook", S::post_child_cleanup_hook);
        signal::deaf();
        Ok(told != Stage::Kill)
    }

    /// Ends the children of this image, none of which was seen to serve.
    fn abandon(&mut self) -> Result<()> {
        Self::tell(&self.policy.stop(Stage::Kill, &self.board, Instant::now()));
        while !self.policy.roster.is_empty() {
            self.reap_with(true)?;
            self.wait(OVERDUE)?;
        }
        Ok(())
    }

    /// Whether no child is left.
    fn is_alone(&self) -> bool {
        self.policy.roster.is_empty() && self.succession.elders.is_empty()
    }

    /// Waits for the children until they are gone, or something leads to a harder stage.
    fn see_off(&mut self, stage: Stage) -> Result<()> {
        let limit = self.info.stop_timing().of(stage);
        let start = Instant::now();
        loop {
            self.reap_with(true)?;
            if self.is_alone() || signal::stage() != stage {
                return Ok(());
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                self.say_who_is_left(stage, limit.unwrap_or_default());
                signal::go_on(Event::TimeOver);
                return Ok(());
            }
            self.wait(left.unwrap_or(FOR_LONG))?;
        }
    }

    /// No time at all was not waited for, so nobody is late.
    fn say_who_is_left(&self, stage: Stage, limit: Duration) {
        if !limit.is_zero() {
            let count = self.policy.roster.children().count() + self.succession.elders.count();
            let next = signal_of(stage.harder());
            let children = if count == 1 { "child" } else { "children" };
            log::warn!("{count} {children} still there after {limit:?}: {next}");
        }
    }
}

/// A wait without an end of its own.
const FOR_LONG: Duration = Duration::from_secs(3600);

/// Serves by `serve` until the server is told to stop, then sees the children off. Tells whether all
/// ended without being killed.
///
/// # Errors
/// Where the parent cannot go on.
pub(super) fn manage<S: Hooks>(
    mut parent: Parent<'_, S>,
    mut listeners: Listeners,
    serve: impl FnOnce(&mut Parent<'_, S>, &Listeners) -> Result<()>,
) -> Result<bool> {
    parent.succession.keep_dropped(listeners.take_dropped());
    let outcome = serve(&mut parent, &listeners);
    if outcome.is_err() && way_back::is_open() {
        // The image before goes on, and with it the children of before.
        parent.abandon()?;
        return outcome.map(|()| false);
    }
    if outcome.is_err() {
        // It cannot go on, and its children are seen off all the same.
        signal::go_on(Event::Asked);
    }
    let clean = parent.close(listeners)?;
    outcome.map(|()| clean)
}

/// A fork copies one thread, and every lock as it is held: said once for each number of threads.
fn warn_of_threads(told: &mut Option<usize>) {
    let threads = process::threads();
    if let Some(count) = threads.filter(|_| threads != *told) {
        log::warn!("{}", of_threads(count));
    }
    *told = threads;
}

fn of_threads(count: usize) -> String {
    let count = if count == 0 { "other".into() } else { count.to_string() };
    format!(
        "{count} threads at a fork: a lock that another one holds stays locked in the child; \
         start threads in child_init_hook"
    )
}

/// Says how a child has ended; `news` tells whether the log is to know how long its place waits.
fn report(ended: &Ended, news: bool) {
    let (pid, how) = (ended.child.pid(), How(ended));
    match ended.rest.filter(|rest| !rest.is_zero()) {
        Some(rest) if news => {
            log::warn!("child {pid} {how} before its first connection: the next one in {rest:?}");
        }
        Some(_) => log::debug!("child {pid} {how} before its first connection"),
        None if ended.end == End::Code(0) => log::trace!("child {pid} {how}"),
        None => log::warn!("child {pid} {how}"),
    }
}

/// How a child has ended, in words that are only made where they are logged.
struct How<'a>(&'a Ended);

impl fmt::Display for How<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.end, self.0.told) {
            (End::Code(0), _) => f.write_str("left"),
            (End::Code(code), _) => write!(f, "left with code {code}"),
            (End::Unknown, _) => f.write_str("left, and somebody else waited for it"),
            (End::Signal(libc::SIGKILL), told) if told != Some(Signal::SIGKILL) => {
                f.write_str("was killed by SIGKILL (out of memory?)")
            }
            (End::Signal(number), _) => {
                write!(f, "was killed by {}", process::signal_name(number))
            }
        }
    }
}
