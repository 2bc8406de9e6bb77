use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn reopen_the_logs_hook(&mut self) {}

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
