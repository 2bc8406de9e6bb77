//! `prefork_simple`: a pool of so many processes.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::handler::NetServer;
use crate::pool;
use crate::worker::OneByOne;

/// A pool of `max_servers` children, each serving one connection at a time: for a load that is known.
/// A crash, a leak or a compromise in a handler ends with its child.
#[derive(Debug)]
pub struct PreForkSimple;

impl<S: NetServer> Personality<S> for PreForkSimple {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::PreForkSimple);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners, watch, restart, elders } = running;
        Ok(Stop::of(pool::constant::<S, OneByOne>(
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
