use netserver::prelude::*;

struct Echo;

#[net_server(personality = "multiplex", port = 20203)]
impl Echo {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        mux.write(input.take_all());
    }

    fn mux_outbuffer_empty(&mut self, mux: &mut Mux<'_>) {
        mux.close();
    }

    fn mux_connect(&mut self, mux: &mut Mux<'_>) {
        mux.write("hello\n");
    }

    fn mux_say(&mut self, mux: &mut Mux<'_>) {
        mux.write("hello\n");
    }
}

fn main() -> ExitCode {
    Echo.run()
}
