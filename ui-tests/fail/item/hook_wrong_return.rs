use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn child_init_hook(&mut self) -> io::Result<u64> {
        Ok(1)
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
