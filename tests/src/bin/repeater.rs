//! Repeats every line of every client, in one loop or by threads.

use netserver::prelude::*;

#[derive(Clone)]
struct Repeater;

#[net_server(personality = ["multiplex", "thread"], port = 0, host = "127.0.0.1", read_timeout = 0)]
impl Repeater {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(mut line) = conn.next_line_bytes()? {
            line.push(b'\n');
            conn.write_all(&line)?;
        }
        Ok(())
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        while let Some(mut line) = input.take_line_bytes() {
            line.push(b'\n');
            mux.write(&line);
        }
    }
}

fn main() -> ExitCode {
    Repeater.run()
}
