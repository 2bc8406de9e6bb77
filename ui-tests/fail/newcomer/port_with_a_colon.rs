use netserver::prelude::*;

struct Echo;

#[net_server(port = "7000:tpc")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
