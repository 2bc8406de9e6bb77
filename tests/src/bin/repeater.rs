//! Repeats every line of every client, in one loop.

use netserver::prelude::*;

struct Repeater;

#[net_server(personality = "multiplex", port = 0, host = "127.0.0.1", read_timeout = 0)]
impl Repeater {
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
