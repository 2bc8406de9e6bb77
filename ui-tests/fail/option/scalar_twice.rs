use netserver::prelude::*;

struct Echo;

#[net_server(listen = 5, listen = 6)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
