//! A protocol of one's own: behind a proxy that says who the client really is, by version 1 of
//! the PROXY protocol.
//!
//! `printf 'PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n' | nc -q1 127.0.0.1 20207`

use std::net::{IpAddr, SocketAddr};

use netserver::Proto;
use netserver::prelude::*;

/// The line that the proxy sends before anything of the client's.
#[derive(Debug)]
struct Proxied;

impl Proto for Proxied {
    fn handshake(&self, conn: &mut Connection) -> io::Result<()> {
        let line = conn.next_line()?.unwrap_or_default();
        match line.split(' ').collect::<Vec<_>>()[..] {
            // The proxy looks whether the server is there, and there is no client.
            ["PROXY", "UNKNOWN", ..] => Ok(()),
            ["PROXY", "TCP4" | "TCP6", client, _, port, _] => {
                let address = client.parse::<IpAddr>().ok().zip(port.parse().ok());
                let address = address.ok_or_else(|| broken(&line))?;
                conn.set_peer(SocketAddr::from(address));
                Ok(())
            }
            _ => {
                writeln!(conn, "this port is for the proxy")?;
                Err(broken(&line))
            }
        }
    }
}

fn broken(line: &str) -> io::Error {
    io::Error::other(format!("expected a line of the PROXY protocol, got {line:?}"))
}

/// Says to clients who they are.
struct Mirror;

#[net_server(personality = "prefork", proto = Proxied, port = "127.0.0.1:20207")]
impl Mirror {
    /// Nobody is served from there, and no proxy can hide it.
    fn allow_deny_hook(&mut self, conn: &mut Connection) -> bool {
        conn.peer().ip() != Some(IpAddr::from([192, 0, 2, 66]))
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "you are {}", conn.peer())
    }
}

fn main() -> ExitCode {
    Mirror.run()
}
