use netserver::Proto;
use netserver::prelude::*;

#[derive(Debug)]
struct Proxied;

impl Proto for Proxied {}

struct Echo;

#[net_server(personality = "multiplex", proto = Proxied, port = 20203)]
impl Echo {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        mux.write(input.take_all());
    }
}

fn main() -> ExitCode {
    Echo.run()
}
