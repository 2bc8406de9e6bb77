use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork")]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run_with(options! { port = 8080 })
}
