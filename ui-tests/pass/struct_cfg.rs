use std::time::Duration;

use netserver::prelude::*;

#[net_server(personality = "single", port = 7000)]
struct Greeter {
    // Only one of the two is there, and has the option's name.
    #[cfg(any())]
    #[option(default = "1", range = 1..=9)]
    patience: NoSuchType,
    #[cfg(not(any()))]
    #[option(default = "30s", range = "1s"..="10m")]
    patience: Duration,
    #[cfg(any())]
    #[state(no_such_function())]
    since: NoSuchType,
    #[cfg(not(any()))]
    #[cfg_attr(not(any()), doc = "How many there were.")]
    visitors: u64,
}

// The whole server is not there.
#[cfg(any())]
#[net_server(personality = "single")]
struct Gone {
    #[option]
    patience: NoSuchType,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.visitors += 1;
        writeln!(conn, "{:?}", self.patience)
    }
}

fn main() {
    let _ = || Greeter::run();
}
