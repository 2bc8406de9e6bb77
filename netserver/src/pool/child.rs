//! What a child runs, from the fork to its end: a worker of a pool, one connection, or `dequeue`.

use std::os::fd::OwnedFd;

use crate::accept_lock::AcceptLock;
use crate::acceptor::Arrival;
use crate::buffer::Buffers;
use crate::child::{self, ChildKind};
use crate::error::Result;
use crate::fatal;
use crate::guard;
use crate::handler::{Hooks, NetServer};
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::serve::{Terms, serve_connection};
use crate::sys::descriptor::Unneeded;
use crate::sys::ends::{Known, Waiting};
use crate::sys::process::Pid;
use crate::sys::signal;
use crate::worker::Craft;

use super::scoreboard::Scoreboard;

/// What a child has from its parent.
#[derive(Debug)]
pub(super) struct Birth<'a> {
    pub(super) info: &'a ServerInfo,
    pub(super) board: &'a Scoreboard,
    pub(super) place: usize,
    pub(super) parent: Pid,
    /// Its end of the line to its parent.
    pub(super) line: Option<OwnedFd>,
    /// The parent's own descriptors.
    pub(super) unneeded: &'a Unneeded,
    /// Those of other children, and of this one's other end.
    pub(super) lines: Unneeded,
}

impl Birth<'_> {
    /// Takes the role of a child.
    #[inline]
    fn begin(&mut self) -> Result<()> {
        signal::become_child(self.parent)?;
        self.unneeded.close();
        self.lines.close();
        if let Some(line) = self.line.take() {
            child::connect_parent(line);
        }
        Ok(())
    }
}

/// Tells the code to leave with: 0 as it should be, 1 where the child could not do what it is for.
#[inline]
fn leave(outcome: &Result<()>) -> i32 {
    if let Err(err) = outcome {
        log::warn!("{}", err.chain());
    }
    log::trace!("child leaves");
    i32::from(outcome.is_err())
}

/// Runs a worker of a pool.
pub(super) fn serve_pool<S: Hooks, C: Craft<S>>(
    server: &mut S,
    mut birth: Birth<'_>,
    listeners: &Listeners,
    lock: Option<&AcceptLock>,
    buffers: Buffers,
) -> i32 {
    let info = birth.info;
    if let Err(err) = birth.begin().and_then(|()| Ok(signal::follow_parent()?)) {
        return leave(&Err(err));
    }
    // From here on a stop closes the listeners, whatever the child does.
    let known = Known::new(listeners.descriptors());
    let _listening = Waiting::on(&known);
    let kind = ChildKind::Worker;
    if !guard::logged("child_init_hook", || server.child_init_hook(info, kind)) {
        fatal::ended(server);
        return 1;
    }
    // What has failed until now may have been said to whoever waits for the server.
    if let Err(err) = info.take_streams() {
        return leave(&Err(err));
    }
    log::trace!("child starts");
    let options = info.options();
    let watched = !options.request_timeout().is_zero();
    let mut seat = birth.board.seat(birth.place, options.max_requests(), watched);
    // The hook may have changed who it is.
    let served = signal::follow_parent().map_err(Into::into).and_then(|()| {
        let taker = lock.map(|lock| lock.of_child(birth.place));
        C::work(server, info, listeners, taker, &mut seat, buffers)
    });
    if served.is_err() {
        seat.failed();
    }
    let code = leave(&served) | i32::from(fatal::ended(server));
    guard::logged("child_finish_hook", || server.child_finish_hook(info, kind));
    birth.board.leave(birth.place, code == 0);
    code
}

/// Serves the one connection that a child was forked for. What it asks of the kernel before and after
/// it each client pays for.
pub(super) fn serve_one<S: NetServer>(
    server: &mut S,
    mut birth: Birth<'_>,
    terms: &Terms,
    arrival: Arrival<'_>,
    buffers: Buffers,
) -> i32 {
    let info = birth.info;
    let kind = ChildKind::Worker;
    let told = birth.begin().and_then(|()| Ok(signal::ask_for_parents_end()?));
    if let Err(err) = told.and_then(|()| Ok(terms.begin()?)) {
        return leave(&Err(err));
    }
    let begun = guard::logged("child_init_hook", || server.child_init_hook(info, kind));
    if begun {
        let watched = !info.options().request_timeout().is_zero();
        let mut seat = birth.board.seat_of_one(birth.place, watched);
        // The end of the process frees them, at less cost.
        std::mem::forget(serve_connection(server, terms, &mut seat, arrival, buffers));
    }
    let whole = !fatal::ended(server) && begun;
    if begun {
        guard::logged("child_finish_hook", || server.child_finish_hook(info, kind));
    }
    birth.board.leave(birth.place, whole);
    i32::from(!whole)
}

/// Serves whoever waits at ports that are none any more, one after the other, and then leaves.
pub(super) fn serve_dropped<S: Hooks>(
    server: &mut S,
    info: &ServerInfo,
    parent: Pid,
    unneeded: &Unneeded,
    serve: impl FnOnce(&mut S, &ServerInfo) -> Result<()>,
) -> i32 {
    let begin = || {
        signal::become_child(parent)?;
        unneeded.close();
        Ok(signal::follow_parent()?)
    };
    if let outcome @ Err(_) = begin() {
        return leave(&outcome);
    }
    let kind = ChildKind::Worker;
    if !guard::logged("child_init_hook", || server.child_init_hook(info, kind)) {
        fatal::ended(server);
        return 1;
    }
    let served = info.take_streams().and_then(|()| serve(server, info));
    let code = leave(&served) | i32::from(fatal::ended(server));
    guard::logged("child_finish_hook", || server.child_finish_hook(info, kind));
    code
}

/// Runs `dequeue`.
pub(super) fn dequeue<S: Hooks>(server: &mut S, mut birth: Birth<'_>) -> i32 {
    let info = birth.info;
    let kind = ChildKind::Dequeue;
    if let Err(err) = birth.begin().and_then(|()| Ok(signal::follow_parent()?)) {
        return leave(&Err(err));
    }
    if !guard::logged("child_init_hook", || server.child_init_hook(info, kind)) {
        fatal::ended(server);
        return 1;
    }
    // The hook may have changed who it is.
    let followed = signal::follow_parent().map_err(Into::into);
    let done = leave(&followed) == 0 && guard::logged("dequeue", || server.dequeue(info));
    let done = !fatal::ended(server) && done;
    guard::logged("child_finish_hook", || server.child_finish_hook(info, kind));
    birth.board.leave(birth.place, done);
    i32::from(!done)
}
