use netserver::prelude::*;

struct Echo;

#[net_server(no_exit_on_close = 1)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
