//! A service for the users of one machine, over a UNIX socket: the kernel says who asks.
//!
//! `nc -U notes.sock`, and then `add buy milk` or `list`.

use std::collections::HashMap;

use netserver::prelude::*;

/// Keeps notes of each user, and shows them to nobody else.
#[derive(Default)]
struct Notes {
    of_user: HashMap<u32, Vec<String>>,
}

/// Keeps notes of each user.
#[net_server(personality = "single", port = "notes.sock|unix", unix_mode = "0666")]
impl Notes {
    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        let Some(who) = conn.peer_cred()? else {
            writeln!(conn, "this service is for UNIX sockets")?;
            return Ok(());
        };
        let notes = self.of_user.entry(who.uid).or_default();
        while let Some(line) = conn.next_line()? {
            match line.split_once(' ') {
                Some(("add", note)) => notes.push(note.to_owned()),
                _ if line == "list" => {
                    notes.iter().try_for_each(|note| writeln!(conn, "{note}"))?;
                }
                _ => writeln!(conn, "add NOTE or list")?,
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Notes::default().run()
}
