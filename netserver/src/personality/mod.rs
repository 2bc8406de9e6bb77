//! How connections are given to processes.
//!
//! A personality takes a server that is bound and has its privileges dropped, serves until it is
//! told to stop, and closes. `personality = "prefork"` names one that comes with netserver; a path
//! names anybody's.

mod fork;
mod inet;
mod multiplex;
mod prefork;
mod prefork_simple;
mod single;
mod thread;

use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::time::Duration;

use netserver_options::BuiltIn;

pub use fork::Fork;
pub use inet::Inet;
pub use multiplex::Multiplex;
pub use prefork::PreFork;
pub use prefork_simple::PreForkSimple;
pub use single::Single;
pub use thread::{EachThread, Thread};

pub use crate::pool::Tally;

use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::guard;
use crate::handler::{Hooks, NetServer};
use crate::handover::Handed;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::logger;
use crate::notify;
use crate::pool::Watch;
use crate::restart::{Restart, Step};
use crate::seat::Alone;
use crate::sys::ends::{Known, Spares, Waiting};
use crate::sys::signal;
use crate::way_back;
use crate::worker::{Craft, OneByOne};

/// A server that is ready to serve: bound, with the privileges it keeps.
///
/// A personality of one's own hands it on to one that comes with netserver, perhaps
/// [`watched`](Self::watched), or serves with [`serve_here`](Self::serve_here) and
/// [`close`](Self::close).
#[derive(Debug)]
pub struct Running {
    pub(crate) info: ServerInfo,
    pub(crate) listeners: Listeners,
    pub(crate) watch: Option<Watch>,
    pub(crate) restart: Restart,
    pub(crate) elders: Handed,
}

impl Running {
    pub(crate) const fn new(
        info: ServerInfo,
        listeners: Listeners,
        restart: Restart,
        elders: Handed,
    ) -> Self {
        Self { info, listeners, watch: None, restart, elders }
    }

    /// Options, addresses and arguments.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// The same, but a parent calls `see` every so often with what its children do. It stops being
    /// called when the server begins to stop. Clients of a pool do not wait for it, new children do.
    /// `single` and `inet` have no children and call nothing.
    #[must_use]
    pub fn watched(mut self, every: Duration, see: impl FnMut(&Tally) + 'static) -> Self {
        self.watch = Some(Watch::new(every, see));
        self
    }

    /// Serves in this process, one connection at a time, until the server is told to stop, or
    /// `go_on`, asked after each connection, says no. Signals are those of `single`.
    ///
    /// # Errors
    /// Where a listener is broken, or `/dev/null` cannot be opened for the background.
    pub fn serve_here<S: NetServer>(
        &mut self,
        server: &mut S,
        go_on: impl FnMut() -> bool,
    ) -> Result<()> {
        signal::become_alone(self.info.stop_timing());
        self.info.ready_alone()?;
        self.relieve(server)?;
        let outcome = self.serve_until_stopped(server, go_on);
        signal::end_timing();
        outcome
    }

    /// Serves whoever waits at ports that are none any more.
    fn relieve<S: NetServer>(&mut self, server: &mut S) -> Result<()> {
        if self.restart.is_restarted() {
            log::info!("generation {} serves", self.info.generation());
        }
        self.restart.relieve();
        let mut dropped = self.listeners.take_dropped();
        for listener in &mut dropped {
            listener.remove_file();
        }
        if dropped.is_empty() {
            Ok(())
        } else {
            OneByOne::serve_waiting(server, &self.info, &dropped)
        }
    }

    /// Is called away from its listeners by a signal, and comes back.
    fn serve_until_stopped<S: NetServer>(
        &mut self,
        server: &mut S,
        go_on: impl FnMut() -> bool,
    ) -> Result<()> {
        let mut alone = Alone(go_on);
        let spares = self.listeners.spares()?;
        let known = Known::new(spares.iter().map(AsFd::as_fd));
        let _spares = Spares::are(&known);
        // One that has come while it started has called nobody.
        self.look_for_restart(server)?;
        loop {
            let known = Known::new(self.listeners.descriptors());
            let listening = Waiting::on(&known);
            let buffers = Buffers::default();
            OneByOne::work(server, &self.info, &self.listeners, None, &mut alone, buffers)?;
            drop(listening);
            if !signal::take_call() || !signal::stage().accepts() {
                self.restart.end_trial();
                return Ok(());
            }
            self.listeners.put_back(&spares)?;
            self.look_for_restart(server)?;
        }
    }

    /// Does what HUP asks for. The end of a trial run calls it away from its listeners, too.
    fn look_for_restart<S: NetServer>(&mut self, server: &mut S) -> Result<()> {
        signal::hear_children(true)?;
        match self.restart.look(&self.info, &self.listeners, true) {
            Step::Wait => {}
            Step::Renew => {
                notify::reloading();
                log::info!("HUP: there is no pool to be renewed, and the log is opened anew");
                logger::reopen("HUP");
                notify::ready();
            }
            Step::Become(bound) => {
                let info = &self.info;
                if guard::logged("restart_close_hook", || server.restart_close_hook(info)) {
                    self.restart.become_next(&self.listeners, &bound, (Vec::new(), Vec::new()));
                } else {
                    Restart::give_up(&bound, "restart_close_hook has failed");
                }
            }
        }
        // Where another HUP has come meanwhile it calls again.
        Ok(signal::hear_children(self.restart.is_tried())?)
    }

    /// Closes a server that has no children, with the hooks that belong to it.
    pub fn close<S: Hooks>(self, server: &mut S) {
        // The pid file goes last.
        let Self { info, listeners, mut restart, .. } = self;
        restart.end_trial();
        notify::stopping();
        way_back::close();
        drop(listeners);
        guard::logged("pre_server_close_hook", || server.pre_server_close_hook(&info));
        log::info!("server closing");
        guard::logged("post_child_cleanup_hook", || server.post_child_cleanup_hook(&info));
    }
}

/// How a server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As it was asked to: exit code 0.
    AsAsked,
    /// Some process had to be killed: exit code 1.
    Killed,
}

impl Stop {
    /// Whether all ended without being killed.
    const fn of(clean: bool) -> Self {
        if clean { Self::AsAsked } else { Self::Killed }
    }
}

/// How connections are given to processes.
#[diagnostic::on_unimplemented(
    message = "personality `{Self}` cannot serve `{S}`",
    label = "not a personality for this server",
    note = "the personalities with a name serve any `NetServer`, `multiplex` any `MuxServer`: put `#[net_server]` on the impl block that has `process_request`, or `mux_input`"
)]
pub trait Personality<S> {
    /// Which of the built-in ones it is, whose options it takes and whose place another of them may
    /// take by `--server_type`; `None` for anybody else's.
    const BUILT_IN: Option<BuiltIn> = None;

    /// Whether that one of the built-in ones may take its place by `--server_type`.
    fn serves(other: BuiltIn) -> bool {
        let _ = other;
        false
    }

    /// Serves until the server is told to stop, then closes it.
    ///
    /// # Errors
    /// Where it could not serve, or not go on.
    fn serve(server: &mut S, running: Running) -> Result<Stop>;

    /// Serves as the built-in personality that `--server_type` named instead.
    ///
    /// # Errors
    /// As [`serve`](Self::serve); and always where it [`serves`](Self::serves) no such one.
    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        let _ = (server, running);
        Err(Error::new(format!("this server cannot be served by {}", other.name())))
    }
}

/// The first of two personalities, whose place the second may take by `--server_type`, and whatever may take
/// the place of either. The attribute writes it where a list names one that does not serve every
/// [`NetServer`]: `personality = ["prefork", "thread"]`.
#[derive(Debug)]
pub struct Or<A, B>(PhantomData<(A, B)>);

impl<S, A: Personality<S>, B: Personality<S>> Personality<S> for Or<A, B> {
    const BUILT_IN: Option<BuiltIn> = A::BUILT_IN;

    fn serves(other: BuiltIn) -> bool {
        B::BUILT_IN == Some(other) || A::serves(other) || B::serves(other)
    }

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        A::serve(server, running)
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        if B::BUILT_IN == Some(other) {
            B::serve(server, running)
        } else if A::serves(other) {
            A::serve_as(other, server, running)
        } else {
            B::serve_as(other, server, running)
        }
    }
}

/// Every built-in personality that needs no more than a [`NetServer`].
fn serve_net_server<S: NetServer>(
    personality: BuiltIn,
    server: &mut S,
    running: Running,
) -> Result<Stop> {
    match personality {
        BuiltIn::Single => Single::serve(server, running),
        BuiltIn::Inet => Inet::serve(server, running),
        BuiltIn::Fork => Fork::serve(server, running),
        BuiltIn::PreForkSimple => PreForkSimple::serve(server, running),
        BuiltIn::PreFork => PreFork::serve(server, running),
        BuiltIn::Multiplex | BuiltIn::Thread => {
            Err(Error::new(format!("this server does not name {}", personality.name())))
        }
    }
}
