mod deep {
    pub mod down {
        pub use ::netserver as engine;
    }
}

// What the default path would find.
mod netserver {}

use deep::down::engine::prelude::*;

struct Echo;

#[net_server(crate = deep::down::engine, personality = "prefork", port = PORT)]
impl Echo {
    fn child_init_hook(&mut self) {}

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

const PORT: u16 = 20203;

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
