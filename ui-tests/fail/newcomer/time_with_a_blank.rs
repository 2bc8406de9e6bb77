use netserver::prelude::*;

struct Echo;

#[net_server(read_timeout = "30 seconds")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
