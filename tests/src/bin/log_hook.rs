//! Sees each record of its log: what begins with `mine` it keeps for itself, and `fail` and `panic` have
//! the hook do so.

#![allow(clippy::panic, reason = "that is what it is asked for")]

use netserver::prelude::*;

#[derive(Clone)]
struct Sees;

#[net_server(personality = ["fork", "thread"], port = 0, host = "127.0.0.1")]
impl Sees {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            log::info!("{line}");
        }
        writeln!(conn, "logged")
    }

    fn write_to_log_hook(level: u32, message: &str) -> Result<bool> {
        match message.split_whitespace().next() {
            Some("mine") => {
                log::warn!("mine seen at {level}: {message}");
                return Ok(false);
            }
            Some("fail") => return Err("told to fail".into()),
            Some("panic") => panic!("told to panic"),
            _ => {}
        }
        Ok(true)
    }
}

fn main() -> ExitCode {
    Sees.run()
}
