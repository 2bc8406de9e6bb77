//! Any program as a server, as inetd and tcpserver do: it is started for each client, which is its standard
//! input and output, and is told in its environment who that is.
//!
//! A program that does not end when the server is to has `graceful_timeout` and `kill_timeout`: then the child that
//! waits for it is killed. The server knows nothing of the program, which goes on with its client.
//!
//! `cargo run --example exec -- -- tr a-z A-Z`, and then `echo hello | nc -N 127.0.0.1 20220`.

use std::ffi::OsString;
use std::process::Command;

use netserver::Error;
use netserver::prelude::*;

#[derive(Default)]
struct Exec {
    command: Vec<OsString>,
}

/// Starts a program for each client.
#[net_server(personality = "fork", port = "127.0.0.1:20220", stdio = true, max_servers = 50)]
impl Exec {
    /// What stands behind the options is the server's own.
    fn post_configure_hook(&mut self, server: &ServerInfo) -> Result<()> {
        self.command = server.args().to_vec();
        if self.command.is_empty() {
            return Err(Error::new("no program; write exec -- PROGRAM [ARGUMENT]..."));
        }
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let Some((program, arguments)) = self.command.split_first() else { return Ok(()) };
        let mut command = Command::new(program);
        command.args(arguments).env("PROTO", conn.proto().to_uppercase());
        if let Some(peer) = conn.peer().inet() {
            command.env("TCPREMOTEIP", peer.ip().to_string());
            command.env("TCPREMOTEPORT", peer.port().to_string());
        }
        // Descriptors 0 and 1 are the client by `stdio`, 2 is where the server logs.
        log::info!("{}: {}", conn.peer(), command.status()?);
        Ok(())
    }
}

fn main() -> ExitCode {
    Exec::default().run()
}
