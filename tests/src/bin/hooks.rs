//! Logs every hook as it runs; the log says in which process. A client that says "deny" before
//! anything else is denied.

use netserver::prelude::*;

#[derive(Clone)]
struct Logs;

fn met(hook: &str) {
    log::info!("hook {hook}");
}

#[net_server(personality = ["prefork", "thread"], port = 0, min_servers = 1, max_servers = 1)]
impl Logs {
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        // There is no log yet, so what it does is seen by what it sets.
        options.set("listen", 77)?;
        Ok(())
    }

    fn post_configure_hook(&mut self, server: &ServerInfo) {
        assert_eq!(server.listeners().count(), 0, "nothing is bound yet");
        log::info!("hook configure_hook set listen={}", server.options().listen());
        met("post_configure_hook");
    }

    fn post_bind_hook(&mut self, server: &ServerInfo) {
        met(&format!("post_bind_hook on {}", server.listeners().count()));
    }

    fn pre_loop_hook(&mut self) {
        met("pre_loop_hook");
    }

    fn pre_fork_hook(&mut self) {
        met("pre_fork_hook");
    }

    fn child_init_hook(&mut self) {
        met("child_init_hook");
    }

    fn post_accept_hook(&mut self) {
        met("post_accept_hook");
    }

    fn allow_deny_hook(&mut self, conn: &mut Connection) -> io::Result<bool> {
        met("allow_deny_hook");
        Ok(conn.next_line()?.as_deref() != Some("deny"))
    }

    fn request_denied_hook(&mut self, conn: &mut Connection) -> io::Result<()> {
        met("request_denied_hook");
        writeln!(conn, "denied")
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        met("process_request");
        writeln!(conn, "served")
    }

    fn post_process_request_hook(&mut self, _conn: &mut Connection, allowed: bool) {
        met(&format!("post_process_request_hook {allowed}"));
    }

    fn post_client_connection_hook(&mut self) {
        met("post_client_connection_hook");
    }

    fn child_finish_hook(&mut self) {
        met("child_finish_hook");
    }

    fn pre_server_close_hook(&mut self) {
        met("pre_server_close_hook");
    }

    fn post_child_cleanup_hook(&mut self) {
        met("post_child_cleanup_hook");
    }
}

fn main() -> ExitCode {
    Logs.run()
}
