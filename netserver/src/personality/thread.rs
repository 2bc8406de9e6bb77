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

/// A server of which each thread has a clone: any that is `Clone` and `Send`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be served by `thread`: each thread has a clone of it, so it has to be `Clone` and `Send`",
    label = "not `Clone`, or not `Send`",
    note = "write `#[derive(Clone)]` above its struct; what is to be one for all threads is behind an `Arc`",
    note = "not `Send` is what holds an `Rc` or a raw pointer: take an `Arc`, and a `Mutex` or an atomic in place of a `RefCell` or a `Cell` in it"
)]
pub trait EachThread: Clone + Send {}

#[diagnostic::do_not_recommend]
impl<S: Clone + Send> EachThread for S {}

impl<S: NetServer + EachThread> Personality<S> for Thread {
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
