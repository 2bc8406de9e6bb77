use netserver::prelude::*;
type Text = String;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(default = "hello", range = "a"..="z")]
    greeting: Text,
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
