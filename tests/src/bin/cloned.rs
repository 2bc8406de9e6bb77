//! Says who serves: each clone of the server has a number of its own. `CLONE` in the environment says that
//! cloning panics until the file `HEALED` is there; dropping a clone panics with `DROP`.

#![allow(clippy::panic, reason = "that is what it is asked for")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use netserver::prelude::*;

struct Cloned {
    number: usize,
    /// What all of one process share.
    made: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
}

fn is_sick(wish: &str) -> bool {
    let healed = std::env::var_os("HEALED").is_some_and(|file| Path::new(&file).exists());
    std::env::var_os(wish).is_some() && !healed
}

impl Clone for Cloned {
    fn clone(&self) -> Self {
        assert!(!is_sick("CLONE"), "cannot be cloned");
        let number = self.made.fetch_add(1, SeqCst) + 1;
        Self { number, made: Arc::clone(&self.made), served: Arc::clone(&self.served) }
    }
}

impl Drop for Cloned {
    fn drop(&mut self) {
        assert!(!is_sick("DROP") || self.number == 0, "cannot be dropped");
    }
}

#[net_server(personality = ["thread", "prefork"], port = 0, host = "127.0.0.1")]
impl Cloned {
    /// Runs in the thread that the process began with, before there are others.
    fn child_init_hook(&mut self) {
        self.served.store(0, SeqCst);
        log::info!("child_init_hook in thread {}", std::thread::current().name().unwrap_or("?"));
    }

    fn child_finish_hook(&mut self) {
        log::info!("child_finish_hook after {} clients", self.served.load(SeqCst));
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let served = self.served.fetch_add(1, SeqCst) + 1;
        writeln!(conn, "clone {} serves client {served}", self.number)?;
        while let Some(line) = conn.next_line()? {
            writeln!(conn, "{line}")?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Cloned { number: 0, made: Arc::default(), served: Arc::default() }.run()
}
