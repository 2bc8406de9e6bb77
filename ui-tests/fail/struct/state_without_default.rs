use netserver::prelude::*;
use std::time::Instant;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(default = "hello")]
    greeting: String,
    since: Instant,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Greeter::run()
}
