//! The hooks that most servers use, in the order in which a server meets them: run it, connect by
//! `nc localhost 20203`, and stop it with ctrl-c. Each says when it comes. The number in brackets is the
//! process; with `--server_type=single` there is only one.

use log::info;
use netserver::prelude::*;

struct Hooks;

#[net_server(personality = ["prefork", "single"], port = 20203, min_servers = 1, max_servers = 2)]
impl Hooks {
    /// Before everything else: there is no log yet, and no server value.
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        options.set("read_timeout", "60s")?;
        Ok(())
    }

    fn post_configure_hook(&mut self, server: &ServerInfo) {
        info!("post_configure_hook: read_timeout is {:?}", server.options().read_timeout());
    }

    fn post_bind_hook(&mut self, server: &ServerInfo) {
        info!("post_bind_hook: {} listeners are bound", server.listeners().count());
    }

    fn pre_loop_hook(&mut self) {
        info!("pre_loop_hook: the last point at which a failure ends the start");
    }

    fn pre_fork_hook(&mut self) {
        info!("pre_fork_hook: in the parent, before each child");
    }

    fn child_init_hook(&mut self) {
        info!("child_init_hook: first in each child, which opens here what it shares with nobody");
    }

    fn post_accept_hook(&mut self, conn: &mut Connection) {
        info!("post_accept_hook: here is {}", conn.peer());
    }

    fn allow_deny_hook(&mut self, conn: &mut Connection) -> bool {
        info!("allow_deny_hook: is it to be served?");
        conn.peer().ip().is_some_and(|ip| ip.is_loopback())
    }

    fn request_denied_hook(&mut self) {
        info!("request_denied_hook: it is not");
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        info!("process_request: it is");
        writeln!(conn, "hello")
    }

    fn post_process_request_hook(&mut self, _conn: &mut Connection, allowed: bool) {
        info!("post_process_request_hook: still connected, and allowed: {allowed}");
    }

    fn post_client_connection_hook(&mut self) {
        info!("post_client_connection_hook: the connection is closed");
    }

    fn child_finish_hook(&mut self) {
        info!("child_finish_hook: last in each child");
    }

    fn pre_server_close_hook(&mut self) {
        info!("pre_server_close_hook: the server begins to stop");
    }

    fn post_child_cleanup_hook(&mut self) {
        info!("post_child_cleanup_hook: all children are gone");
    }
}

fn main() -> ExitCode {
    Hooks.run()
}
