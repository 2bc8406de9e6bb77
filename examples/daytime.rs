//! The daytime protocol of RFC 867, with the traits written by hand: what the attribute on an impl block
//! would write. Here it only declares the server.
//!
//! `nc 127.0.0.1 20218`, or `nc -u -w1 127.0.0.1 20218` and an empty line, as a packet has to come first.

use std::time::UNIX_EPOCH;

use netserver::prelude::*;
use netserver::{Hooks, NetServer};

/// Tells date and time.
#[net_server(personality = "single", port = ["127.0.0.1:20218", "127.0.0.1:20218/udp"])]
struct Daytime;

/// No hooks: each does nothing by default.
impl Hooks for Daytime {}

impl NetServer for Daytime {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        // Where a packet comes from may be a lie: two servers that answer every packet, and so each other, never
        // end. An answer is longer than a question may be.
        if conn.is_datagram() && conn.fill_buf()?.len() > 2 {
            return Ok(());
        }
        let now = UNIX_EPOCH.elapsed().map_err(io::Error::other)?.as_secs();
        let (year, month, day) = date(now / 86_400);
        let (hour, minute, second) = (now / 3_600 % 24, now / 60 % 60, now % 60);
        write!(conn, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC\r\n")
    }
}

/// The date so many days after 1970-01-01.
fn date(mut days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    (year, month + 1, days + 1)
}

fn main() -> ExitCode {
    Daytime.run()
}
