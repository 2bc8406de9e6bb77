//! Echoes each line: `printf 'hello\r\n' | nc -q1 127.0.0.1 20203`.

use netserver::prelude::*;

struct Echo;

/// Echoes each line.
#[net_server(personality = "prefork", port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            writeln!(conn, "You said \"{line}\"")?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Echo.run()
}
