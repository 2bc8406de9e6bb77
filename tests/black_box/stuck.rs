//! Handlers that do not listen while the server stops: how long it takes, and how it ends (T14).

use std::time::{Duration, Instant};

use netserver::testing::{Client, Finished, Program, Server, Signal};

use super::stop::is_refused;
use super::{PERSONALITIES, extent, reckless, tell};

/// What keeps a handler from noticing: it works, it sleeps or reads and begins again after each signal,
/// or it lets no signal in at all.
const STUCK: [&str; 5] = ["spin 60", "sleep 60", "read", "block\nsleep 60", "block\nspin 60"];

/// The short form has the first ones.
const STOPS: [&[Signal]; 6] = [
    &[Signal::SIGTERM],
    &[Signal::SIGINT],
    &[Signal::SIGTERM, Signal::SIGTERM],
    &[Signal::SIGINT, Signal::SIGINT],
    &[Signal::SIGQUIT],
    &[Signal::SIGQUIT, Signal::SIGINT],
];

/// `graceful_timeout` and `kill_timeout`, in seconds.
const GRACEFUL: usize = 1;
fn kill_timeout() -> usize {
    extent("STUCK", 1)
}

/// A server in whose handler a client has begun that.
fn busy(program: Program, words: &str) -> (Server, Client) {
    let server = program.arg("--log_level=3").start();
    let mut client = Client::connect(server.address());
    client.send(format!("{words}\nsay finished\nquit\n"));
    let last = words.lines().last().unwrap();
    server.wait_for_log(&format!("told to {last}"));
    (server, client)
}

/// Sends the signals one after the other, each once the one before has come. Hands on how the server
/// ended, and how long after the last of them.
fn stop(server: Server, personality: &str, signals: &[Signal]) -> (Finished, Duration) {
    let (address, (last, first)) = (server.address(), signals.split_last().unwrap());
    for signal in first {
        server.signal(*signal);
        if personality == "single" {
            server.wait_until("the stop has begun", || is_refused(address));
        } else {
            // A child that lets no signal in still listens.
            server.wait_for_log("server closing");
        }
    }
    let start = Instant::now();
    server.signal(*last);
    (server.wait(), start.elapsed())
}

/// One handler that is stuck, and how its server ends.
fn see_it_end(personality: &str, words: &str, signals: &[Signal]) {
    let program = reckless(personality)
        .arg(format!("--graceful_timeout={GRACEFUL}s"))
        .arg(format!("--kill_timeout={}s", kill_timeout()));
    let (server, mut client) = busy(program, words);
    // A process that serves alone says nothing more: it is its own handler that does not return.
    if personality != "single" {
        server.expect_log("was killed by SIGKILL");
    }
    server.allow_log("still there after");
    let (finished, took) = stop(server, personality, signals);
    let what = format!("{personality}, {words:?}, {signals:?}");
    assert_eq!(finished.code(), Some(1), "{what}: KILL was needed");
    let graceful = if signals.len() == 1 && signals[0] != Signal::SIGINT { GRACEFUL } else { 0 };
    let most = Duration::from_secs(u64::try_from(graceful + kill_timeout() + 1).unwrap());
    assert!(took <= most, "{what}: {took:?}");
    tell(format_args!("{what}: {took:.1?}"));
    let reply = client.try_rest().unwrap_or_default();
    assert!(reply.is_empty(), "{what}: {reply:?}");
}

/// Every personality and signal with `STUCK=5`, which is then the `kill_timeout`.
#[test]
fn a_handler_that_does_not_listen_ends_with_its_server() {
    let full = std::env::var_os("STUCK").is_some();
    let (stops, personalities, at_once) = if full {
        (&STOPS[..], &PERSONALITIES[..], 1)
    } else {
        (&STOPS[..4], &["single", "prefork"][..], STUCK.len())
    };
    for words in STUCK.chunks(at_once) {
        std::thread::scope(|scope| {
            for words in words {
                for personality in personalities.iter().filter(|one| ends(one, words)) {
                    for signals in stops {
                        scope.spawn(move || see_it_end(personality, words, signals));
                    }
                }
            }
        });
    }
}

/// Whoever lets no signal in and has no parent is let be.
fn ends(personality: &str, words: &str) -> bool {
    personality != "single" || !words.starts_with("block")
}

#[test]
fn a_request_of_three_seconds_is_let_finish() {
    std::thread::scope(|scope| {
        for signal in [Signal::SIGTERM, Signal::SIGQUIT] {
            for personality in PERSONALITIES {
                scope.spawn(move || {
                    let (server, mut client) = busy(reckless(personality), "sleep 3");
                    let (finished, took) = stop(server, personality, &[signal]);
                    assert_eq!(finished.code(), Some(0), "{personality}, {signal}");
                    assert_eq!(client.rest(), b"finished\n", "{personality}, {signal}");
                    tell(format_args!("{personality}, {signal}: {took:.1?}"));
                });
            }
        }
    });
}
