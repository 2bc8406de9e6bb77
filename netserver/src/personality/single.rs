//! `single`: one process, one connection at a time.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::handler::NetServer;

/// One process serves one connection at a time; further clients wait in the kernel. For services
/// that are asked rarely, and for looking at a handler with a debugger.
#[derive(Debug)]
pub struct Single;

impl<S: NetServer> Personality<S> for Single {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Single);

    fn serve(server: &mut S, mut running: Running) -> Result<Stop> {
        let outcome = running.serve_here(server, || true);
        running.close(server);
        outcome.map(|()| Stop::AsAsked)
    }

    fn serves(other: BuiltIn) -> bool {
        !other.is_particular()
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}
