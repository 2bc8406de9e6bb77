use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }

    fn post_process_request_hook(&mut self, _allowed: bool, _conn: &mut Connection) {}
}

fn main() -> ExitCode {
    Echo.run()
}
