//! Has a protocol of its own, in which clients send a line first, and says which one they speak.

use netserver::Proto;
use netserver::prelude::*;

#[derive(Debug)]
struct Greeting;

impl Proto for Greeting {
    fn name(&self) -> &'static str {
        "greeting"
    }

    fn handshake(&self, conn: &mut Connection) -> io::Result<()> {
        conn.next_line().map(drop)
    }
}

#[derive(Clone)]
struct Named;

#[net_server(personality = ["prefork", "thread"], proto = Greeting, port = 0)]
impl Named {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let proto = conn.proto();
        writeln!(conn, "{proto}")?;
        conn.flush()?;
        while conn.next_line()?.is_some() {}
        Ok(())
    }
}

fn main() -> ExitCode {
    Named.run()
}
