use netserver::prelude::*;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(secret = true)]
    token: Option<String>,
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
