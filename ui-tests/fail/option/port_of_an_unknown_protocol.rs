use netserver::prelude::*;

struct Echo;

#[net_server(port = [20203, "20204/utp"])]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
