use std::collections::BTreeMap;
use std::time::Duration;

use netserver::prelude::*;

#[derive(Default)]
struct Chat {
    names: BTreeMap<ConnId, String>,
}

#[net_server(personality = "multiplex", max_unsent = 64KiB, read_timeout = 0)]
impl Chat {
    fn post_accept_hook(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello {}", conn.peer())
    }

    fn mux_connection(&mut self, mux: &mut Mux<'_>) {
        mux.set_timeout(Duration::from_secs(60));
        self.names.insert(mux.id(), mux.peer().to_string());
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        while let Some(line) = input.take_line() {
            mux.write_others(format!("{}: {line}\n", self.names[&mux.id()]));
            writeln!(mux, "{} have heard it", mux.others().count())?;
        }
        Ok(())
    }

    fn mux_eof(&mut self, mux: &mut Mux<'_>) -> Result<(), String> {
        mux.stay_open();
        Ok(())
    }

    fn mux_timeout(&self, mux: &mut Mux) {
        mux.close();
    }

    fn mux_stopping(&mut self) {}

    fn mux_close(&mut self, mux: &mut Mux<'_>) -> Result<()> {
        self.names.remove(&mux.id());
        Ok(())
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Chat::default().run();
}
