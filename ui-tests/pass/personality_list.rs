use netserver::prelude::*;

struct Echo;

// The first serves; what either uses may be set.
#[net_server(personality = ["single", "prefork"], max_servers = 8)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
