//! Forks while threads of its own print, log, allocate and look up names all the time.

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use netserver::prelude::*;

struct Threads;

/// Has a thread do the same again and again.
fn hammer(mut blow: impl FnMut() + Send + 'static) {
    std::thread::spawn(move || {
        loop {
            blow();
            std::thread::yield_now();
        }
    });
}

#[net_server(personality = "fork", port = 0)]
impl Threads {
    fn pre_loop_hook(&mut self) {
        hammer(|| drop(writeln!(io::stdout(), "chatter")));
        hammer(|| {
            log::info!("chatter");
            // A log of some size.
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_micros(50) {
                std::hint::spin_loop();
            }
        });
        let mut kept = Vec::new();
        let mut size = 0;
        hammer(move || {
            size = (size + 997) % 100_000;
            kept.push(vec![1_u8; size]);
            kept.truncate(kept.len() % 50);
        });
        hammer(|| drop(("localhost", 0).to_socket_addrs()));
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        if let Some(line) = conn.next_line()? {
            log::info!("served {line}");
            writeln!(conn, "{line}")?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Threads.run()
}
