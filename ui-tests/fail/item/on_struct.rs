use netserver::prelude::*;

#[net_server(port = 20203)]
struct Echo;

impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() {}
