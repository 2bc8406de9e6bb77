//! Says what it knows of each connection, and how many bytes came.
//!
//! A word alone as the first line is a command: `print TEXT` writes to standard output, `run COMMAND`
//! starts a program whose standard input and output are the server's, `wait SECONDS` takes its time.

use std::io::Read;
use std::time::{Duration, Instant};

use netserver::prelude::*;

fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

#[derive(Clone)]
struct Facts;

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Facts {
    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        let mut input = Vec::new();
        if conn.is_datagram() {
            conn.read_to_end(&mut input)?;
        } else {
            input = conn.next_line_bytes()?.unwrap_or_default();
        }
        let text = String::from_utf8_lossy(&input).into_owned();
        let text = text.trim_end();
        match text.split_once(' ').unwrap_or((text, "")) {
            ("print", rest) => writeln!(io::stdout(), "{rest}")?,
            ("run", rest) => {
                std::process::Command::new("sh").args(["-c", rest]).status()?;
            }
            ("wait", rest) => {
                let time = Duration::from_secs_f64(number(rest));
                log::debug!("takes its time");
                let start = Instant::now();
                while start.elapsed() < time {
                    std::hint::spin_loop();
                }
                write!(conn, "waited")?;
            }
            ("fill", rest) => conn.write_all(&vec![b'x'; number(rest)])?,
            ("deadline", rest) => {
                conn.set_deadline(Duration::from_secs_f64(number(rest)));
                while let Some(line) = conn.next_line()? {
                    writeln!(conn, "{line}")?;
                }
            }
            ("tls", _) => {
                let said = conn.tls().map_or_else(
                    || "none".into(),
                    |tls| {
                        let alpn = String::from_utf8_lossy(tls.alpn().unwrap_or(b"-")).into_owned();
                        let certs = tls.peer_certificates().len();
                        let name = tls.server_name().unwrap_or("-");
                        format!("{} name={name} alpn={alpn} certs={certs}", tls.version())
                    },
                );
                writeln!(conn, "{said}")?;
            }
            ("silent", _) => {}
            _ => {
                let (proto, peer, local) = (conn.proto(), conn.peer(), conn.local()?);
                let cut = if conn.is_truncated() { "truncated" } else { "whole" };
                let uid = conn.peer_cred()?.map_or_else(|| "-".into(), |cred| cred.uid.to_string());
                let host = conn.peer_host().unwrap_or("-").to_owned();
                let length = input.len();
                writeln!(conn, "{proto} {length} {cut} {peer} {local} uid={uid} host={host}")?;
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Facts.run()
}
