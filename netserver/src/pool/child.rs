//! What a child of the pool runs, from the fork to its end.

use crate::error::Result;
use crate::guard;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::stop::Event;
use crate::sys::mask;
use crate::sys::process::{self, Pid};
use crate::sys::signal::{self, Known, Signal, Waiting};
use crate::worker::work;

use super::scoreboard::PoolSeat;

/// Runs a child whose parent is `parent`, and tells the code to leave with: 0 as it should be, 1
/// where it could not serve. Signals are blocked when it begins.
pub(crate) fn run<S: NetServer>(
    server: &mut S,
    info: &ServerInfo,
    listeners: &Listeners,
    mut seat: PoolSeat<'_>,
    parent: Pid,
) -> i32 {
    match prepare(parent) {
        Ok(true) => {}
        // The parent is gone already.
        Ok(false) => return 0,
        Err(err) => {
            log::warn!("{}", err.chain());
            return 1;
        }
    }
    // From here on a stop closes the listeners, whatever the child does.
    let known = Known::new(listeners.descriptors());
    let _listening = Waiting::on(&known);
    if !guard::logged("child_init_hook", || server.child_init_hook(info)) {
        return 1;
    }
    log::trace!("child starts");
    let outcome = follow(parent).and_then(|()| work(server, info, listeners, &mut seat));
    if let Err(err) = &outcome {
        seat.failed();
        log::warn!("{}", err.chain());
    }
    log::trace!("child leaves");
    guard::logged("child_finish_hook", || server.child_finish_hook(info));
    i32::from(outcome.is_err())
}

/// Has the parent's death stop this child as the parent would have, after its request. A child that
/// changes who it is, as a `child_init_hook` may, has to ask for it anew.
fn follow(parent: Pid) -> Result<()> {
    if !process::follow_parent(parent, Signal::SIGTERM)? {
        signal::go_on(Event::Graceful);
    }
    Ok(())
}

/// Takes a child's role, and tells whether its parent is still there.
fn prepare(parent: Pid) -> Result<bool> {
    signal::become_child(parent)?;
    let alive = process::follow_parent(parent, Signal::SIGTERM)?;
    mask::open_all();
    Ok(alive)
}
