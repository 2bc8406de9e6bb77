use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<usize> {
        conn.write(b"hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
