//! The time that a connection may take.

use std::time::{Duration, Instant};

use netserver_harness::{Client, Program};

use super::protocols::facts;
use super::{PERSONALITIES, pause, program};

/// How long it takes until the server has cut a client that says nothing more.
fn until_cut(client: &mut Client) -> Duration {
    let start = Instant::now();
    let _ = client.try_rest();
    start.elapsed()
}

fn about(took: Duration, limit: Duration) -> bool {
    took > limit.mul_f64(0.9) && took < limit.mul_f64(1.1) + Duration::from_millis(150)
}

#[test]
fn a_request_has_its_time_in_all() {
    for personality in PERSONALITIES {
        let server = facts(&["0"])
            .args(["--request_timeout=1s", "--log_level=3"])
            .arg(format!("--server_type={personality}"))
            .start();
        let mut silent = Client::connect(server.address());
        assert!(about(until_cut(&mut silent), Duration::from_secs(1)), "{personality}");
        server.wait_for_log("took longer than 1s");
        server.stop();
    }
}

#[test]
fn a_client_that_trickles_is_cut_too() {
    let server = facts(&["0"]).args(["--request_timeout=1s", "--log_level=3"]).start();
    let start = Instant::now();
    let mut client = Client::connect(server.address());
    let mut cut = false;
    while start.elapsed() < Duration::from_secs(5) && !cut {
        client.send("x");
        pause(Duration::from_millis(50));
        cut = server.log().iter().any(|line| line.contains("took longer than 1s"));
    }
    assert!(about(start.elapsed(), Duration::from_secs(1)), "{:?}", start.elapsed());
    drop(client);
    server.stop();
}

#[test]
fn a_handler_may_set_a_deadline_of_its_own() {
    let server = facts(&["0"]).arg("--log_level=3").start();
    let mut client = Client::connect(server.address());
    client.send("deadline 0.5\nhello\n");
    assert_eq!(client.line(), "hello");
    assert!(about(until_cut(&mut client), Duration::from_millis(500)));
    server.wait_for_log("the request took longer than 500ms");
    server.stop();
}

/// A server whose protocol waits for a line first.
fn greeting(arguments: &[&str]) -> Program {
    program!("greeting").arg("--host=127.0.0.1").args(arguments)
}

#[test]
fn a_handshake_has_its_time_and_the_request_has_its_own() {
    let server =
        greeting(&["--handshake_timeout=500ms", "--request_timeout=2s", "--log_level=3"]).start();
    let mut silent = Client::connect(server.address());
    assert!(about(until_cut(&mut silent), Duration::from_millis(500)));
    server.wait_for_log("the handshake took longer than 500ms");
    let mut client = Client::connect(server.address());
    client.send("hello\n");
    assert_eq!(client.line(), "greeting");
    assert!(about(until_cut(&mut client), Duration::from_secs(2)));
    server.stop();
}

#[test]
fn a_port_that_names_its_protocol_does_not_speak_the_programs_own() {
    let server = greeting(&["--port=0", "--port=0/tcp"]).start();
    let addresses = server.addresses(2);
    for (address, said) in [(addresses[0], "greeting\n"), (addresses[1], "tcp\n")] {
        let mut client = Client::connect(address);
        client.send("hello\n");
        client.half_close();
        assert_eq!(client.rest(), said.as_bytes());
    }
    server.stop();
}
