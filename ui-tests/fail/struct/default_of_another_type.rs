use netserver::prelude::*;
const LOUD: bool = true;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(default = LOUD)]
    times: u32,
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
