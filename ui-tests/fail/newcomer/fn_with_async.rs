use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    async fn process_request(&mut self, conn: &mut Connection) {
        let _ = writeln!(conn, "hello");
    }
}

fn main() -> ExitCode {
    Echo.run()
}
