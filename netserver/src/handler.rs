//! What a server does: its handler, and a hook at every fixed point.
//!
//! The attribute `#[net_server]` implements these traits from the methods of an impl block; by hand
//! they give exactly the same server.

use std::io;

use crate::child::{Child, ChildEnd, ChildKind, Message};
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
    /// Which of these methods the server has; `None` where nobody knows, as it was written by hand.
    #[doc(hidden)]
    const WRITTEN: Option<&'static [&'static str]> = None;

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

    /// Hears that the listeners of the image before are about to be taken over.
    ///
    /// *When:* in the parent, after a restart only; nothing is bound or taken over yet. Not in a trial run.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Have the server go back to the image before, as do those of every hook before it serves; where that
    /// cannot be they end it, with exit code 1, and its children finish their requests.
    fn restart_open_hook(&mut self, server: &ServerInfo) -> Result<()> {
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

    /// Hears how many children are about to be forked.
    ///
    /// *When:* in the parent of a pool, before each batch of forks.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged; the children are forked all the same.
    fn run_n_children_hook(&mut self, count: usize, server: &ServerInfo) -> Result<()> {
        let _ = (count, server);
        Ok(())
    }

    /// Prepares a fork; `kind` tells what the child is for.
    ///
    /// *When:* in the parent, before each fork of a child. What it changes in `self` the child has
    /// too.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged at level 1; the child is not forked, and the parent tries again a second later. A
    /// client that `fork` has accepted waits for that long.
    fn pre_fork_hook(&mut self, server: &ServerInfo, kind: ChildKind) -> Result<()> {
        let _ = (server, kind);
        Ok(())
    }

    /// Learns of a new child: its number, what it is for, and with `child_communication` the way to
    /// tell it something.
    ///
    /// *When:* in the parent, after each fork of a child.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn register_child(&mut self, child: &Child, server: &ServerInfo) -> Result<()> {
        let _ = (child, server);
        Ok(())
    }

    /// Opens what a child must not share: a connection to a database, a random state.
    ///
    /// *When:* first in each child, before it serves; with `thread` before any thread has its clone.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged at level 1 and end the child, with `fork` its connection too. In a pool another
    /// takes its place, after a second the first time and up to `spawn_backoff_max` later on.
    fn child_init_hook(&mut self, server: &ServerInfo, kind: ChildKind) -> Result<()> {
        let _ = (server, kind);
        Ok(())
    }

    /// Does something before each client.
    ///
    /// *When:* in the parent of personality `fork`, each time it is about to wait for a client.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn pre_accept_hook(&mut self, server: &ServerInfo) -> Result<()> {
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
    /// *When:* in the worker, instead of `process_request`, or of all callbacks of `multiplex`.
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
    /// *When:* in the worker, still connected; also after a request that failed. With `multiplex` right before
    /// `mux_close`.
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
    /// *When:* in the worker; the connection is closed. Not with `multiplex`, where `mux_close` is for that.
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
    /// *When:* last in each child that ends as it should: told to, after `max_requests`, after the
    /// one connection of `fork`, or after `dequeue`. Not in one that was killed.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn child_finish_hook(&mut self, server: &ServerInfo, kind: ChildKind) -> Result<()> {
        let _ = (server, kind);
        Ok(())
    }

    /// Does something now and then.
    ///
    /// *When:* in the parent of a pool, each time it has something to look at, and at least every
    /// `check_for_waiting` or, with `prefork_simple`, `check_for_dead`. Clients do not wait for it, new
    /// children do.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn idle_loop_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Listens to a child. It may say anything, once a client has got the better of it: what it says
    /// is a claim, and only `child` is known.
    ///
    /// *When:* in the parent, for each message, with `child_communication`. A child that says very
    /// much is heard now and then.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn child_is_talking_hook(
        &mut self,
        child: &Child,
        message: &Message,
        server: &ServerInfo,
    ) -> Result<()> {
        let _ = (child, message, server);
        Ok(())
    }

    /// Learns how a child has ended.
    ///
    /// *When:* in the parent, for each child that has ended and was waited for: after a restart also for those
    /// of before it, of which `register_child` was called in another image, and for the one that serves
    /// whoever waits at a port that is none any more.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn cleanup_dead_child_hook(&mut self, child: &Child, end: ChildEnd) -> Result<()> {
        let _ = (child, end);
        Ok(())
    }

    /// Forgets a child.
    ///
    /// *When:* in the parent, right after `cleanup_dead_child_hook`, when its place is free.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn delete_child_hook(&mut self, child: &Child) -> Result<()> {
        let _ = child;
        Ok(())
    }

    /// Learns of the end of a process that is no child of the server.
    ///
    /// *When:* in the parent where it is process 1, as in a container: for a process that was left to
    /// it, has ended, and was not waited for by anybody in 10 s.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn other_child_died_hook(&mut self, pid: u32, end: ChildEnd) -> Result<()> {
        let _ = (pid, end);
        Ok(())
    }

    /// Decides whether a child is to be forked that empties a queue; or empties it here, and says no.
    ///
    /// *When:* in the parent, every `check_for_dequeue`, while there are fewer than `max_dequeue` such
    /// children.
    ///
    /// *Default:* yes.
    ///
    /// # Errors
    /// Are logged and mean no.
    fn run_dequeue(&mut self, server: &ServerInfo) -> Result<bool> {
        let _ = server;
        Ok(true)
    }

    /// Empties a queue.
    ///
    /// *When:* in a child of its own that has no listeners, between `child_init_hook` and
    /// `child_finish_hook`. A stop gives it as long as a request.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged; the child leaves with code 1.
    fn dequeue(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Sees a record of the log, of the runtime or of the program, at Net::Server's level of it: 0 error to
    /// 4 debug. Decides whether it is written as well: no where the hook has seen to it. The text is as it
    /// was logged: what a client has sent may be in it, with control characters and line breaks.
    ///
    /// *When:* in whichever process and thread logs something, for each record that `log_level` lets
    /// through; there is no server value. What the hook itself logs is written without being asked. Not
    /// called where the program has installed a logger of its own.
    ///
    /// *Default:* yes.
    ///
    /// # Errors
    /// Are logged; the record is written.
    fn write_to_log_hook(level: u32, message: &str) -> Result<bool> {
        let _ = (level, message);
        Ok(true)
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
    /// *When:* in the parent; all children are gone. With `single` too. After a restart in the new image, once
    /// the last child of before it is gone, where there was any.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged; the stop goes on.
    fn post_child_cleanup_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Closes what the next image must not find open: files and sockets of the program are closed by the
    /// restart anyway, but what it has locked or made stays.
    ///
    /// *When:* in the parent, right before it becomes the next image. Should that fail the server goes on, and
    /// the next restart calls it again.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged, and the server does not restart.
    fn restart_close_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let _ = server;
        Ok(())
    }

    /// Tells somebody that the process ends before its time: what has happened, and in which file and line
    /// of the program, or of this library.
    ///
    /// *When:* in the parent, where the server could not start once its value was made, or could not go on,
    /// or a hook has returned [`Error::fatal`](crate::Error::fatal): last of all, after it has closed. In a
    /// child, where a hook or `process_request` has: before `child_finish_hook`. It is logged, at level 0,
    /// after this.
    ///
    /// *Default:* does nothing.
    ///
    /// # Errors
    /// Are logged.
    fn fatal_hook(&mut self, message: &str, file: &str, line: u32) -> Result<()> {
        let _ = (message, file, line);
        Ok(())
    }
}

/// A server that handles one connection at a time in each of its processes or threads.
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
