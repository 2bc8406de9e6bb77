use netserver::prelude::*;

struct Echo;

#[net_server(personality = "multiplex", port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
