//! The time that a connection may take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Signal, scratch};
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::protocols::facts;
use super::{PERSONALITIES, actor, pause, program};

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

#[test]
fn the_shorter_of_two_limits_does_not_end_what_has_the_longer() {
    let server =
        greeting(&["--handshake_timeout=2s", "--request_timeout=500ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    // Longer than a request may take, and not than a handshake may.
    pause(Duration::from_millis(900));
    client.send("hello\n");
    assert_eq!(client.line(), "greeting");
    assert!(about(until_cut(&mut client), Duration::from_millis(500)));
    server.stop();
    let server = facts(&["0"]).args(["--request_timeout=500ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("deadline 1.5\n");
    pause(Duration::from_millis(800));
    client.send("hello\n");
    assert_eq!(client.line(), "hello");
    server.wait_for_log("the request took longer than 1.5s");
    server.stop();
}

#[test]
fn a_client_that_is_never_silent_is_cut_too() {
    let directory = scratch();
    let path = directory.join("socket");
    for port in ["0".to_owned(), format!("{}|unix", path.display())] {
        let server = actor(&["--request_timeout=500ms", "--log_level=3"])
            .arg(format!("--port={port}"))
            .start();
        server.wait_for_log("Binding to");
        let start = Instant::now();
        let (mut reader, mut writer): (Box<dyn Read + Send>, Box<dyn Write + Send>) = if port == "0"
        {
            let stream = TcpStream::connect(server.address()).unwrap();
            (Box::new(stream.try_clone().unwrap()), Box::new(stream))
        } else {
            let stream = UnixStream::connect(&path).unwrap();
            (Box::new(stream.try_clone().unwrap()), Box::new(stream))
        };
        let taking = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        while start.elapsed() < Duration::from_secs(5) && writer.write_all(b"say more\n").is_ok() {}
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{port}: {took:?}");
        let _ = taking.join();
        server.wait_for_log("the request took longer than 500ms");
        server.stop();
    }
}

#[test]
fn whose_time_is_over_is_not_listened_to_any_more() {
    let server = actor(&["--request_timeout=500ms", "--max_line=0", "--log_level=3"]).start();
    let start = Instant::now();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"now x\n").unwrap();
    stream.read_exact(&mut [0; 2]).unwrap();
    // A line without an end, at a pace that a server can keep.
    while start.elapsed() < Duration::from_secs(5) && stream.write_all(&[b'x'; 16_384]).is_ok() {
        pause(Duration::from_millis(1));
    }
    let took = start.elapsed();
    assert!(took < Duration::from_millis(1_300), "{took:?}");
    server.wait_for_log("the request took longer than 500ms");
    server.stop();
}

#[test]
fn a_long_write_has_the_time_of_one() {
    let server = facts(&["0"]).args(["--write_timeout=500ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("fill 50000000\n");
    let start = Instant::now();
    server.wait_for_log("the client took nothing for 500ms");
    let took = start.elapsed();
    assert!(took < Duration::from_millis(1400), "{took:?}");
    drop(client);
    server.stop();
}

#[test]
fn a_client_that_falls_silent_late_is_cut_at_its_time() {
    let server = facts(&["0"]).args(["--request_timeout=1s", "--log_level=3"]).start();
    let start = Instant::now();
    let mut client = Client::connect(server.address());
    pause(Duration::from_millis(700));
    client.send("half a line");
    until_cut(&mut client);
    assert!(about(start.elapsed(), Duration::from_secs(1)), "{:?}", start.elapsed());
    server.wait_for_log("the request took longer than 1s");
    server.stop();
}

#[test]
fn a_signal_late_in_a_read_does_not_lengthen_it() {
    for personality in ["single", "fork"] {
        let server = facts(&["0"])
            .arg(format!("--server_type={personality}"))
            .args(["--read_timeout=1s", "--log_level=3"])
            .start();
        let mut silent = Client::connect(server.address());
        let start = Instant::now();
        // One that means nothing, and all the same ends what the kernel waits for.
        pause(Duration::from_millis(700));
        let serves = if personality == "fork" { server.children()[0] } else { server.pid() };
        kill(Pid::from_raw(serves), Signal::SIGUSR1).unwrap();
        until_cut(&mut silent);
        let took = start.elapsed();
        assert!(about(took, Duration::from_secs(1)), "{personality}: {took:?}");
        server.stop();
    }
}
