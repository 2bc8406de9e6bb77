//! What a server does: its handler, and a hook at every fixed point.
//!
//! The attribute `#[net_server]` implements these traits from the methods of an impl block; by hand
//! they give exactly the same server.

use std::io;

use crate::connection::Connection;
use crate::error::Result;
use crate::info::ServerInfo;
use crate::options::set::OptionSet;

/// The hooks of a server, in the order in which it meets them. Each one does nothing by default.
///
/// A *parent* manages children; with personality `single` there is only one process, which is
/// parent and worker in one. A *worker* serves connections; a *child* is a worker that was forked.
/// A panic in a hook is an error of that hook.
pub trait Hooks {
    /// Sets options that are known only at run time. They are stronger than the attribute and
    /// weaker than everything else.
    ///
    /// *When:* first of all, in the starting process, before command line and conf file are read;
    /// there is no server value yet.
    ///
    /// *Default:* sets nothing.
    ///
    /// # Errors
    /// End the start, with exit code 1; a refused option with 2.
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        let _ = options;
        Ok(())
    }

    /// Looks at the options, and prepares what needs no listener.
    ///
    /// *When:* in the parent; the options are known, nothing is bound.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// End the start, with exit code 1.
    fn post_configure_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Opens what needs the privileges of the start.
    ///
    /// *When:* in the parent; every listener is bound.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// End the start, with exit code 1; the listeners are closed.
    fn post_bind_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Does the last thing before clients are served.
    ///
    /// *When:* in the parent, before any child is forked.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// End the start, with exit code 1; the listeners are closed.
    fn pre_loop_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Prepares a fork.
    ///
    /// *When:* in the parent, before each fork of a child. What it changes in `self` the child has
    /// too.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged at level 1; the child is not forked, and the parent tries again a second later.
    fn pre_fork_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Opens what a child must not share: a connection to a database, a random state.
    ///
    /// *When:* first in each child, before it serves.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged at level 1 and end the child; another takes its place, no sooner than a second
    /// later.
    fn child_init_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Looks at a connection before anything is decided.
    ///
    /// *When:* in the worker, right after accept.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged and end the connection.
    fn post_accept_hook(&mut self, conn: &mut Connection) -> Result<()> {
        let _ = conn;
        Ok(())
    }

    /// Decides whether a connection may be served.
    ///
    /// *When:* in the worker, after `post_accept_hook`, where the rules of the options allow it.
    ///
    /// *Default:* yes.
    ///
    /// # Errors
    /// Are logged and mean no.
    fn allow_deny_hook(&mut self, conn: &mut Connection) -> Result<bool> {
        let _ = conn;
        Ok(true)
    }

    /// Says why, or counts, where a connection may not be served.
    ///
    /// *When:* in the worker, instead of `process_request`.
    ///
    /// *Default:* says nothing; the connection closes.
    ///
    /// # Errors
    /// Are logged.
    fn request_denied_hook(&mut self, conn: &mut Connection) -> Result<()> {
        let _ = conn;
        Ok(())
    }

    /// Does what follows each request; `allowed` tells whether it was one or its denial.
    ///
    /// *When:* in the worker, still connected; also after a request that failed.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn post_process_request_hook(&mut self, conn: &mut Connection, allowed: bool) -> Result<()> {
        let _ = (conn, allowed);
        Ok(())
    }

    /// Tidies up after a connection.
    ///
    /// *When:* in the worker; the connection is closed.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn post_client_connection_hook(&mut self) -> Result<()> {
        Ok(())
    }

    /// Closes what `child_init_hook` opened.
    ///
    /// *When:* last in each child that ends as it should: told to, or after `max_requests`. Not in
    /// one that was killed.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn child_finish_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Hears that the server stops.
    ///
    /// *When:* in the parent, before any child is told; with `single` after the last connection.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged; the stop goes on.
    fn pre_server_close_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Tidies up after everything.
    ///
    /// *When:* in the parent; all children are gone. With `single` too.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged; the stop goes on.
    fn post_child_cleanup_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }
}

/// A server that handles one connection at a time in each of its processes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle connections",
    label = "no `process_request`",
    note = "put `#[net_server]` on the impl block that has `fn process_request(&mut self, conn: &mut Connection) -> io::Result<()>`"
)]
pub trait NetServer: Hooks {
    /// Serves one connection. It closes when this returns, after everything written was sent.
    ///
    /// *When:* in the worker, for each connection that may be served.
    ///
    /// # Errors
    /// Are logged and end the connection: at level 3 where they are the connection's own, as the
    /// client went away, was too slow or sent what is no line; at level 1 otherwise. A panic is
    /// logged at level 1 and ends the connection and no more.
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()>;
}
