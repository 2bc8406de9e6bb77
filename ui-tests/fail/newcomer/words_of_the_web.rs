use netserver::prelude::*;

struct Echo;

#[net_server(workers = 4, address = "127.0.0.1:7000", timeout = 30)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
