use netserver::prelude::*;
use netserver::{Declaration, Declared, personality};

struct Echo;

// Without arguments the attribute leaves it to others to declare the server.
#[net_server]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

impl Declared for Echo {
    type Personality = personality::Single;

    fn declaration() -> Declaration {
        Declaration::new("1.0", "says hello").set("port", 20203)
    }
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
