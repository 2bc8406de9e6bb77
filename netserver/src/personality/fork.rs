//! `fork`: a process for each connection.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::handler::NetServer;
use crate::pool;

/// A child for each connection, up to `max_servers` at a time; further clients wait in the kernel. For
/// connections that last, and handlers that nothing of one client may outlive.
#[derive(Debug)]
pub struct Fork;

impl<S: NetServer> Personality<S> for Fork {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Fork);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners, watch, restart, elders } = running;
        Ok(Stop::of(pool::on_demand(server, &info, listeners, (watch, restart, elders))?))
    }

    fn serves(other: BuiltIn) -> bool {
        !other.is_particular()
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}
