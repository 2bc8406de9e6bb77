use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut std::net::TcpStream) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
