use netserver::prelude::*;

struct Echo;

// What any personality uses may be set, and none is chosen.
#[net_server(personality = "multitype", port = 20203, max_servers = 8, min_spare_servers = 1)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

struct Greeter;

#[net_server(personality = "multitype", max_requests = 100)]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || (Echo.run(), Greeter.run());
}
