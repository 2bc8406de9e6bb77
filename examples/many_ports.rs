//! One handler behind every protocol there is. `cargo run --example many_ports --features tls`, and then
//!
//! - `nc 127.0.0.1 20210`, `nc -u 127.0.0.1 20210`, `nc -6 ::1 20210`
//! - `nc -U many.sock`, `nc -uU -s answers.sock many-packets.sock`
//! - `openssl s_client -quiet -connect 127.0.0.1:20211`

mod demo;

use demo::Demo;
use netserver::prelude::*;

struct Many;

/// Says by which way each client came.
#[net_server(
    personality = "prefork",
    port = [
        "127.0.0.1:20210",
        "127.0.0.1:20210/udp",
        "[::1]:20210",
        "[::1]:20210/udp",
        "many.sock|unix",
        "many-packets.sock|unixdgram",
        "127.0.0.1:20211/ssl",
    ],
)]
impl Many {
    fn post_bind_hook(&mut self, server: &ServerInfo) {
        for listener in server.listeners() {
            log::info!("listens on {listener}");
        }
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let (proto, peer) = (conn.proto(), conn.peer());
        let line = conn.next_line()?.unwrap_or_default();
        writeln!(conn, "{proto} from {peer}: {line}")
    }
}

fn main() -> ExitCode {
    match Demo::new() {
        Ok(demo) => Many.run_with([("ssl_cert_file", demo.certificate())]),
        Err(err) => {
            log::error!("cannot make a certificate: {err}");
            ExitCode::FAILURE
        }
    }
}
