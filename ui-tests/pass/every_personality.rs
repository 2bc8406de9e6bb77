use netserver::prelude::*;

// Each but `thread` takes what is no `Clone`, and each but `multiplex` what has no `mux_input`.
#[derive(Clone)]
struct Echo;

#[net_server(
    personality = ["prefork", "multiplex", "thread", "single", "fork", "prefork_simple", "inet"],
    max_servers = 8,
    max_unsent = 64KiB
)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            writeln!(conn, "{line}")?;
        }
        Ok(())
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        mux.write(input.take_all());
    }
}

// Declared by the struct, so that the block may have either.
#[net_server(personality = "multiplex")]
struct Loud;

#[net_server]
impl Loud {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        while let Some(line) = input.take_line_bytes() {
            mux.write(line.to_ascii_uppercase());
        }
    }
}

// As a type.
struct Typed;

#[net_server(personality = netserver::personality::Multiplex)]
impl Typed {
    fn mux_input(&mut self, _: &mut Mux<'_>, input: &mut Input<'_>) {
        input.consume(input.len());
    }
}

#[derive(Clone)]
struct Generic<T>(T);

#[net_server(personality = "thread")]
impl<T: ToString + Clone + Send> Generic<T> {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.0.to_string())
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
    let _ = || Loud.run();
    let _ = || Typed.run();
    let _ = || Generic(5).run();
}
