//! A server that another program starts for each client, with the client as its standard input and
//! output: it binds nothing, and counts the words that it is sent.
//!
//! In `inetd.conf`:
//!
//! ```text
//! 20209 stream tcp nowait nobody /usr/local/bin/words words
//! ```
//!
//! As systemd's `words@.service`, beside a `words.socket` with `ListenStream=20209` and `Accept=yes`:
//!
//! ```text
//! [Service]
//! ExecStart=/usr/local/bin/words
//! StandardInput=socket
//! StandardError=journal
//! ```
//!
//! From a shell: `socat TCP-LISTEN:20209,fork,reuseaddr EXEC:/usr/local/bin/words,nofork`, or with no
//! network at all: `echo one two | words`.

use netserver::prelude::*;

struct Words;

/// Counts lines and words.
#[net_server(personality = "inet", log_level = 1)]
impl Words {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let (mut lines, mut words) = (0_u64, 0);
        while let Some(line) = conn.next_line()? {
            if line == "." {
                break;
            }
            lines += 1;
            words += line.split_whitespace().count();
        }
        writeln!(conn, "{lines} lines, {words} words")
    }
}

fn main() -> ExitCode {
    Words.run()
}
