use std::time::Duration;

use netserver::prelude::*;

mod limits {
    pub const WORKERS: u32 = 8;
}

const fn twice(number: u32) -> u32 {
    2 * number
}

struct Echo;

impl Echo {
    const PORTS: [u16; 2] = [20203, 20204];
    const LEVEL: u8 = 3;
}

#[net_server(
    personality = "prefork",
    port = Self::PORTS,
    host = ["localhost", std::net::Ipv4Addr::LOCALHOST],
    min_servers = const { limits::WORKERS / 2 },
    max_servers = twice(limits::WORKERS),
    read_timeout = Duration::from_secs(5),
    max_line = 64 * 1024,
    log_level = Self::LEVEL,
    keepalive = !cfg!(debug_assertions),
    conf_file = concat!(env!("CARGO_PKG_NAME"), ".conf"),
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
