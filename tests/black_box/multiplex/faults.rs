//! A callback that fails or panics: it ends its connection, and no more (T12).

use std::io::{Read, Write};
use std::time::Duration;

use netserver::testing::{Client, Server, Signal, Target, load};

use super::super::starved::ticks;
use super::super::tls::{Issued, Secured};
use super::super::{pause, tell};
use super::{ask, guest, loop_of, muxer};

/// How many panics, among as many other requests.
const COUNT: usize = 1_000;

/// Ways to have a callback panic.
const PANICS: [&str; 3] =
    ["panic now\n", "panic_in mux_timeout\nwait 0.001 x\n", "panic_in mux_close\nclose\n"];

fn request(at: usize) -> String {
    if at.is_multiple_of(2) {
        PANICS[at / 2 % PANICS.len()].to_owned()
    } else {
        format!("say {at}\nclose\n")
    }
}

/// Half a reply must not look like a whole one.
fn is_right(at: usize, reply: &[u8]) -> bool {
    if at.is_multiple_of(2) { reply.is_empty() } else { reply == format!("{at}\n").as_bytes() }
}

fn records(server: &Server, text: &str) -> usize {
    server.log().iter().filter(|line| line.contains(text)).count()
}

#[test]
fn every_other_request_panics_and_nobody_else_notices() {
    let server = muxer(&[]).start();
    server.expect_log(" panicked at tests/src/bin/muxer.rs:");
    let child = loop_of(&server);
    let (mut witness, _) = guest(&server);
    let report = load(server.address())
        .connections(2 * COUNT)
        .clients(8)
        .exchange(request, is_right)
        .until_close()
        .run();
    report.expect_all_right();
    server.wait_until("one record each", || records(&server, "panicked at") == COUNT);
    for name in ["mux_input", "mux_timeout", "mux_close"] {
        let each = records(&server, &format!("{name} panicked at"));
        assert!(each.abs_diff(COUNT / 3) <= 1, "{name}: {each}");
    }
    assert_eq!(ask(&mut witness, "pid"), child.to_string());
    drop(witness);
    tell(format_args!("{COUNT} panics; {report}"));
    server.stop();
}

/// All that a program is called for on account of a client.
const CALLED: [&str; 10] = [
    "post_accept_hook",
    "allow_deny_hook",
    "request_denied_hook",
    "post_process_request_hook",
    "mux_connection",
    "mux_input",
    "mux_eof",
    "mux_timeout",
    "mux_stopping",
    "mux_close",
];

/// Has a client make a server call everything, one after the other.
fn visit(server: &Server, name: &str) -> Vec<u8> {
    let mut client = Client::connect(server.address());
    // One that has panicked may be gone already.
    let _ = std::io::Write::write_all(&mut client.stream(), b"say x\nwait 0.001 y\n");
    if client.try_line().is_ok_and(|line| line.is_some_and(|line| line == "x")) {
        // Whether that comes depends on what is to panic.
        let _ = client.try_line();
        let _ = client.stream().shutdown(std::net::Shutdown::Write);
        let rest = client.try_rest();
        return if name == "mux_eof" { rest.unwrap_or_else(|_| b"cut".into()) } else { Vec::new() };
    }
    b"nothing".into()
}

#[test]
fn what_fails_or_panics_ends_its_own_connection_alone() {
    const CLIENTS: usize = 10;
    for name in CALLED {
        for (wish, text, said) in
            [("PANIC", "panicked at", "told to panic"), ("FAIL", "failed: ", "told to fail")]
        {
            let server = muxer(&[]).env(wish, name);
            let denied = name == "request_denied_hook";
            let server = if denied { server.env("DENY", "1") } else { server }.start();
            server.expect_log(&format!("{name} {text}"));
            let child = loop_of(&server);
            let stopping = name == "mux_stopping";
            let mut staying: Vec<Client> = Vec::new();
            for _ in 0..CLIENTS {
                if stopping {
                    staying.push(guest(&server).0);
                } else {
                    visit(&server, name);
                }
            }
            if stopping {
                server.signal(Signal::SIGTERM);
            }
            server.wait_until(format!("{name} {text}: one record each"), || {
                records(&server, &format!("{name} {text}")) == CLIENTS / 2
            });
            let each =
                server.log().into_iter().filter(|line| line.contains(&format!("{name} {text}")));
            for line in each {
                assert!(line.contains(said) && line.contains("; client 127.0.0.1"), "{line}");
            }
            for (at, mut client) in staying.into_iter().enumerate() {
                if at.is_multiple_of(2) {
                    assert!(client.try_rest().unwrap_or_default().is_empty(), "{name} {text}");
                } else {
                    assert_eq!(ask(&mut client, "say still"), "still");
                    client.send("close\n");
                    client.rest();
                }
            }
            if stopping {
                server.wait().expect_code(0);
            } else {
                assert_eq!(server.alive(), [child], "{name} {text}");
                server.stop();
            }
        }
    }
}

#[test]
fn what_was_written_before_an_error_is_sent_and_nothing_of_a_panic() {
    let server = muxer(&[]).start();
    server.expect_log("mux_input failed: all is lost; client 127.0.0.1");
    server.expect_log("mux_input panicked at tests/src/bin/muxer.rs:");
    let mut client = Client::connect(server.address());
    client.send("say x\nfail all is lost\nsay y\n");
    assert_eq!(client.rest(), b"x\n");
    let mut client = Client::connect(server.address());
    client.send("say x\npanic now\n");
    // Half a reply must not look like a whole one.
    client.try_rest().unwrap_err();
    server.stop();
}

#[test]
fn what_is_fatal_ends_the_loop_and_another_one_serves() {
    let server = muxer(&[]).start();
    server.expect_log("told to end it");
    server.expect_log("left with code 1");
    let before = loop_of(&server);
    let (mut other, _) = guest(&server);
    let (mut fatal, _) = guest(&server);
    fatal.send("fatal told to end it\n");
    fatal.rest();
    assert_eq!(other.rest(), b"");
    server.wait_for_log(&format!("child {before} left with code 1"));
    let (mut next, _) = guest(&server);
    assert_ne!(ask(&mut next, "pid"), before.to_string());
    drop(next);
    server.stop();
}

/// A client that has gone while much is to be sent to it, and others that write to it.
#[test]
fn clients_that_are_gone_harm_nobody() {
    let server = muxer(&[]).start();
    let child = loop_of(&server);
    let (mut witness, _) = guest(&server);
    for at in 0..500 {
        let (mut client, id) = guest(&server);
        client.send("flood 200000\n");
        if at % 2 == 0 {
            client.reset();
        } else {
            drop(client);
        }
        witness.send(format!("to {id} hello\n"));
        witness.line();
    }
    server.wait_until("all are gone", || ask(&mut witness, "count") == "1 0");
    let before = server.descriptors(child);
    assert!(before.len() < 30, "{before:?}");
    drop(witness);
    server.stop();
}

/// It is no process that dies before it has served anybody, however often.
#[test]
fn a_loop_that_dies_after_it_has_served_is_replaced_at_once() {
    let server = muxer(&["--spawn_backoff_max=60s"]).start();
    server.allow_log("was killed by SIGKILL");
    for _ in 0..4 {
        let child = loop_of(&server);
        let (client, _) = guest(&server);
        server.signal_child(child, Signal::SIGKILL);
        server.wait_until("another one is there", || {
            server.alive().first().is_some_and(|next| *next != child)
        });
        drop(client);
    }
    assert_eq!(records(&server, "before its first connection"), 0, "{:?}", server.log());
    server.stop();
}

/// What follows from a failure is no other one: each of these has one line.
#[test]
fn a_client_that_is_lost_is_told_of_once() {
    let issued = Issued::new();
    issued.write("server", &["localhost"], 2020..2090);
    let server = muxer(&["--port=0", "--port=0/ssl", "--request_timeout=1s", "--log_level=3"])
        .args(issued.cert("server"))
        .start();
    let addresses = server.addresses(2);
    let secured = Secured { config: issued.client(), address: addresses[1] };
    let failures = || records(&server, " failed: ");
    let targets: [&dyn Target; 2] = [&addresses[0], &secured];
    for (target, count) in targets.into_iter().zip(1..) {
        let mut client = target.connect(Duration::from_secs(10)).unwrap();
        client.write_all(b"flood 16000\n").unwrap();
        client.read_exact(&mut [0; 16]).unwrap();
        // Closed with something unread it is reset.
        drop(client);
        server.wait_until("it is told of", || failures() == count);
    }
    // One that takes too little of its reply has no time left for the rest of it.
    let (mut client, id) = guest(&server);
    client.send("flood 1000000\n");
    server.wait_for_log(&format!("mux_close of {id}"));
    drop(client);
    let log = server.stop_with(Signal::SIGTERM).expect_code(0).log;
    let told: Vec<_> = log.iter().filter(|line| line.contains(" failed: ")).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].contains("the request took longer than 1s"), "{told:?}");
}

/// Who has gone is told of by the kernel as long as a copy of the process has the connection; the loop does not
/// turn for that.
#[test]
fn a_copy_of_the_process_does_not_keep_the_loop_busy() {
    let server = muxer(&[]).start();
    let child = loop_of(&server);
    let (mut witness, _) = guest(&server);
    let mut gone: Vec<Client> = (0..3).map(|_| guest(&server).0).collect();
    witness.send("copy\n");
    for client in &mut gone {
        client.send("close\nunread");
        // Whether it was ended by a reset is no matter.
        let _ = client.try_rest();
    }
    drop(gone);
    server.wait_until("all are gone", || ask(&mut witness, "count") == "1 0");
    let before = ticks(child);
    pause(Duration::from_millis(500));
    let taken = ticks(child) - before;
    assert!(taken < 15, "{taken} ticks of 50");
    assert_eq!(ask(&mut witness, "say x"), "x");
    let (mut next, _) = guest(&server);
    assert_eq!(ask(&mut next, "say y"), "y");
    assert_eq!(ask(&mut next, "end_copy"), "ended");
    drop((next, witness));
    server.stop();
}
