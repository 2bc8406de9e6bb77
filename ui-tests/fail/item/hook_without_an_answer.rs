use netserver::prelude::*;

fn log(_: &Connection) {}

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn allow_deny_hook(&mut self, conn: &mut Connection) {
        log(conn);
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
