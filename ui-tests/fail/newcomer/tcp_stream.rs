use netserver::prelude::*;
use std::net::TcpStream;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, mut conn: TcpStream) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
