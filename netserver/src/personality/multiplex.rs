//! `multiplex`: one process with one loop, for all connections at once.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop};
use crate::error::Result;
use crate::mux::{Loop, MuxServer};
use crate::pool;

/// One process serves all connections at once, by a loop that calls the server for whatever has come. For
/// thousands of clients that are mostly silent, and for what they have to do with each other. A parent
/// manages that process as it does a pool, of one child: it restarts it, and starts another when it dies.
#[derive(Debug)]
pub struct Multiplex;

impl<S: MuxServer> Personality<S> for Multiplex {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Multiplex);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners, watch, restart, elders } = running;
        Ok(Stop::of(pool::one::<S, Loop>(server, &info, listeners, (watch, restart, elders))?))
    }
}
