//! Logs each hook and each callback as it runs, those of queues and of children that talk too; the log says
//! in which process. A client that says "deny" is denied; with `multiplex`, where nothing is read before, it is
//! the second one.

use std::time::Duration;

use netserver::prelude::*;
use netserver::{Child, ChildEnd, Message};

#[derive(Clone, Default)]
struct Logs {
    server: Option<ServerInfo>,
    /// How many clients came, with `multiplex`.
    seen: usize,
}

impl Logs {
    fn tell_parent(&self) {
        if let Some(server) = &self.server {
            // Without a parent there is nobody to be told.
            let _ = server.tell_parent(&"served".to_owned());
        }
    }
}

/// What nobody else sets it to.
const LONGEST: u64 = 77;

fn met(hook: &str) {
    log::info!("hook {hook}");
}

#[net_server(
    personality = ["single", "inet", "fork", "prefork_simple", "prefork", "multiplex", "thread"],
    port = 0,
    host = "127.0.0.1",
    min_servers = 1,
    max_servers = 1,
    child_communication,
    check_for_dequeue = "20ms"
)]
impl Logs {
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        // There is no log yet, so what it does is seen by what it sets.
        options.set("max_line", LONGEST.to_string())?;
        Ok(())
    }

    fn post_configure_hook(&mut self, server: &ServerInfo) {
        if server.options().max_line() == LONGEST {
            met("configure_hook");
        }
        met("post_configure_hook");
        self.server = Some(server.clone());
    }

    fn post_bind_hook(&mut self) {
        met("post_bind_hook");
    }

    fn pre_loop_hook(&mut self) {
        met("pre_loop_hook");
    }

    fn run_n_children_hook(&mut self) {
        met("run_n_children_hook");
    }

    fn pre_fork_hook(&mut self) {
        met("pre_fork_hook");
    }

    fn register_child(&mut self) {
        met("register_child");
    }

    fn child_init_hook(&mut self) {
        met("child_init_hook");
    }

    fn pre_accept_hook(&mut self) {
        met("pre_accept_hook");
    }

    fn post_accept_hook(&mut self) {
        met("post_accept_hook");
    }

    fn allow_deny_hook(&mut self, conn: &mut Connection) -> io::Result<bool> {
        met("allow_deny_hook");
        let personality = self.server.as_ref().map(ServerInfo::personality);
        if personality == Some("multiplex") {
            self.seen += 1;
            return Ok(self.seen != 2);
        }
        Ok(conn.next_line()?.as_deref() != Some("deny"))
    }

    fn request_denied_hook(&mut self, conn: &mut Connection) -> io::Result<()> {
        met("request_denied_hook");
        writeln!(conn, "denied")
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        met("process_request");
        self.tell_parent();
        writeln!(conn, "served")
    }

    fn mux_connection(&mut self) {
        met("mux_connection");
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        met("mux_input");
        self.tell_parent();
        if input.take_line().as_deref() == Some("hello") {
            mux.set_timeout(Duration::from_millis(1));
        }
        mux.write("served\n");
    }

    fn mux_eof(&mut self) {
        met("mux_eof");
    }

    fn mux_timeout(&mut self, mux: &mut Mux<'_>) {
        met("mux_timeout");
        mux.close();
    }

    fn mux_stopping(&mut self, mux: &mut Mux<'_>) {
        met("mux_stopping");
        mux.close();
    }

    fn mux_close(&mut self) {
        met("mux_close");
    }

    fn post_process_request_hook(&mut self) {
        met("post_process_request_hook");
    }

    fn post_client_connection_hook(&mut self) {
        met("post_client_connection_hook");
    }

    fn child_finish_hook(&mut self) {
        met("child_finish_hook");
    }

    fn idle_loop_hook(&mut self) {
        met("idle_loop_hook");
    }

    fn child_is_talking_hook(&mut self, _child: &Child, _message: &Message) {
        met("child_is_talking_hook");
    }

    fn cleanup_dead_child_hook(&mut self, _child: &Child, _end: ChildEnd) {
        met("cleanup_dead_child_hook");
    }

    fn delete_child_hook(&mut self) {
        met("delete_child_hook");
    }

    fn other_child_died_hook(&mut self) {
        met("other_child_died_hook");
    }

    fn run_dequeue(&mut self) -> bool {
        met("run_dequeue");
        true
    }

    fn dequeue(&mut self) {
        met("dequeue");
    }

    fn restart_open_hook(&mut self) {
        met("restart_open_hook");
    }

    fn restart_close_hook(&mut self) {
        met("restart_close_hook");
    }

    fn pre_server_close_hook(&mut self) {
        met("pre_server_close_hook");
    }

    fn post_child_cleanup_hook(&mut self) {
        met("post_child_cleanup_hook");
    }

    fn fatal_hook(&mut self) {
        met("fatal_hook");
    }
}

fn main() -> ExitCode {
    Logs::default().run()
}
