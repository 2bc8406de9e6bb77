use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 20203)]
impl Echo {
    // Options and hooks have nothing to do with each other.
    fn port(&self) -> u16 {
        20203
    }

    fn max_servers() -> u32 {
        8
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{} of {}", self.port(), Self::max_servers())
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
