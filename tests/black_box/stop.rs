//! Every way to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netserver_harness::{Client, Server, Signal};

use super::{actor, with_each};

/// A client whose request the server has begun, and will go on with when it is told.
fn in_progress(server: &Server) -> Client {
    let mut client = Client::connect(server.address());
    client.send("now begun\n");
    assert_eq!(client.line(), "begun");
    client
}

/// Whether nobody listens there: a full backlog is something else.
fn is_refused(address: SocketAddr) -> bool {
    Client::try_connect(address).is_err_and(|err| err.kind() == ErrorKind::ConnectionRefused)
}

#[test]
fn term_and_quit_let_a_request_finish_and_no_client_in() {
    for signal in [Signal::SIGTERM, Signal::SIGQUIT] {
        with_each(|personality, server| {
            let address = server.address();
            let mut client = in_progress(&server);
            server.signal(signal);
            server.wait_until("new clients are refused", || is_refused(address));
            client.send("say finished\nquit\n");
            assert_eq!(client.rest(), b"finished\n", "{personality}");
            assert_eq!(server.wait().code(), Some(0), "{personality}");
        });
    }
}

#[test]
fn an_idle_server_stops_at_once() {
    for signal in [Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGINT] {
        for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
            for personality in super::PERSONALITIES {
                let server = actor(&[&format!("--server_type={personality}")]).args(ports).start();
                server.address();
                let start = Instant::now();
                let finished = server.stop_with(signal);
                assert_eq!(finished.code(), Some(0), "{personality}");
                assert!(
                    start.elapsed() < Duration::from_secs(2),
                    "{personality}: {:?}",
                    start.elapsed()
                );
            }
        }
    }
}

#[test]
fn int_cuts_a_request() {
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        for personality in super::PERSONALITIES {
            let server = actor(&[&format!("--server_type={personality}"), "--log_level=3"])
                .args(ports)
                .start();
            let mut client = in_progress(&server);
            let finished = server.stop_with(Signal::SIGINT);
            assert_eq!(finished.code(), Some(0), "{personality}");
            assert!(client.try_rest().unwrap_or_default().is_empty(), "{personality}");
            assert!(
                finished.stderr().contains("the server stops"),
                "{personality}: {}",
                finished.stderr()
            );
        }
    }
}

#[test]
fn a_request_in_progress_is_cut_after_graceful_timeout() {
    for personality in super::PERSONALITIES {
        let kind = format!("--server_type={personality}");
        let server = actor(&[&kind, "--graceful_timeout=1s", "--log_level=3"]).start();
        let _client = in_progress(&server);
        server.allow_log("still there after 1s: SIGINT");
        let start = Instant::now();
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!((900..3_000).contains(&took.as_millis()), "{personality}: {took:?}");
    }
}

#[test]
fn a_second_signal_forces() {
    with_each(|personality, server| {
        let _client = in_progress(&server);
        server.signal(Signal::SIGTERM);
        let address = server.address();
        server.wait_until("the stop has begun", || is_refused(address));
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.code(), Some(0), "{personality}");
    });
}

#[test]
fn a_child_that_does_not_listen_is_killed() {
    let server = actor(&["--kill_timeout=300ms"]).start();
    let mut client = in_progress(&server);
    client.send("spin 60\n");
    server.expect_log("still there after 300ms: SIGKILL");
    server.allow_log("was killed by SIGKILL");
    let finished = server.stop_with(Signal::SIGINT);
    assert_eq!(finished.code(), Some(1), "a stop that needed KILL");
}

#[test]
fn a_child_told_twice_still_finishes_its_request() {
    // As a service manager does it: TERM to every process, and the parent does so again.
    let server = actor(&["--min_servers=1", "--max_servers=1"]).start();
    let mut client = in_progress(&server);
    let child = server.children()[0];
    server.signal_child(child, Signal::SIGTERM);
    server.signal_child(child, Signal::SIGTERM);
    let address = server.address();
    server.signal(Signal::SIGTERM);
    server.wait_until("the stop has begun", || is_refused(address));
    client.send("say finished\nquit\n");
    assert_eq!(client.rest(), b"finished\n");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_worker_never_misses_a_stop() {
    // A child that has just closed a connection looks whether it is to stop, and then waits for the
    // next one. It is told right then: a mere flag would now and then be seen too late, and nobody
    // comes to wake it.
    const TRIALS: usize = 300;
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        let server = actor(&["--min_servers=1", "--max_servers=1"]).args(ports).start();
        let address = server.address();
        for _ in 0..TRIALS {
            let mut client = Client::connect(address);
            client.send("pid\nquit\n");
            let child: i32 = client.line().parse().unwrap();
            assert_eq!(client.rest(), b"");
            server.signal_child(child, Signal::SIGTERM);
            server.wait_until("it has left", || !server.children().contains(&child));
        }
        server.stop();
    }
}
