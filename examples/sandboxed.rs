//! A bug of the worst kind, contained: a process for each client is all that it can take down, and all
//! that it can look into.
//!
//! `echo 5 hello | nc -N 127.0.0.1 20217`, and then `echo 99999999 hello | nc -N 127.0.0.1 20217`.

use netserver::prelude::*;

/// Repeats a word, as many bytes of it as its client asks for.
#[derive(Default)]
struct Heartbeat {
    crashed: u32,
}

/// What Heartbleed was: the length is believed. It stands for whatever is not written in safe Rust, be it a
/// decoder of images, a parser of a C library or a plugin.
#[expect(unsafe_code, reason = "the bug that this example is about")]
fn repeat(word: &str, length: usize) -> Vec<u8> {
    // SAFETY: none. Behind the word comes what else this process has in its memory, and then a page that it has not.
    (0..length).map(|at| unsafe { word.as_ptr().wrapping_add(at).read_volatile() }).collect()
}

/// Repeats a word: `LENGTH WORD`.
#[net_server(personality = "fork", port = "127.0.0.1:20217", max_servers = 20, rlimit_nofile = 64)]
impl Heartbeat {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            match line.split_once(' ').map(|(length, word)| (length.parse(), word)) {
                Some((Ok(length), word)) => conn.write_all(&repeat(word, length))?,
                _ => write!(conn, "LENGTH WORD, please")?,
            }
            writeln!(conn)?;
        }
        Ok(())
    }

    /// In the parent, which has never talked to a client. The log says by itself who was killed by what.
    fn cleanup_dead_child_hook(&mut self, _: &Child, end: ChildEnd) {
        if let ChildEnd::Signal(_) = end {
            self.crashed += 1;
            log::warn!("{} crashed by now", self.crashed);
        }
    }
}

fn main() -> ExitCode {
    Heartbeat::default().run()
}
