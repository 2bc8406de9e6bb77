//! A server that was told to stop serves on for `drain_delay`, as whoever sends it clients has to hear of
//! that first.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server, Signal, scratch};

use super::stop::is_refused;
use super::{PARENTS, PERSONALITIES, actor, pause, program, with_all};

/// How long a stop is put off where that is waited for, and how much later than that it may be.
const DELAY: Duration = Duration::from_secs(1);
const MORE: Duration = Duration::from_millis(500);

/// What is logged when it begins.
const BEGUN: &str = "clients are served until then";

fn kind(personality: &str) -> String {
    format!("--server_type={personality}")
}

/// A server that serves on for so long, and has few children.
fn drains(personality: &str, delay: &str) -> Program {
    let delay = format!("--drain_delay={delay}");
    let pool = ["--min_servers=2", "--max_servers=4", "--min_spare_servers=1"];
    let pool = match personality {
        "prefork" => &pool[..],
        "prefork_simple" => &pool[1..2],
        _ => &[],
    };
    actor(&[&kind(personality), &delay, "--log_level=3"]).args(pool)
}

/// Whether somebody is served there.
fn serves(address: SocketAddr) {
    let mut client = Client::connect(address);
    client.send("say hello\nquit\n");
    assert_eq!(client.rest(), b"hello\n");
}

/// Tells the server to stop, and sees that it serves on.
fn tell(server: &Server, signal: Signal, delay: &str) {
    server.signal(signal);
    server.wait_for_log(&format!("stopping in {delay}: {BEGUN}"));
}

#[track_caller]
fn expect_delay(personality: &str, begin: Instant) {
    let took = begin.elapsed();
    assert!(DELAY <= took && took <= DELAY + MORE, "{personality}: {took:?}");
}

#[test]
fn clients_are_served_for_the_delay_and_refused_after_it() {
    with_all(&PERSONALITIES, |personality| {
        for signal in [Signal::SIGTERM, Signal::SIGQUIT] {
            let server = drains(personality, "1s").start();
            let address = server.address();
            serves(address);
            // One that is served all the while, and still after it.
            let busy = (personality != "single").then(|| {
                let mut client = Client::connect(address);
                client.send("now begun\n");
                assert_eq!(client.line(), "begun");
                client
            });
            let begin = Instant::now();
            tell(&server, signal, "1s");
            while begin.elapsed() < DELAY * 8 / 10 {
                serves(address);
                pause(Duration::from_millis(10));
            }
            server.wait_until("new clients are refused", || is_refused(address));
            expect_delay(personality, begin);
            if let Some(mut client) = busy {
                client.send("say finished\nquit\n");
                assert_eq!(client.rest(), b"finished\n", "{personality}");
            }
            server.wait().expect_code(0);
            expect_delay(personality, begin);
        }
    });
}

#[test]
fn an_idle_server_waits_all_the_same() {
    with_all(&PERSONALITIES, |personality| {
        for ports in [1, 2] {
            // Without a limit for reads nothing but a client ends a mere accept.
            let server = drains(personality, "1s").arg("--read_timeout=0");
            let server = server.args(vec!["--port=0"; ports]).start();
            server.addresses(ports);
            server.wait_for_log("starting!");
            serves(server.address());
            let begin = Instant::now();
            tell(&server, Signal::SIGTERM, "1s");
            assert!(begin.elapsed() < MORE, "{personality} says it late: {:?}", begin.elapsed());
            server.wait().expect_code(0);
            expect_delay(personality, begin);
        }
    });
}

#[test]
fn single_counts_whole_seconds() {
    let server = drains("single", "300ms").start();
    serves(server.address());
    let begin = Instant::now();
    tell(&server, Signal::SIGTERM, "1s");
    server.wait().expect_code(0);
    expect_delay("single", begin);
    let server = drains("prefork", "300ms").start();
    serves(server.address());
    let begin = Instant::now();
    tell(&server, Signal::SIGTERM, "300ms");
    server.wait().expect_code(0);
    assert!(begin.elapsed() < DELAY, "{:?}", begin.elapsed());
}

#[test]
fn a_further_signal_does_not_wait() {
    with_all(&PERSONALITIES, |personality| {
        for signal in [Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGINT] {
            let server = drains(personality, "1h").start();
            let address = server.address();
            serves(address);
            tell(&server, Signal::SIGTERM, "3600s");
            // The one client of `single` comes when it drains already.
            let mut client = Client::connect(address);
            client.send("now begun\n");
            assert_eq!(client.line(), "begun");
            let begin = Instant::now();
            server.signal(signal);
            if signal == Signal::SIGINT {
                assert!(client.try_rest().unwrap_or_default().is_empty(), "{personality}");
            } else {
                server.wait_until("new clients are refused", || is_refused(address));
                client.send("say finished\nquit\n");
                assert_eq!(client.rest(), b"finished\n", "{personality} {signal}");
            }
            server.wait().expect_code(0);
            let took = begin.elapsed();
            assert!(took < Duration::from_secs(2), "{personality} {signal}: {took:?}");
        }
    });
}

#[test]
fn a_server_that_stops_itself_does_not_wait() {
    for personality in PERSONALITIES {
        for told in [false, true] {
            let server = drains(personality, "1h");
            let server = if personality == "single" {
                server.start()
            } else {
                server.arg("--no_close_by_child=off").start()
            };
            serves(server.address());
            if told {
                tell(&server, Signal::SIGTERM, "3600s");
            }
            let mut client = Client::connect(server.address());
            client.send("close\nsay finished\nquit\n");
            assert_eq!(client.rest(), b"finished\n", "{personality}");
            server.wait().expect_code(0);
        }
    }
}

#[test]
fn children_are_told_nothing_and_replaced_meanwhile() {
    for personality in ["prefork_simple", "prefork"] {
        let server = drains(personality, "1h").start();
        serves(server.address());
        server.wait_until("two children", || server.children().len() >= 2);
        let before = server.children();
        tell(&server, Signal::SIGTERM, "3600s");
        // A restart is for a server that goes on.
        server.signal(Signal::SIGHUP);
        // One that dies is replaced.
        server.allow_log("was killed by SIGKILL");
        server.signal_child(before[0], Signal::SIGKILL);
        let is_new = |child: &i32| !before.contains(child);
        server.wait_until("another one", || server.alive().iter().any(is_new));
        let kept = &before[1..];
        assert!(kept.iter().all(|child| server.alive().contains(child)), "{personality}");
        if personality == "prefork_simple" {
            let size = server.alive().len();
            server.signal(Signal::SIGTTIN);
            server.wait_until("one more", || server.alive().len() == size + 1);
            server.signal(Signal::SIGTTOU);
            server.wait_until("one less", || server.alive().len() == size);
        }
        serves(server.address());
        let finished = server.stop_with(Signal::SIGTERM).expect_code(0);
        assert!(!finished.stderr().contains("HUP"), "{personality}: {}", finished.stderr());
    }
}

#[test]
fn the_log_is_opened_anew_meanwhile() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let (log, old) = (folder.join("log"), folder.join("old"));
        let ports = folder.join("ports");
        let server = drains(personality, "1h")
            .arg(format!("--log_file={}", log.display()))
            .arg(format!("--port_file={}", ports.display()))
            .start();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        server.wait_until("it is bound", || read(&ports).ends_with('\n'));
        let address = read(&ports).trim_end().trim_end_matches("/tcp").parse().unwrap();
        serves(address);
        server.signal(Signal::SIGTERM);
        server.wait_until("it drains", || read(&log).contains(BEGUN));
        std::fs::rename(&log, &old).unwrap();
        server.signal(Signal::SIGUSR1);
        server.wait_until("there is another log", || {
            // `single` opens it at its next client.
            serves(address);
            log.exists()
        });
        server.stop();
    }
}

#[test]
fn a_server_that_never_served_has_nobody_to_wait_for() {
    with_all(&PERSONALITIES, |personality| {
        for moment in ["CONFIGURE_HOOK", "CONFIGURING", "BEFORE"] {
            let folder = scratch();
            let (ready, begun) = (folder.join("ready"), folder.join("ready.begun"));
            let server = drains(personality, "1h").env(moment, &ready).start();
            if moment == "CONFIGURE_HOOK" {
                server.wait_until("the hook runs", || begun.exists());
            } else {
                server.wait_for_log("waits for a file");
            }
            server.signal(Signal::SIGTERM);
            folder.write("ready", "");
            let log = server.wait().expect_code(0).stderr();
            assert!(!log.contains(BEGUN), "{personality} {moment}: {log}");
        }
    });
    // A pool is ready once a child is.
    for personality in ["prefork_simple", "prefork"] {
        let folder = scratch();
        let ready = folder.join("ready");
        let server = drains(personality, "1h").env("LINGER", &ready).start();
        server.wait_for_log("waits for a file");
        server.signal(Signal::SIGTERM);
        server.wait_for_log("server closing");
        folder.write("ready", "");
        server.wait().expect_code(0);
    }
}

#[test]
fn nobody_waits_by_default() {
    for personality in PERSONALITIES {
        let server = actor(&[&kind(personality), "--log_level=3"]).start();
        serves(server.address());
        let log = server.stop().stderr();
        assert!(!log.contains(BEGUN), "{personality}: {log}");
    }
    let failed = program!("actor").args(["--server_type=inet", "--drain_delay=1s"]).run();
    let failed = failed.expect_code(2);
    assert!(failed.stderr().contains("drain_delay"), "{}", failed.stderr());
}

#[test]
fn a_parent_in_another_thread_drains_alike() {
    with_all(&PARENTS, |personality| {
        let server = drains(personality, "1s").env("APART", "yes").start();
        server.allow_log("threads at a fork");
        serves(server.address());
        let begin = Instant::now();
        tell(&server, Signal::SIGTERM, "1s");
        serves(server.address());
        server.wait().expect_code(0);
        expect_delay(personality, begin);
    });
}
