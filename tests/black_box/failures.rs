//! What fails in a server's own code, and how far that reaches.

use std::time::{Duration, Instant};

use netserver_harness::{Client, Signal, load, scratch};

use super::{actor, with_each};

#[test]
fn a_panic_ends_its_connection_and_no_more() {
    with_each(|personality, server| {
        server.expect_log("process_request panicked at tests/src/bin/actor.rs:");
        let before = server.children();
        let report = load(server.address())
            .connections(200)
            .clients(4)
            .exchange(
                |at| {
                    if at % 2 == 0 {
                        "say half\npanic\n".into()
                    } else {
                        format!("say {at}\nquit\n")
                    }
                },
                // Half a reply must not look like a whole one.
                |at, reply| {
                    if at % 2 == 0 {
                        reply.is_empty()
                    } else {
                        reply == format!("{at}\n").as_bytes()
                    }
                },
            )
            .until_close()
            .run();
        report.expect_all_right();
        let panics = server.log().iter().filter(|line| line.contains("panicked at")).count();
        assert_eq!(panics, 100, "{personality}: one record each");
        assert!(
            before.iter().all(|child| server.children().contains(child)),
            "{personality}: same children"
        );
        server.stop();
    });
}

#[test]
fn what_a_peer_puts_into_a_log_stays_on_its_line() {
    let server = actor(&[]).start();
    server.expect_log("told to panic: a\\u{1b}[2Jb\\r; client");
    server.expect_log("process_request failed: c\\u{7}d; client");
    for line in ["panic a\u{1b}[2Jb\r\r\n", "fail c\u{7}d\n"] {
        let mut client = Client::connect(server.address());
        client.send(line);
        assert_eq!(client.rest(), b"");
    }
    server.stop();
}

#[test]
fn an_error_of_a_request_is_logged_and_of_a_client_only_at_level_3() {
    let server = actor(&["--log_level=3"]).start();
    server.expect_log("process_request failed: told so; client 127.0.0.1:");
    let mut client = Client::connect(server.address());
    client.send("say before\nfail told so\n");
    assert_eq!(client.rest(), b"before\n");
    let mut client = Client::connect(server.address());
    client.send("now x\n");
    client.reset();
    server.wait_for_log(" info: process_request failed: Connection reset by peer");
    server.stop();
}

#[test]
fn a_start_hook_that_fails_ends_the_start() {
    for hook in ["post_configure_hook", "post_bind_hook", "pre_loop_hook"] {
        let failed = actor(&[]).env("FAIL", hook).run().expect_code(1);
        let last = failed.log.last().unwrap();
        assert!(last.ends_with(&format!(" error: {hook} failed: told to fail")), "{last}");
        let panicked = actor(&[]).env("PANIC", hook).run().expect_code(1);
        let last = panicked.log.last().unwrap();
        assert!(
            last.contains(&format!(" error: {hook} panicked at tests/src/bin/actor.rs:")),
            "{last}"
        );
        assert!(last.ends_with("told to panic"), "{last}");
    }
}

#[test]
fn a_later_hook_that_fails_is_logged_and_the_server_goes_on() {
    for hook in ["post_client_connection_hook", "child_finish_hook", "pre_server_close_hook"] {
        for wish in ["FAIL", "PANIC"] {
            let server = actor(&[]).env(wish, hook).start();
            server.expect_log(hook);
            for _ in 0..3 {
                let mut client = Client::connect(server.address());
                client.send("say x\nquit\n");
                assert_eq!(client.rest(), b"x\n");
            }
            server.stop();
        }
    }
}

#[test]
fn a_child_that_cannot_start_is_tried_again_and_not_in_a_storm() {
    for (wish, hook) in
        [("FAIL", "child_init_hook"), ("PANIC", "child_init_hook"), ("FAIL", "pre_fork_hook")]
    {
        let folder = scratch();
        let healed = folder.join("healed");
        let server = actor(&["--log_level=3"]).env(wish, hook).env("HEALED", &healed).start();
        server.expect_log(hook);
        server.allow_log("left with code 1");
        let tries = || server.log().iter().filter(|line| line.ends_with(" start")).count();
        server.wait_until("a first try", || tries() >= 1);
        let start = Instant::now();
        server.wait_until("a third try", || tries() >= 3);
        let took = start.elapsed();
        assert!(took > Duration::from_millis(1_500), "{hook}: three tries in {took:?}");
        folder.write("healed", "");
        let mut client = Client::connect(server.address());
        client.send("say well again\nquit\n");
        assert_eq!(client.rest(), b"well again\n");
        server.stop();
    }
}

#[test]
fn a_child_that_dies_is_replaced_at_once() {
    let server = actor(&["--min_servers=3", "--max_servers=3"]).start();
    server.wait_until("three children", || server.children().len() == 3);
    server.allow_log("was killed by SIGKILL");
    server.allow_log("was killed by SIGABRT");
    for round in 0..10 {
        let victim = server.children()[0];
        server.wait_until("a victim that serves", || Client::try_connect(server.address()).is_ok());
        server.signal_child(victim, Signal::SIGKILL);
        server.wait_until("three other children", || {
            let children = server.children();
            children.len() == 3 && !children.contains(&victim) && server.zombies().is_empty()
        });
        let mut client = Client::connect(server.address());
        client.send(format!("say {round}\n"));
        assert_eq!(client.line(), round.to_string());
    }
    let mut client = Client::connect(server.address());
    client.send("abort\n");
    assert!(client.try_rest().is_ok_and(|rest| rest.is_empty()) || server.log().len() > 1);
    server.wait_for_log("was killed by SIGABRT");
    server.stop();
}

#[test]
fn a_server_whose_parent_is_killed_leaves_nobody_behind() {
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        let server = actor(ports).start();
        server.wait_until("five children", || server.children().len() == 5);
        let mut busy = Client::connect(server.address());
        busy.send("now x\n");
        assert_eq!(busy.line(), "x");
        busy.send("say finished\nquit\n");
        let finished = server.stop_with(Signal::SIGKILL);
        assert_eq!(finished.signal(), Some(Signal::SIGKILL));
        assert_eq!(busy.rest(), b"finished\n");
    }
}
