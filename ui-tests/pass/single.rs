use netserver::prelude::*;

struct Echo;

#[net_server(personality = "single", port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
