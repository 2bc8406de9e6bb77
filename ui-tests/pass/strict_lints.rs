//! A server under strict lints.
#![deny(warnings, missing_docs, unsafe_code, unused, rust_2018_idioms, unreachable_pub)]
#![deny(clippy::all, clippy::pedantic)]

use netserver::prelude::*;

/// Says hello.
struct Echo {
    served: u64,
}

/// How many children there are.
const WORKERS: u32 = 8;

/// A server that says hello, and counts.
#[net_server(personality = "prefork", port = [20203, 20204], max_servers = WORKERS)]
impl Echo {
    fn child_init_hook(&mut self) {
        self.served = 0;
    }

    fn allow_deny_hook(&self) -> bool {
        self.served < 1000
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.served += 1;
        writeln!(conn, "hello")
    }
}

fn main() {
    let _ = || Echo { served: 0 }.run();
}
