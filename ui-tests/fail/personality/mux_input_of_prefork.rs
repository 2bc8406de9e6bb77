use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 20203)]
impl Echo {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        mux.write(input.take_all());
    }
}

fn main() -> ExitCode {
    Echo.run()
}
