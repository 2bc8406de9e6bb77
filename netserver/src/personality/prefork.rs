//! `prefork`: a managed pool of processes.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::handler::NetServer;
use crate::pool;
use crate::worker::OneByOne;

/// A pool of children, each serving one connection at a time, that grows and shrinks with the load.
/// A crash, a leak or a compromise in a handler ends with its child.
#[derive(Debug)]
pub struct PreFork;

impl<S: NetServer> Personality<S> for PreFork {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::PreFork);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners, watch, restart, elders } = running;
        Ok(Stop::of(pool::managed::<S, OneByOne>(
            server,
            &info,
            listeners,
            (watch, restart, elders),
        )?))
    }

    fn serves(other: BuiltIn) -> bool {
        !other.is_particular()
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}
