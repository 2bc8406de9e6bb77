use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> Option<()> {
        writeln!(conn, "hello").ok()
    }
}

fn main() -> ExitCode {
    Echo.run()
}
