use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn child_init_hook(&mut self) {}
}

fn main() -> ExitCode {
    Echo.run()
}
