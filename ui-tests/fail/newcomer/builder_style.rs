use netserver::prelude::*;

struct Echo;

#[net_server(port(7000).max_servers(4))]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
