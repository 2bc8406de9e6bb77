use netserver::prelude::*;

struct Echo;

#[net_server(log_file = "Log::Log4perl")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
