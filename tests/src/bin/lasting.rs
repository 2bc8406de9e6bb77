//! Tells each client which generation of the server it has, and which process: at once, slowly, or a line
//! at a time. What a restart costs is seen by that.

use std::time::{Duration, Instant};

use netserver::prelude::*;

#[derive(Clone, Default)]
struct Lasting {
    server: Option<ServerInfo>,
}

/// Does something that takes so long.
fn linger(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::thread::park_timeout(time.saturating_sub(start.elapsed()));
    }
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap_or(0.0))
}

impl Lasting {
    fn generation(&self) -> u32 {
        self.server.as_ref().map_or(0, ServerInfo::generation)
    }

    /// Generation, own process, and whose child that is.
    fn who(&self) -> String {
        let parent = std::os::unix::process::parent_id();
        format!("{} {} {parent}", self.generation(), std::process::id())
    }

    /// A number at the beginning comes back, and all that is known of the datagram.
    fn answer_datagram(&self, conn: &mut Connection) -> Result<()> {
        let mut input = Vec::new();
        conn.read_to_end(&mut input)?;
        let number = input.split(|byte| *byte == b' ').next().unwrap_or_default();
        let number = String::from_utf8_lossy(number).into_owned();
        let cut = if conn.is_truncated() { "truncated" } else { "whole" };
        let peer = conn.peer().clone();
        write!(conn, "{} {cut} {peer} {} {number}", input.len(), self.generation())?;
        Ok(())
    }
}

#[net_server(personality = ["prefork", "thread"], port = 0, host = "127.0.0.1")]
impl Lasting {
    fn pre_loop_hook(&mut self, server: &ServerInfo) {
        self.server = Some(server.clone());
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        if conn.is_datagram() {
            return self.answer_datagram(conn);
        }
        while let Some(line) = conn.next_line()? {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["say", text] => writeln!(conn, "{text} {}", self.who())?,
                ["slow", time, text] => {
                    writeln!(conn, "begun")?;
                    conn.flush()?;
                    linger(seconds(time));
                    writeln!(conn, "{text} {}", self.who())?;
                }
                ["drip", count, time] => {
                    let count: u32 = count.parse().unwrap_or(0);
                    for at in 0..count {
                        writeln!(conn, "{at}")?;
                        conn.flush()?;
                        linger(seconds(time) / count);
                    }
                }
                ["quit"] => return Ok(()),
                _ => writeln!(conn, "? {line}")?,
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Lasting::default().run()
}
