//! Which callbacks are called, in which order, and what they do to others.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Server};

use super::super::pause;
use super::{about, ask, guest, loop_of, muxer};

/// What a server has logged of its callbacks and hooks from a line on, in order.
fn called(server: &Server, from: usize) -> Vec<String> {
    let of = |line: &String| {
        let (_, text) = line.split_once(" info: ")?;
        let is_call = text.contains(" of ") || text.starts_with("post_process_request_hook");
        let is_ours = text.starts_with("mux_") || text.contains("_hook");
        (is_call && is_ours).then(|| text.to_owned())
    };
    server.log().iter().skip(from).filter_map(of).collect()
}

/// What is called for the client of that number that says a line and then ends as it likes.
fn calls(number: u32, last: &[&str]) -> Vec<String> {
    let first = ["post_accept_hook", "allow_deny_hook", "mux_connection", "mux_input"];
    let of = |name: &&str| format!("{name} of {number}");
    let hook = "post_process_request_hook, allowed: true".to_owned();
    let first = first.iter().map(of).chain(last.iter().map(of));
    first.chain([hook, format!("mux_close of {number}")]).collect()
}

#[test]
fn callbacks_come_in_their_order_however_a_connection_ends() {
    let server = muxer(&["--log_level=3"]).start();
    loop_of(&server);
    let met = |last: &[&str], number: u32, end: &dyn Fn(Client)| {
        let from = server.log().len();
        let mut client = Client::connect(server.address());
        assert_eq!(ask(&mut client, "say x"), "x");
        end(client);
        server.wait_for_log(&format!("mux_close of {number}"));
        assert_eq!(called(&server, from), calls(number, last));
    };
    met(&["mux_input"], 1, &|mut client| {
        client.send("close\n");
        assert_eq!(client.rest(), b"");
    });
    met(&["mux_eof"], 2, &|mut client| {
        client.half_close();
        assert_eq!(client.rest(), b"");
    });
    met(&[], 3, &Client::reset);
    met(&["mux_input", "mux_timeout"], 4, &|mut client| {
        client.send("wait 0.1 late\n");
        assert_eq!(client.line(), "late");
        client.reset();
    });
    server.stop();
}

#[test]
fn what_hooks_write_comes_where_they_are_called_and_none_of_them_waits() {
    let server = muxer(&["--log_level=3"]).env("BANNER", "1").env("HASTY", "1").start();
    let mut client = Client::connect(server.address());
    // It is greeted before it has said anything.
    assert_eq!(client.line(), "banner");
    server.wait_for_log("a read in a hook: Err(WouldBlock)");
    client.send("say x\nclose\nsay y\n");
    assert_eq!(client.rest(), b"x\nfarewell\n");
    server.stop();
}

#[test]
fn who_is_denied_meets_no_callback() {
    for (rule, env) in [("--allow=192.0.2.0/24", "NOTHING"), ("--allow=127.0.0.1", "DENY")] {
        let server = muxer(&[rule, "--log_level=3"]).env(env, "1").start();
        let from = server.log().len();
        let mut client = Client::connect(server.address());
        assert_eq!(client.rest(), b"denied\n");
        server.wait_for_log("post_process_request_hook, allowed: false");
        let called = called(&server, from);
        assert!(called.contains(&"request_denied_hook of 1".to_owned()), "{called:?}");
        assert!(!called.iter().any(|name| name.starts_with("mux_")), "{called:?}");
        server.stop();
    }
}

#[test]
fn a_client_that_has_ended_its_input_gets_its_answers() {
    let server = muxer(&[]).start();
    let mut client = Client::connect(server.address());
    client.send("say a\nsay b");
    client.half_close();
    assert_eq!(client.rest(), b"a\nb\n");
    // One that stays is written to until somebody closes it.
    let (mut client, id) = guest(&server);
    client.send("stay\nwait 0.3 late\n");
    client.half_close();
    assert_eq!(client.line(), "late");
    let (mut other, _) = guest(&server);
    assert_eq!(ask(&mut other, &format!("to {id} hello")), "true");
    assert_eq!(client.line(), "hello");
    assert_eq!(ask(&mut other, &format!("kick {id}")), "true");
    assert_eq!(client.rest(), b"");
    assert_eq!(ask(&mut other, &format!("to {id} hello")), "false");
    drop(other);
    server.stop();
}

/// How long a client waits for the next line, which is that one.
fn waits_for(client: &mut Client, line: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(client.line(), line);
    start.elapsed()
}

#[test]
fn a_timeout_comes_once_and_at_its_time() {
    let server = muxer(&["--log_level=3"]).start();
    let (mut client, id) = guest(&server);
    for time in [0.25, 0.003, 1.1] {
        client.send(format!("wait {time} it is time\n"));
        let took = waits_for(&mut client, "it is time");
        assert!(about(took, Duration::from_secs_f64(time)), "{took:?} and not {time}");
    }
    // The last one that is set is the one.
    client.send("wait 0.1 first\nwait 0.5 second\n");
    let took = waits_for(&mut client, "second");
    assert!(about(took, Duration::from_millis(500)), "{took:?}");
    client.send("wait 0.2 never\nforget\n");
    // Longer than that.
    pause(Duration::from_millis(400));
    assert_eq!(ask(&mut client, "say x"), "x");
    // Somebody else sets it.
    client.send("wait 100 for you\n");
    let (mut other, _) = guest(&server);
    assert_eq!(ask(&mut other, &format!("wait_of {id} 0.2")), "true");
    let took = waits_for(&mut client, "for you");
    assert!(about(took, Duration::from_millis(200)), "{took:?}");
    assert_eq!(ask(&mut other, "wait_of 999 0.2"), "false");
    drop((client, other));
    let log = server.stop().log;
    let count = log.iter().filter(|line| line.contains(&format!("mux_timeout of {id}"))).count();
    assert_eq!(count, 5, "{log:?}");
}

#[test]
fn clients_write_to_others_and_close_them() {
    let server = muxer(&[]).start();
    let (mut one, first) = guest(&server);
    let (mut two, second) = guest(&server);
    let (mut three, third) = guest(&server);
    assert_eq!(ask(&mut one, "count"), "3 2");
    one.send("others hello\nsay done\n");
    assert_eq!(one.line(), "done");
    for other in [&mut two, &mut three] {
        assert_eq!(other.line(), "hello");
    }
    assert_eq!(ask(&mut two, &format!("to {first} psst")), "true");
    assert_eq!(one.line(), "psst");
    assert_eq!(ask(&mut two, &format!("to {second} me")), "me");
    assert_eq!(two.line(), "true");
    // The others are told that it has left, and it is there no more.
    assert_eq!(ask(&mut three, "known\nsay so"), "so");
    assert_eq!(ask(&mut one, &format!("kick {third}")), "true");
    assert_eq!(three.rest(), b"");
    for other in [&mut one, &mut two] {
        assert_eq!(other.line(), format!("{third} has left"));
    }
    assert_eq!(ask(&mut one, "count"), "2 1");
    assert_eq!(ask(&mut one, &format!("kick {third}")), "false");
    // A number is not used again.
    let (last, next) = guest(&server);
    assert!(![first, second, third].contains(&next), "{next}");
    drop((one, two, last));
    server.stop();
}

#[test]
fn a_closing_one_loses_nothing_though_its_client_sends_on() {
    const REPLY: usize = 64 * 1024;
    let server = muxer(&[]).start();
    for _ in 0..20 {
        let mut client = Client::connect(server.address());
        client.send(format!("flood {REPLY}\nclose\n"));
        // Nobody takes that, and a reset on account of it would overtake the reply.
        client.send("x".repeat(100_000));
        pause(Duration::from_millis(5));
        client.half_close();
        assert_eq!(client.rest().len(), REPLY);
    }
    server.stop();
}
