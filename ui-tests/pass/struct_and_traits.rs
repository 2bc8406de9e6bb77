use netserver::prelude::*;
use netserver::{Hooks, NetServer};

#[net_server(personality = "single", port = 13)]
struct Daytime;

impl Hooks for Daytime {}

impl NetServer for Daytime {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{:?}", std::time::SystemTime::now())
    }
}

// All fields of a tuple are state.
#[net_server]
#[derive(Clone)]
struct Counter(u64);

#[net_server]
impl Counter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.0 += 1;
        writeln!(conn, "{}", self.0)
    }
}

fn main() {
    let _ = || Daytime.run();
    let _ = || Counter(0).run();
}
