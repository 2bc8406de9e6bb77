//! What a parent does about a restart: of its own server, and of the image before, whose children it has.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::libc;

use crate::child::Child;
use crate::error::Result;
use crate::handler::Hooks;
use crate::handover::Handed;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::logger;
use crate::notify;
use crate::restart::{Restart, Step};
use crate::stop::Stage;
use crate::sys::descriptor::{Private, Unneeded};
use crate::sys::process::{self, End};
use crate::sys::signal;
use crate::trial::Trial;
use crate::way_back;

use super::child;
use super::elders::Elders;
use super::parent::Parent;
use super::plan::SLOW;

/// All of it.
#[derive(Debug)]
pub(super) struct Succession {
    restart: Restart,
    /// Children of the images before.
    pub(super) elders: Elders,
    /// What they see by that their parent lives.
    ends: Vec<Private<OwnedFd>>,
    /// Whether they were told to finish, as this image serves.
    relieved: bool,
    since: Instant,
    /// Listeners of ports that are none any more, and whoever waits there.
    dropped: Vec<Private<Listener>>,
    /// Whether a client was accepted that has no child yet.
    pub(super) holds_client: bool,
}

impl Succession {
    pub(super) fn new(restart: Restart, (elders, ends): Handed, now: Instant) -> Self {
        Self {
            elders: Elders::new(&elders, now),
            ends: ends.into_iter().map(Private::new).collect(),
            relieved: !restart.is_restarted(),
            since: now,
            dropped: Vec::new(),
            holds_client: false,
            restart,
        }
    }

    /// Keeps the listeners of ports that are none any more.
    pub(super) fn keep_dropped(&mut self, dropped: Vec<Listener>) {
        self.dropped = dropped.into_iter().map(Private::new).collect();
    }

    /// Whether any child of an image before is there.
    pub(super) fn has_elders(&self) -> bool {
        !self.elders.is_empty()
    }

    /// There will be no restart any more.
    pub(super) fn end_trial(&mut self) {
        self.restart.end_trial();
    }

    /// How long the next look may wait.
    pub(super) fn next_look(&self, info: &ServerInfo) -> Option<Duration> {
        let tried = self.restart.is_tried().then(Trial::next_look);
        let hurry = (!info.options().leave_children_open_on_hup())
            .then(|| self.elders.next(&info.stop_timing(), Instant::now()));
        // Asked for each client of `fork`: an image that serves has no way back to be looked for.
        let late = if self.relieved { None } else { way_back::left() };
        tried.into_iter().chain(hurry.flatten()).chain(late).min()
    }
}

impl<S: Hooks> Parent<'_, S> {
    /// Has the children of the images before finish, once this one serves: those of theirs are as many as
    /// they should be. Whoever waits at a port that is none any more is served by one more child.
    pub(super) fn relieve(&mut self, listeners: &Listeners) {
        if self.succession.relieved {
            return;
        }
        self.succession.relieved = true;
        self.succession.restart.relieve();
        self.look_at_waiting(listeners);
        let (generation, count) = (self.info.generation(), self.succession.elders.count());
        let (children, are) = if count == 1 { ("child", "is") } else { ("children", "are") };
        log::info!(
            "generation {generation} serves: {count} {children} of the one before {are} to finish"
        );
        let orders = self.succession.elders.tell(Stage::Graceful, Instant::now());
        Self::tell(&orders);
        self.serve_dropped(listeners);
        if self.succession.elders.is_empty() {
            self.succession.ends.clear();
        }
    }

    /// Children of the image before may have had listeners wait, which those of this one do not: with several
    /// of them, or with `fork`. One that waits is deaf to the others.
    fn look_at_waiting(&self, listeners: &Listeners) {
        let several = listeners.iter().nth(1).is_some() || self.policy.limits.is_on_demand();
        if several {
            for listener in listeners.iter() {
                // What is wrong with one the next accept says.
                let _ = listener.set_waiting(false);
            }
        }
    }

    fn serve_dropped(&mut self, listeners: &Listeners) {
        let dropped = std::mem::take(&mut self.succession.dropped);
        if dropped.is_empty() {
            return;
        }
        let mut dropped: Vec<Listener> = dropped.into_iter().map(Private::into_inner).collect();
        for listener in &mut dropped {
            listener.remove_file();
        }
        let others = self.own_descriptors().chain(listeners.all_descriptors());
        let unneeded = Unneeded::with_private(others);
        let (info, parent, serve) = (self.info, self.pid, self.serve_waiting);
        let server = &mut *self.server;
        let forked = process::fork(|| {
            child::serve_dropped(server, info, parent, &unneeded, |server, info| {
                serve(server, info, &dropped)
            })
        });
        match forked {
            Ok(pid) => self.succession.elders.add(pid, Instant::now()),
            Err(err) => {
                log::warn!("whoever waits at a port that is none any more is refused: {err}");
            }
        }
    }

    /// Collects the children of images before that have ended. Tells whether there were any.
    pub(super) fn collect_elders(&mut self) -> Result<bool> {
        let ended = self.succession.elders.reap()?;
        for (child, end, told) in &ended {
            report_elder(child, *end, *told);
            let end = (*end).into();
            self.hook("cleanup_dead_child_hook", |server, _| {
                server.cleanup_dead_child_hook(child, end)
            });
            self.hook("delete_child_hook", |server, _| server.delete_child_hook(child));
        }
        if self.succession.elders.is_empty() {
            self.succession.ends.clear();
        }
        if !ended.is_empty() && self.succession.elders.is_empty() && signal::accepts() {
            self.hook("post_child_cleanup_hook", S::post_child_cleanup_hook);
        }
        Ok(!ended.is_empty())
    }

    /// Does what HUP asks for, where no client is between this process and its child.
    pub(super) fn restart(&mut self, listeners: &Listeners) {
        if self.succession.holds_client {
            return;
        }
        let is_over = self.succession.relieved || self.succession.since.elapsed() >= SLOW;
        match self.succession.restart.look(self.info, listeners, is_over) {
            Step::Wait => {}
            Step::Renew => self.renew(),
            Step::Become(bound) => {
                if self.hook("restart_close_hook", S::restart_close_hook) {
                    let now = Instant::now();
                    let own = self.policy.roster.handed(now);
                    let children = self.succession.elders.handed(now).chain(own).collect();
                    let ends = self.succession.ends.iter().map(AsFd::as_fd);
                    let ends = ends.chain([self.board.woken().as_fd()]).collect();
                    self.succession.restart.become_next(listeners, &bound, (children, ends));
                } else {
                    Restart::give_up(&bound, "restart_close_hook has failed");
                }
            }
        }
    }

    fn renew(&mut self) {
        notify::reloading();
        logger::reopen("HUP");
        if self.policy.limits.is_on_demand() {
            log::info!("HUP: there is no pool to be renewed, and the log is opened anew");
        } else {
            log::info!("HUP: every child is renewed, and the log is opened anew");
            self.policy.roster.renew_all();
        }
        notify::ready();
    }

    /// Cuts, and in the end kills, children of images before that take longer than they may.
    pub(super) fn hurry_elders(&mut self) {
        if self.succession.elders.is_empty() || self.info.options().leave_children_open_on_hup() {
            return;
        }
        let orders = self.succession.elders.go_on(&self.info.stop_timing(), Instant::now());
        for (pid, signal) in &orders {
            log::warn!("child {pid} of before the restart has not left in its time: {signal}");
        }
        Self::tell(&orders);
    }
}

/// Says how a child of an image before has ended.
fn report_elder(child: &Child, end: End, told: Stage) {
    let pid = child.pid();
    match end {
        End::Code(0) | End::Unknown => log::trace!("child {pid} of before the restart left"),
        End::Code(code) => log::warn!("child {pid} of before the restart left with code {code}"),
        End::Signal(number) if told == Stage::Kill && number == libc::SIGKILL => {}
        End::Signal(number) => {
            let signal = process::signal_name(number);
            log::warn!("child {pid} of before the restart was killed by {signal}");
        }
    }
}
