use netserver::prelude::*;

struct Echo;

#[net_server(port = "20203/tcp/udp")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
