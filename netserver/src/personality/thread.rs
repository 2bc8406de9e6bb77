//! `thread`: a managed pool of threads.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::error::Result;
use crate::handler::NetServer;
use crate::pool;
use crate::threads::Threads;

/// A pool of threads in one process, each serving one connection at a time with its own clone of the server,
/// that grows and shrinks with the load. Threads share what is shared by an `Arc`; a crash of one ends
/// all their connections. A parent manages that process as it does a pool, of one child.
#[derive(Debug)]
pub struct Thread;

/// A server of which each thread has a clone: any that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be served by `thread`: it is no `Clone`, and each thread has its own",
    label = "no `Clone`",
    note = "write `#[derive(Clone)]` above its struct; what is to be one for all threads is behind an `Arc`"
)]
pub trait EachThread: Clone {}

#[diagnostic::do_not_recommend]
impl<S: Clone> EachThread for S {}

impl<S: NetServer + EachThread + Send> Personality<S> for Thread {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Thread);

    fn serves(other: BuiltIn) -> bool {
        !other.is_particular()
    }

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let Running { info, listeners, watch, restart, elders } = running;
        Ok(Stop::of(pool::one::<S, Threads>(server, &info, listeners, (watch, restart, elders))?))
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}
