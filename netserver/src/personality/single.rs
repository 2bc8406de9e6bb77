//! `single`: one process, one connection at a time.

use std::time::Duration;

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::guard;
use crate::handler::NetServer;
use crate::sys::signal::{self, Timing};
use crate::worker::{Alone, work};

/// One process serves one connection at a time; further clients wait in the kernel. For services
/// that are asked rarely, and for looking at a handler with a debugger.
#[derive(Debug)]
pub struct Single;

/// How long a request that was cut may take to return before the process ends all the same.
const CUT: Duration = Duration::from_secs(5);

impl<S: NetServer> Personality<S> for Single {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Single);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners } = running;
        let graceful = info.options().graceful_timeout();
        signal::become_alone(Timing { graceful, quick: CUT })?;
        let outcome = work(server, &info, &listeners, Alone);
        signal::end_timing();
        drop(listeners);
        guard::logged("pre_server_close_hook", || server.pre_server_close_hook(&info));
        log::info!("server closing");
        guard::logged("post_child_cleanup_hook", || server.post_child_cleanup_hook(&info));
        outcome.map(|()| Stop::AsAsked)
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}
