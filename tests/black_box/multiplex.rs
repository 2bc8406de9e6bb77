//! Many clients in one loop: which callbacks are called and when, what one client may do to others, and how
//! connections end.

mod calls;
mod faults;
mod limits;
mod ports;
mod slow;
mod stops;

use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server};

use super::program;

/// The program that does what its clients say, on a free port of loopback.
pub(super) fn muxer(arguments: &[&str]) -> Program {
    program!("muxer").args(arguments)
}

/// A client that is served already, and its number.
fn guest(server: &Server) -> (Client, String) {
    let mut client = Client::connect(server.address());
    client.send("id\n");
    let id = client.line();
    (client, id)
}

/// The process that serves.
fn loop_of(server: &Server) -> i32 {
    server.wait_until("its loop is there", || server.alive().len() == 1);
    server.alive()[0]
}

/// What somebody says to a client, and what comes of it.
fn ask(client: &mut Client, line: &str) -> String {
    client.send(format!("{line}\n"));
    client.line()
}

/// Whether that took about as long as it should.
fn about(took: Duration, limit: Duration) -> bool {
    took > limit.mul_f64(0.9) && took < limit.mul_f64(1.1) + Duration::from_millis(250)
}

/// How long it takes until the server has ended a connection, and whether that was a reset.
fn until_end(client: &mut Client) -> (Duration, bool) {
    let start = Instant::now();
    let is_reset = client.try_rest().is_err();
    (start.elapsed(), is_reset)
}
