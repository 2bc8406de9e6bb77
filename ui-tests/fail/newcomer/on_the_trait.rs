use netserver::prelude::*;

struct Echo;

#[net_server(port = 7000)]
impl NetServer for Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() {}
