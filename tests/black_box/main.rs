//! Black-box tests: real server programs, real signals, real connections.
//!
//! One test binary, so that there is one to link. Every server listens on port 0 of loopback, every
//! wait is for a fact and has a deadline, and [`netserver::testing::Server::stop`] holds what is true
//! of every server that has ended.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod access;
mod activation;
mod attacks;
mod bad_input;
mod chance;
mod children;
mod client_first;
mod closing;
mod commands;
mod connections;
mod crash_loop;
mod crowd;
mod datagrams;
mod daemons;
mod deadlines;
mod declared;
mod dequeue;
mod drain;
mod event_loop;
mod exits;
mod failures;
mod fatal;
mod forks_fail;
mod hook_table;
mod hooks;
mod hostile;
mod idle;
mod kills;
mod listening;
mod log_files;
mod log_hook;
mod log_lines;
mod log_sinks;
mod manual;
mod mixed;
mod multiplex;
mod multitype;
mod names;
mod notify;
mod orphans;
mod panics;
mod parents;
mod pid_files;
mod pool;
mod ports;
mod privileges;
mod protocols;
mod renewal;
mod restart_broken;
mod restart_datagrams;
mod restart_descriptors;
mod restart_handover;
mod restart_load;
mod restart_ports;
mod restart_privileges;
mod restart_storm;
mod room;
mod rotation;
mod same_script;
mod security;
mod site;
mod soak;
mod sources;
mod standstill;
mod starts_again;
mod starved;
mod stdio;
mod stop;
mod stopped;
mod storm;
mod stuck;
mod syscalls;
mod syslog;
mod talk;
mod thread_pool;
mod threads;
mod tls;
mod turns;
mod units;
mod unix_sockets;

use std::net::SocketAddr;
use std::str::FromStr;

use netserver::testing::{Load, Program, Server, load};

/// A server program of this package.
macro_rules! program {
    ($name:literal) => {
        netserver::testing::Program::new(env!(concat!("CARGO_BIN_EXE_", $name)))
    };
}
use program;

/// The personalities that call `process_request`; most tests hold for each.
const PERSONALITIES: [&str; 5] = ["single", "fork", "prefork_simple", "prefork", "thread"];

/// Those of them whose every client has a process of its own meanwhile, and that serve any handler.
const APART: [&str; 4] = ["single", "fork", "prefork_simple", "prefork"];

/// The program that does what its clients say, on a free port of loopback.
fn actor(arguments: &[&str]) -> Program {
    program!("actor").arg("--host=127.0.0.1").args(arguments)
}

/// The program that does the worst that a handler may do, on a free port of loopback.
fn reckless(personality: &str) -> Program {
    program!("reckless").args(["--host=127.0.0.1", &format!("--server_type={personality}")])
}

/// Clients of that program, who each have it say their number and quit.
fn callers<'a>(address: SocketAddr) -> Load<'a> {
    load(address)
        .exchange(
            |at| format!("say {at}\nquit\n"),
            |at, reply| reply == format!("{at}\n").as_bytes(),
        )
        .until_close()
}

/// Tells what was measured, to whoever runs a test with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the test runner keeps it from everybody else")]
fn tell(figures: std::fmt::Arguments<'_>) {
    println!("{figures}");
}

/// How much a test does in all: what a variable of the environment says, or else `short`.
fn extent<N: FromStr>(variable: &str, short: N) -> N {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(short)
}

/// Runs a test with a server of each personality, which it has to stop.
fn with_each(test: impl Fn(&str, Server)) {
    for personality in PERSONALITIES {
        test(personality, actor(&[&format!("--server_type={personality}")]).start());
    }
}

/// Those whose every client has a child meanwhile.
const FORKING: [&str; 3] = ["fork", "prefork_simple", "prefork"];

/// Those whose clients are served by children.
const PARENTS: [&str; 4] = ["fork", "prefork_simple", "prefork", "thread"];

/// Runs a test with each of them at the same time: for those that mostly wait.
fn with_all(personalities: &[&str], test: impl Fn(&str) + Sync) {
    all_at_once(personalities.iter().map(|personality| || test(personality)));
}

/// Runs all of them at the same time. Where some fail the last that is printed is how the first one did.
fn all_at_once<F: FnOnce() + Send>(tests: impl Iterator<Item = F>) {
    let failures = std::thread::scope(|scope| {
        let running: Vec<_> = tests.map(|test| scope.spawn(test)).collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.filter_map(Result::err).collect::<Vec<_>>()
    });
    if let Some(first) = failures.first() {
        let text = first.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| first.downcast_ref::<&str>().copied()).unwrap_or("no text");
        panic!("{} failed; the first one: {text}", failures.len());
    }
}

/// Lets a time go by that is itself what the test is about: how slow a client is, or how long a server
/// is watched.
#[expect(clippy::disallowed_methods, reason = "no fact is waited for")]
fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}
