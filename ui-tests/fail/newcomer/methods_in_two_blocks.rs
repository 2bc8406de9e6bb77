use netserver::prelude::*;

struct Echo;

#[net_server(port = 7000)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

#[net_server]
impl Echo {
    fn pre_loop_hook(&mut self) {}
}

fn main() -> ExitCode {
    Echo.run()
}
