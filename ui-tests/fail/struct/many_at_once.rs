use netserver::prelude::*;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option]
    greeting: String,
    #[option(default = 0, range = 1..=9)]
    times: u32,
    #[option(short = 'l')]
    loud: bool,
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
