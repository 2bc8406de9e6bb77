use netserver::prelude::*;
use netserver::{Hooks, NetServer};

struct Echo;

impl Hooks for Echo {}

#[net_server(port = 20203)]
impl NetServer for Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() {}
