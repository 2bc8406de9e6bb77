//! What fails in a server's own code, and how far that reaches.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal, scratch};

use super::{actor, callers, with_each};

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
    // What fails behind the server is not the client's doing, though it may fail alike.
    server.expect_log(" warning: process_request failed: timed out; client");
    let mut client = Client::connect(server.address());
    client.send("backend\n");
    assert_eq!(client.rest(), b"");
    server.stop();
}

#[test]
fn what_a_client_brings_about_by_any_read_is_no_warning() {
    let server = actor(&["--log_level=3"]).start();
    for (sent, said) in [("exact\nx", "failed to fill whole buffer"), ("text\n\u{80}", "not UTF-8")]
    {
        let mut client = Client::connect(server.address());
        // Half of a character, for the second one.
        client.send(&sent.as_bytes()[..sent.len() - usize::from(sent.ends_with('\u{80}'))]);
        client.half_close();
        assert_eq!(client.rest(), b"");
        server.wait_for_log(said);
    }
    server.stop();
}

#[test]
fn after_a_write_that_failed_nothing_more_is_sent_and_the_end_is_a_reset() {
    let server = actor(&["--write_timeout=200ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("flood 1000000\n");
    let told = server.wait_for_log("first: the client took nothing for 200ms");
    assert!(told.ends_with("last: an earlier write has failed"), "{told}");
    let mut next = 0;
    let end = loop {
        match client.try_line() {
            Ok(Some(line)) if line == next.to_string() => next += 1,
            // The last one may be cut.
            Ok(Some(line)) => assert!(next.to_string().starts_with(&line), "{line} after {next}"),
            end => break end,
        }
    };
    assert_eq!(end.map_err(|err| err.kind()), Err(std::io::ErrorKind::ConnectionReset));
    // The handler was told, and chose to go on: nobody else has to hear of it.
    let log = server.stop().stderr();
    assert!(!log.contains("sending the reply"), "{log}");
}

#[test]
fn half_a_reply_of_a_panic_ends_in_a_reset() {
    with_each(|personality, server| {
        server.expect_log("process_request panicked at");
        let mut client = Client::connect(server.address());
        client.send("now half\npanic\n");
        assert_eq!(client.line(), "half", "{personality}");
        let end = client.try_rest().map_err(|err| err.kind());
        assert_eq!(end, Err(std::io::ErrorKind::ConnectionReset), "{personality}");
        server.stop();
    });
}

#[test]
fn what_is_printed_comes_out_once() {
    let server = actor(&["--min_servers=3", "--max_requests=1"]).env("PRINT", "yes").start();
    for _ in 0..2 {
        let mut client = Client::connect(server.address());
        client.send("print child \nsay x\nquit\n");
        assert_eq!(client.rest(), b"x\n");
    }
    let finished = server.stop();
    assert_eq!(finished.stdout, "before child child ");
}

#[test]
fn a_fork_beside_a_thread_that_logs_is_none_that_hangs() {
    let server = actor(&["--min_servers=2", "--max_servers=4", "--max_requests=1"])
        .arg("--log_level=3")
        .env("CHATTER", "yes")
        .start();
    server.expect_log("2 threads at a fork");
    callers(server.address()).connections(300).clients(2).run().expect_all_right();
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
    for hook in [
        "post_process_request_hook",
        "post_client_connection_hook",
        "child_finish_hook",
        "pre_server_close_hook",
    ] {
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

/// A child that fails at once is tried again a second later, as the log tells at level 3.
fn see_no_storm(server: &Server, what: &str) {
    let tries = || server.log().iter().filter(|line| line.contains("children started: ")).count();
    server.wait_until("a first try", || tries() >= 1);
    let start = Instant::now();
    server.wait_until("a third try", || tries() >= 3);
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1_500), "{what}: three tries in {took:?}");
}

#[test]
fn a_child_that_cannot_start_is_tried_again_and_not_in_a_storm() {
    for (wish, hook) in
        [("FAIL", "child_init_hook"), ("PANIC", "child_init_hook"), ("FAIL", "pre_fork_hook")]
    {
        let folder = scratch();
        let healed = folder.join("healed");
        let server = actor(&["--log_level=3", "--min_servers=1", "--max_servers=1"])
            .env(wish, hook)
            .env("HEALED", &healed)
            .start();
        server.expect_log(hook);
        server.allow_log("left with code 1 before its first connection");
        see_no_storm(&server, hook);
        folder.write("healed", "");
        let mut client = Client::connect(server.address());
        client.send("say well again\nquit\n");
        assert_eq!(client.rest(), b"well again\n");
        server.stop();
    }
}

#[test]
fn a_child_that_cannot_wait_for_clients_is_no_storm_either() {
    // With several ports a child needs a descriptor of its own for that.
    let server = actor(&["--port=0", "--port=0", "--log_level=3"])
        .args(["--min_servers=1", "--max_servers=1"])
        .env("EXHAUST", "yes")
        .start();
    server.expect_log("cannot wait for clients: Too many open files");
    server.allow_log("left with code 1 before its first connection");
    see_no_storm(&server, "a descriptor");
    server.stop();
}

#[test]
fn a_child_that_dies_of_a_signal_without_name_is_replaced() {
    let server = actor(&["--min_servers=2"]).start();
    server.expect_log("was killed by signal 34");
    let mut client = Client::connect(server.address());
    client.send("run kill -34 $PPID\n");
    assert_eq!(client.try_rest().unwrap_or_default(), b"");
    server.wait_for_log("was killed by signal 34");
    server
        .wait_until("two children", || server.children().len() == 2 && server.zombies().is_empty());
    let mut client = Client::connect(server.address());
    client.send("say x\n");
    assert_eq!(client.line(), "x");
    drop(client);
    server.stop();
}

#[test]
fn a_child_that_somebody_else_has_waited_for_is_replaced() {
    const LOST: &str = "left, and somebody else waited for it";
    let server = actor(&["--min_servers=2", "--check_for_dead=50ms"]).env("REAP", "yes").start();
    server.expect_log(LOST);
    server.expect_log("2 threads at a fork");
    // The thread that waits for any child and the parent compete for each.
    server.wait_until("the thread was first", || {
        if let [child, _] = server.children()[..] {
            // It may have left just now.
            server.try_signal_child(child, Signal::SIGTERM);
        }
        server.log().iter().any(|line| line.contains(LOST))
    });
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
    server.stop();
}

#[test]
fn a_child_that_becomes_somebody_else_still_follows_its_parent() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let server = actor(&["--min_servers=2"]).env("DROP", "yes").start();
    server.wait_until("two children", || server.children().len() == 2);
    // A reply says that it is past its `child_init_hook`.
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
    server.stop_with(Signal::SIGKILL);
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
    assert_eq!(client.try_rest().unwrap_or_default(), b"", "no reply, by end or reset");
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
