//! How connections are given to processes.
//!
//! A personality takes a server that is bound and has its privileges dropped, serves until it is
//! told to stop, and closes. `personality = "prefork"` names one that comes with netserver; a path
//! names anybody's.

mod prefork;
mod single;

use netserver_options::BuiltIn;

pub use prefork::PreFork;
pub use single::Single;

use crate::error::{Error, Result};
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::Listeners;

/// A server that is ready to serve: bound, with the privileges it keeps.
#[derive(Debug)]
pub struct Running {
    pub(crate) info: ServerInfo,
    pub(crate) listeners: Listeners,
}

impl Running {
    /// Options, addresses and arguments.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }
}

/// How a server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As it was asked to: exit code 0.
    AsAsked,
    /// Some process had to be killed: exit code 1.
    Killed,
}

/// How connections are given to processes.
#[diagnostic::on_unimplemented(
    message = "personality `{Self}` cannot serve `{S}`",
    label = "not a personality for this server",
    note = "`single` and `prefork` serve any `NetServer`: put `#[net_server]` on the impl block that has `process_request`"
)]
pub trait Personality<S> {
    /// Which of the built-in ones it is, whose options it takes and whose place another of them may
    /// take by `--server_type`; `None` for anybody else's.
    const BUILT_IN: Option<BuiltIn> = None;

    /// Serves until the server is told to stop, then closes it.
    ///
    /// # Errors
    /// Where it could not serve, or not go on.
    fn serve(server: &mut S, running: Running) -> Result<Stop>;

    /// Serves as the built-in personality that `--server_type` named instead.
    ///
    /// # Errors
    /// As [`serve`](Self::serve); and always where this one is not built in.
    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        let _ = (server, running);
        Err(Error::new(format!("this server has a personality of its own, not {}", other.name())))
    }
}

/// Every built-in personality that needs no more than a [`NetServer`].
fn serve_net_server<S: NetServer>(
    personality: BuiltIn,
    server: &mut S,
    running: Running,
) -> Result<Stop> {
    match personality {
        BuiltIn::Single => Single::serve(server, running),
        BuiltIn::PreFork => PreFork::serve(server, running),
    }
}
