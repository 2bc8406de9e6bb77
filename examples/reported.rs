//! A personality of one's own: a pool that says each second how busy it is. Make it so by
//! `nc localhost 20204`.

use std::time::Duration;

use netserver::NetServer;
use netserver::personality::{Personality, PreFork, Running, Stop};
use netserver::prelude::*;

/// Serves as `prefork` does, and reports.
struct Reported;

impl<S: NetServer> Personality<S> for Reported {
    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let most = running.info().options().max_servers();
        let running = running.watched(Duration::from_secs(1), move |tally| {
            log::info!("{} busy, {} idle, at most {most}", tally.busy, tally.idle);
        });
        PreFork::serve(server, running)
    }
}

struct Upper;

/// Answers each line in capital letters.
#[net_server(personality = Reported, port = 20204, max_servers = 8)]
impl Upper {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(line) = conn.next_line()? {
            writeln!(conn, "{}", line.to_uppercase())?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Upper.run()
}
