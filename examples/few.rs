//! A personality of one's own that serves by itself: a few connections, each by `nc localhost 20205`, and then
//! it ends.

use netserver::NetServer;
use netserver::personality::{Personality, Running, Stop};
use netserver::prelude::*;

/// Serves so many connections, one at a time, in one process.
struct Few<const COUNT: usize>;

impl<S: NetServer, const COUNT: usize> Personality<S> for Few<COUNT> {
    fn serve(server: &mut S, mut running: Running) -> Result<Stop> {
        let mut served = 0;
        let outcome = running.serve_here(server, || {
            served += 1;
            served < COUNT
        });
        running.close(server);
        outcome.map(|()| Stop::AsAsked)
    }
}

/// Hands out numbers, each once.
struct Tickets {
    next: u32,
}

#[net_server(personality = Few<3>, port = 20205)]
impl Tickets {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.next += 1;
        writeln!(conn, "ticket {}", self.next)
    }

    fn post_child_cleanup_hook(&mut self) {
        log::info!("{} tickets handed out", self.next);
    }
}

fn main() -> ExitCode {
    Tickets { next: 0 }.run()
}
