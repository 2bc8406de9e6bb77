use std::time::Duration;

use netserver::prelude::*;

const WORKERS: u32 = 20;

struct Echo;

#[net_server(personality = ["prefork", "single"])]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() {
    let list = "not what the macro calls its own";
    let port = list.len() as u16;
    let _ = || {
        Echo.run_with(options! {
            port: [port, "localhost:8081/tcp"],
            max_servers: WORKERS,
            read_timeout: Duration::from_secs(5),
            keepalive,
            server_type: "single",
        })
    };
    let none = options! {};
    assert!(none.is_empty());
    let pairs = netserver::options! { crate: netserver, host: ["::1", "*"], max_line: 64KiB };
    assert_eq!(pairs[0], ("host", ["::1", "*"].into()));
    assert_eq!(pairs[1], ("max_line", "64KiB".into()));
}
