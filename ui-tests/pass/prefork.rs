use netserver::prelude::*;

struct Echo;

#[net_server(
    personality = "prefork",
    port = [20203, "localhost:20204/tcp"],
    min_servers = 2, max_servers = 8,
    read_timeout = 1.5m, max_line = 4KiB,
    keepalive,
)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
