//! Does what a line says, from one loop for all its clients: `flood N` bytes, `wait MILLISECONDS`, `quit`,
//! or what the line is as an answer.

use std::time::Duration;

use netserver::prelude::*;

struct Turning;

#[net_server(personality = "multiplex", port = 0, host = "127.0.0.1")]
impl Turning {
    fn mux_input(
        &mut self,
        mux: &mut Mux<'_>,
        input: &mut Input<'_>,
    ) -> std::result::Result<(), AnyError> {
        while let Some(line) = input.take_line() {
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("flood", count) => mux.write(vec![b'x'; count.parse()?]),
                ("wait", count) => mux.set_timeout(Duration::from_millis(count.parse()?)),
                ("quit", _) => mux.close(),
                _ => writeln!(mux, "{line}")?,
            }
        }
        Ok(())
    }

    fn mux_timeout(&mut self, mux: &mut Mux<'_>) {
        mux.write("time is over\n");
    }

    fn mux_close(&mut self, mux: &mut Mux<'_>) {
        log::info!("mux_close of {}", mux.peer());
    }
}

fn main() -> ExitCode {
    Turning.run()
}
