//! Clients that speak first: what that saves, and that no reply is lost by it.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Trace, load, tool};

use super::multiplex::muxer;
use super::{actor, callers, pause, program};

#[test]
fn the_end_goes_along_with_the_last_bytes_on_the_ports_that_say_so() {
    let Some(strace) = tool("strace") else { return };
    for (port, together) in
        [("{port=0, client_first=on}", true), ("{port=0, client_first=off}", false)]
    {
        let server = program!("line")
            .args(["--host=127.0.0.1", "--min_servers=1", "--max_servers=1", "--max_requests=0"])
            .arg(format!("--port={port}"))
            // What a port says is stronger.
            .arg(if together { "--client_first=off" } else { "--client_first=on" })
            .start();
        let exchange = || {
            load(server.address())
                .connections(100)
                .clients(1)
                .exchange(
                    |at| format!("{at}\n"),
                    |at, reply| reply == format!("You said \"{at}\"\n").as_bytes(),
                )
                .run()
                .expect_all_right();
        };
        server.wait_until("a child", || server.children().len() == 1);
        exchange();
        let trace = Trace::attach(&strace, server.children());
        exchange();
        let calls = trace.stop();
        let expected = if together { 100 } else { 0 };
        for name in ["sendto", "shutdown"] {
            assert!(calls.count(name).abs_diff(expected) <= 4, "{port}: {calls:?}");
        }
        assert!(calls.count("write").abs_diff(100 - expected) <= 4, "{port}: {calls:?}");
        server.stop();
    }
}

#[test]
fn a_loop_has_the_end_go_along_too() {
    let Some(strace) = tool("strace") else { return };
    for (option, expected) in [("on", 100), ("off", 0)] {
        let server = muxer(&[&format!("--client_first={option}")]).start();
        let exchange = || {
            load(server.address())
                .connections(100)
                .clients(1)
                .exchange(
                    |at| format!("say {at}\nclose\n"),
                    |at, reply| reply == format!("{at}\n").as_bytes(),
                )
                .until_close()
                .run()
                .expect_all_right();
        };
        exchange();
        let trace = Trace::attach(&strace, server.children());
        exchange();
        let calls = trace.stop();
        assert!(calls.count("shutdown").abs_diff(expected) <= 4, "{option}: {calls:?}");
        assert!(calls.count("sendto").abs_diff(100) <= 4, "{option}: {calls:?}");
        server.stop();
    }
    let server = muxer(&["--client_first"]).start();
    for (sent, reply) in [
        ("say x\nclose\nunread".to_owned(), "x\n".len()),
        (format!("say x\nclose\n{}", "unread".repeat(20_000)), "x\n".len()),
        ("flood 4096\nclose\n".to_owned(), 4096),
        ("flood 8192\nclose\nunread".to_owned(), 8192),
        ("flood 1048576\nclose\nunread".to_owned(), 1_048_576),
        ("spin 0.02\nsay x\nclose\n".to_owned(), "x\n".len()),
    ] {
        for _ in 0..10 {
            let mut client = Client::connect(server.address());
            client.send(&sent);
            assert_eq!(client.rest().len(), reply, "{} bytes", sent.len());
        }
    }
    // What comes once all was read, and before the reply leaves.
    for _ in 0..20 {
        let mut client = Client::connect(server.address());
        client.send("spin 0.04\nsay x\nclose\n");
        pause(Duration::from_millis(15));
        client.send("unread");
        assert_eq!(client.rest(), b"x\n");
    }
    server.stop();
}

#[test]
fn no_reply_is_lost() {
    let server = actor(&["--client_first"]).start();
    // Input that nobody reads, before and after the reply is written, and replies of every length.
    for (sent, reply) in [
        ("say x\nquit\nunread".to_owned(), "x\n".len()),
        (format!("say x\nquit\n{}", "unread".repeat(20_000)), "x\n".len()),
        ("only 4096\n".to_owned(), 4096),
        ("only 8192\nunread".to_owned(), 8192),
        ("only 1048576\nunread".to_owned(), 1_048_576),
    ] {
        for _ in 0..20 {
            let mut client = Client::connect(server.address());
            client.send(&sent);
            assert_eq!(client.rest().len(), reply);
        }
    }
    // What comes once all was read, and before the reply leaves.
    for _ in 0..20 {
        let mut client = Client::connect(server.address());
        client.send("spin 0.04\nsay x\nquit\n");
        pause(Duration::from_millis(15));
        client.send("unread");
        assert_eq!(client.rest(), b"x\n");
    }
    callers(server.address()).connections(2_000).clients(8).run().expect_all_right();
    server.stop();
}

#[test]
fn a_client_that_says_nothing_is_accepted_a_little_later() {
    let server = actor(&["--client_first", "--read_timeout=500ms", "--log_level=3"]).start();
    let start = Instant::now();
    let mut silent = Client::connect(server.address());
    // It would have been cut half a second after a plain accept.
    assert_eq!(silent.try_rest().unwrap_or_default(), b"");
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    server.wait_for_log("sent nothing for 500ms");
    server.stop();
}

#[test]
fn it_is_said_where_no_port_has_any_use_for_it() {
    let server = actor(&["--client_first", "--port=0/udp"]).start();
    server.expect_log("client_first has no effect, as no port is one of TCP and TLS");
    server.wait_for_log("Binding to UDP");
    server.stop();
}
