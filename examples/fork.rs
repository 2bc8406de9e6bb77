//! A guessing game, where each client has a process of its own: what it keeps there dies with it.
//!
//! `nc localhost 20207`, and then a number on each line.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use netserver::prelude::*;

/// One game: the process has one client, so that nothing needs to be put back for the next.
#[derive(Default)]
struct Game {
    secret: u64,
    tries: u32,
}

/// Has a number guessed.
#[net_server(personality = "fork", port = 20207, max_servers = 100)]
impl Game {
    /// Drawn in the child: drawn in the parent it would be the same in all.
    fn child_init_hook(&mut self) {
        self.secret = RandomState::new().hash_one(std::process::id()) % 100 + 1;
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "Guess a number from 1 to 100.")?;
        while let Some(line) = conn.next_line()? {
            let Ok(guess) = line.trim().parse::<u64>() else {
                writeln!(conn, "That is no number.")?;
                continue;
            };
            self.tries += 1;
            match guess.cmp(&self.secret) {
                Ordering::Less => writeln!(conn, "Higher.")?,
                Ordering::Greater => writeln!(conn, "Lower.")?,
                Ordering::Equal => return writeln!(conn, "Right, in {} tries.", self.tries),
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Game::default().run()
}
