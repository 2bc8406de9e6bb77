use netserver::prelude::*;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[state(8)]
    visitors: u64,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Greeter { visitors: 8 }.run()
}
