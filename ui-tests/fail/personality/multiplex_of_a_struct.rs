use netserver::prelude::*;

// The block below does not know the personality; the compiler does.
#[net_server(personality = "multiplex", port = 20203)]
struct Echo;

#[net_server]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
