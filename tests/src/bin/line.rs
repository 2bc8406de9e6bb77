//! Answers one line and hangs up: the handler that system calls are counted of.

use netserver::prelude::*;

#[derive(Clone)]
struct Line;

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Line {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        match conn.next_line()? {
            Some(line) => writeln!(conn, "You said \"{line}\""),
            None => Ok(()),
        }
    }
}

fn main() -> ExitCode {
    Line.run()
}
