//! Logs what its clients say, each line as a record; `lines TAG COUNT` is so many records at once, and each
//! line is answered once it is logged. `~` stands for a line break.

use netserver::prelude::*;

#[derive(Clone)]
struct Logs;

#[net_server(personality = ["prefork", "thread"], port = 0, host = "127.0.0.1")]
impl Logs {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line_bytes()? {
            let line = String::from_utf8_lossy(&line).into_owned();
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["lines", tag, count] => {
                    for at in 0..count.parse().unwrap_or(0) {
                        log::info!("line {tag} {at}");
                    }
                }
                ["at", level, text @ ..] => {
                    let level = level.parse().unwrap_or(log::Level::Error);
                    log::log!(level, "said {}", text.join(" "));
                }
                // No line of a client has one of its own.
                _ => log::info!("said {}", line.replace('~', "\n")),
            }
            writeln!(conn, "logged")?;
            conn.flush()?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Logs.run()
}
