use netserver::prelude::*;

struct Echo;

#[net_server(personality = "multiplex", port = 20203)]
impl Echo {
    fn mux_connection(&mut self, mux: &mut Mux<'_>) {
        mux.write("hello\n");
    }
}

fn main() -> ExitCode {
    Echo.run()
}
