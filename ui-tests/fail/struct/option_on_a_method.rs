use netserver::prelude::*;

struct Greeter;

#[net_server(port = 7000)]
impl Greeter {
    #[option(default = "hello")]
    fn greeting(&self) {}

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Greeter.run()
}
