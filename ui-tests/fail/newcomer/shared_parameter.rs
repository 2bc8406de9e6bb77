use netserver::prelude::*;
use std::sync::Mutex;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection, hits: &Mutex<u64>) -> io::Result<()> {
        writeln!(conn, "{}", hits.lock().unwrap())
    }
}

fn main() -> ExitCode {
    Echo.run()
}
