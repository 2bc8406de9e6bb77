//! A poll: what each client says counts as a vote, for all to see. Threads of one process share the count by
//! an `Arc`; each has a clone of everything else.
//!
//! `nc localhost 20212`, and then a word on each line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use netserver::prelude::*;

/// The votes that everybody shares, and how many came by this thread.
#[derive(Clone, Default)]
struct Poll {
    votes: Arc<Mutex<BTreeMap<String, u64>>>,
    by_me: u64,
}

/// Counts votes.
#[net_server(personality = "thread", port = 20212, max_servers = 20)]
impl Poll {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            let word = line.trim();
            // Held for no longer than the counting takes: others wait for it. A thread that panicked with it
            // has left a count that is whole.
            let mut votes = self.votes.lock().unwrap_or_else(PoisonError::into_inner);
            if word.is_empty() {
                let all = votes.iter().map(|(word, count)| format!("{word}: {count}\n"));
                let all: String = all.collect();
                drop(votes);
                conn.write_all(all.as_bytes())?;
                continue;
            }
            let count = votes.entry(word.to_owned()).or_default();
            *count += 1;
            let count = *count;
            drop(votes);
            self.by_me += 1;
            writeln!(conn, "{word}: {count}, of {} by this thread", self.by_me)?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Poll::default().run()
}
