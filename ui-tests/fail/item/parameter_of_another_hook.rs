use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }

    fn allow_deny_hook(&mut self, _server: &ServerInfo) -> bool {
        true
    }
}

fn main() -> ExitCode {
    Echo.run()
}
