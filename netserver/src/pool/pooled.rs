//! A pool: children that wait for clients themselves, as many as the policy says.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::accept_lock::AcceptLock;
use crate::buffer::Buffers;
use crate::child::ChildKind;
use crate::error::{Error, Result};
use crate::handler::Hooks;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::stop::Stage;
use crate::sys::descriptor::{self, Unneeded};
use crate::sys::signal;
use crate::way_back;
use crate::worker::Craft;

use super::Aside;
use super::child::{self, Birth};
use super::ears::Heard;
use super::parent::{Parent, manage};
use super::plan::Limits;
use super::policy::Orders;

/// Serves with a pool that grows and shrinks until the server is told to stop. Tells whether all ended
/// without being killed.
///
/// # Errors
/// Where the pool cannot be set up, or waiting fails.
pub(crate) fn managed<S: Hooks, C: Craft<S>>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
    aside: Aside,
) -> Result<bool> {
    let limits = Limits::managed(info.options());
    let every = info.options().check_for_spawn();
    let parent = parent::<S, C>(server, info, aside, limits)?;
    serve::<S, C>(parent, listeners, Some(every))
}

/// The same with a pool of one size.
///
/// # Errors
/// As [`managed`].
pub(crate) fn constant<S: Hooks, C: Craft<S>>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
    aside: Aside,
) -> Result<bool> {
    let parent = parent::<S, C>(server, info, aside, Limits::constant(info.options()))?;
    serve::<S, C>(parent, listeners, None)
}

/// The same with one child, that serves all clients at once.
///
/// # Errors
/// As [`managed`].
pub(crate) fn one<S: Hooks, C: Craft<S>>(
    server: &mut S,
    info: &ServerInfo,
    listeners: Listeners,
    aside: Aside,
) -> Result<bool> {
    let mut parent = parent::<S, C>(server, info, aside, Limits::one(info.options()))?;
    parent.one_serves_more = Some(0);
    serve::<S, C>(parent, listeners, None)
}

fn parent<'a, S: Hooks, C: Craft<S>>(
    server: &'a mut S,
    info: &'a ServerInfo,
    aside: Aside,
    limits: Limits,
) -> Result<Parent<'a, S>> {
    let lock = AcceptLock::new(info.options().serialize());
    let lock = lock.map_err(|err| Error::because("cannot set up serialize", err))?.map(Rc::new);
    Parent::new(server, info, aside, limits, lock, C::serve_waiting)
}

/// `every`: how often it is looked at though nobody wants it.
fn serve<S: Hooks, C: Craft<S>>(
    parent: Parent<'_, S>,
    listeners: Listeners,
    every: Option<Duration>,
) -> Result<bool> {
    let lock = parent.lock.clone();
    manage(parent, listeners, |parent, listeners| {
        let mut pool = Pool::new(parent, listeners, lock.as_deref(), child::serve_pool::<S, C>);
        pool.serve(every.unwrap_or(Duration::MAX))
    })
}

/// What a worker runs, from its birth to the code that it leaves with.
type Life<S> = fn(&mut S, Birth<'_>, &Listeners, Option<&AcceptLock>, Buffers) -> i32;

struct Pool<'p, 'a, S> {
    parent: &'p mut Parent<'a, S>,
    listeners: &'p Listeners,
    lock: Option<&'p AcceptLock>,
    life: Life<S>,
    /// The parent's own descriptors, and with the listeners those that a child has no use for which
    /// does not serve.
    own: Unneeded,
    own_and_listeners: Unneeded,
    /// Since when they were not gathered.
    changes: usize,
    /// What the last look has led to.
    orders: Orders,
    /// Each child has a copy, and none has to make room in memory that it shares.
    buffers: Option<Buffers>,
}

/// What no child has any use for, and no child without listeners.
fn unneeded<S: Hooks>(parent: &Parent<'_, S>, listeners: &Listeners) -> (Unneeded, Unneeded) {
    let own = Unneeded::with_private(parent.own_descriptors());
    let all = parent.own_descriptors().chain(listeners.all_descriptors());
    (own, Unneeded::with_private(all))
}

impl<'p, 'a, S: Hooks> Pool<'p, 'a, S> {
    fn new(
        parent: &'p mut Parent<'a, S>,
        listeners: &'p Listeners,
        lock: Option<&'p AcceptLock>,
        life: Life<S>,
    ) -> Self {
        let changes = descriptor::private_changes();
        let (own, own_and_listeners) = unneeded(parent, listeners);
        let buffers = Some(Buffers::default());
        let orders = Orders::default();
        Self { parent, listeners, lock, life, own, own_and_listeners, changes, orders, buffers }
    }

    /// Turns until a signal says to stop.
    fn serve(&mut self, every: Duration) -> Result<()> {
        let mut heard = Heard::Nothing;
        while signal::accepts() {
            let mut found = self.parent.reap()?;
            self.look_whether_it_serves()?;
            if self.listeners.iter().nth(1).is_some() {
                self.parent.have_others_look();
            }
            self.look_at_descriptors();
            self.parent.chores(self.listeners, &self.own_and_listeners);
            self.look_at_descriptors();
            self.parent.hook("idle_loop_hook", S::idle_loop_hook);
            found |= self.turn();
            self.relieve();
            // Talk is heard, and nothing to go on at once for.
            self.parent.ears.found(found || !matches!(heard, Heard::Wake | Heard::Talk));
            heard = Heard::Nothing;
            // A hook may have taken what would end the wait.
            if self.ask_to_be_woken() && signal::accepts() {
                let next = self.parent.policy.next_turn(Instant::now());
                heard = self.parent.wait(next.min(self.parent.next_chore()).min(every))?;
            }
        }
        Ok(())
    }

    /// The server does once one child is ready: before that it may be that none ever is.
    fn look_whether_it_serves(&mut self) -> Result<()> {
        if self.parent.is_ready {
            return Ok(());
        }
        if !self.parent.serves() {
            return way_back::hold_time();
        }
        self.parent.ready()
    }

    /// One of those that are no child's may be closed by now, and its number become another's.
    fn look_at_descriptors(&mut self) {
        let changes = descriptor::private_changes();
        if changes != self.changes {
            self.changes = changes;
            (self.own, self.own_and_listeners) = unneeded(self.parent, self.listeners);
        }
    }

    /// Has the children of before a restart finish once there are enough that serve.
    fn relieve(&mut self) {
        let Parent { is_ready, board, policy, .. } = &*self.parent;
        let tally = policy.roster.tally(board, Instant::now());
        if *is_ready && tally.starting <= tally.slow {
            self.parent.relieve(self.listeners);
        }
    }

    /// One look at the pool, and what follows from it. Tells whether there was anything to be done.
    fn turn(&mut self) -> bool {
        let (parent, orders) = (&mut *self.parent, &mut self.orders);
        let taken = parent.board.taken(parent.policy.roster.used());
        parent.policy.turn(&parent.board, taken, Instant::now(), orders);
        if !orders.tell.is_empty() {
            log::debug!("children told to leave: {}", orders.tell.len());
            Parent::<S>::tell(&orders.tell);
        }
        if orders.spawn > 0 {
            let count = orders.spawn;
            log::debug!("children started: {count}");
            parent.hook("run_n_children_hook", |server, info| {
                server.run_n_children_hook(count, info)
            });
        }
        for _ in 0..self.orders.spawn {
            if !signal::accepts() || !self.spawn() {
                break;
            }
        }
        self.orders.spawn > 0 || !self.orders.tell.is_empty()
    }

    fn spawn(&mut self) -> bool {
        let Self { parent, listeners, lock, life, own, buffers, .. } = self;
        parent.fork(ChildKind::Worker, Stage::Draining, own, |server, birth| {
            let buffers = buffers.take().unwrap_or_default();
            life(server, birth, listeners, *lock, buffers)
        })
    }

    /// Publishes below how many idle children the parent wants to be woken. Who went below before it
    /// was published has woken nobody, so there is another look: false where that shows too few.
    fn ask_to_be_woken(&self) -> bool {
        let Parent { board, policy, .. } = &*self.parent;
        let now = Instant::now();
        let line = policy.wake_below(&policy.roster.tally(board, now), now);
        board.correct_hint(|| policy.roster.idle(board));
        board.wake_below(line);
        policy.roster.idle(board) >= line
    }
}
