use netserver::prelude::*;

#[net_server(port = 20203)]
fn process_request(conn: &mut Connection) -> io::Result<()> {
    writeln!(conn, "hello")
}

fn main() {}
