use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn allow_deny_hook(&mut self) -> u8 {
        1
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
