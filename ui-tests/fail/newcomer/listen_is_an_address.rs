use netserver::prelude::*;

struct Echo;

#[net_server(listen = "127.0.0.1:80")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
