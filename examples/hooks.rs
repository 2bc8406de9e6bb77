//! Every hook, in the order in which a server meets them: run it, connect, and stop it with ctrl-c.
//!
//! The number in brackets is the process. With `--server_type=single` there is only one.

use netserver::prelude::*;

struct Hooks;

#[net_server(personality = ["prefork", "single"], port = 20203, min_servers = 1, max_servers = 2)]
impl Hooks {
    /// Before everything else: there is no log yet, and no server value.
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        options.set("read_timeout", "60s")?;
        Ok(())
    }

    /// The options are known; nothing is bound.
    fn post_configure_hook(&mut self, server: &ServerInfo) {
        let timeout = server.options().read_timeout();
        log::info!("post_configure_hook: configure_hook set read_timeout to {timeout:?}");
    }

    /// Every listener is bound.
    fn post_bind_hook(&mut self, server: &ServerInfo) {
        for address in server.listeners() {
            log::info!("post_bind_hook: {address}");
        }
    }

    /// The last point at which a failure ends the start.
    fn pre_loop_hook(&mut self) {
        log::info!("pre_loop_hook");
    }

    /// In the parent, before each fork.
    fn pre_fork_hook(&mut self) {
        log::info!("pre_fork_hook");
    }

    /// First in each child: what it must not share with others it opens here.
    fn child_init_hook(&mut self) {
        log::info!("child_init_hook");
    }

    /// Right after accept.
    fn post_accept_hook(&mut self, conn: &mut Connection) {
        log::info!("post_accept_hook: {}", conn.peer());
    }

    /// Decides whether the connection is served.
    fn allow_deny_hook(&mut self, conn: &mut Connection) -> bool {
        let allowed = conn.peer().ip().is_some_and(|ip| ip.is_loopback());
        log::info!("allow_deny_hook: {allowed}");
        allowed
    }

    /// Instead of the handler, for a connection that is not.
    fn request_denied_hook(&mut self) {
        log::info!("request_denied_hook");
    }

    /// The handler.
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        log::info!("process_request");
        writeln!(conn, "hello")
    }

    /// After either, still connected.
    fn post_process_request_hook(&mut self, _conn: &mut Connection, allowed: bool) {
        log::info!("post_process_request_hook: {allowed}");
    }

    /// The connection is closed.
    fn post_client_connection_hook(&mut self) {
        log::info!("post_client_connection_hook");
    }

    /// Last in each child.
    fn child_finish_hook(&mut self) {
        log::info!("child_finish_hook");
    }

    /// The server begins to stop.
    fn pre_server_close_hook(&mut self) {
        log::info!("pre_server_close_hook");
    }

    /// All children are gone.
    fn post_child_cleanup_hook(&mut self) {
        log::info!("post_child_cleanup_hook");
    }
}

fn main() -> ExitCode {
    Hooks.run()
}
