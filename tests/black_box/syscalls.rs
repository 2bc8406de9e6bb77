//! System calls per connection: a figure that does not lie on a noisy machine.

use netserver_harness::{Syscalls, Trace, load, tool};

use super::program;

const CONNECTIONS: u64 = 1_000;

/// The calls of four children while they serve.
fn calls_of_children(ports: &[&str]) -> Option<Syscalls> {
    let strace = tool("strace")?;
    let server = program!("line")
        .arg("--host=127.0.0.1")
        .args(["--min_servers=4", "--max_servers=4", "--max_requests=0"])
        .args(ports)
        .start();
    let exchange = |count: u64| {
        load(server.address())
            .connections(usize::try_from(count).unwrap())
            // One after the other: two at once may wake two children for one of them.
            .clients(1)
            .exchange(
                |at| format!("{at}\n"),
                |at, reply| reply == format!("You said \"{at}\"\n").as_bytes(),
            )
            .run()
            .expect_all_right();
    };
    server.wait_until("four children", || server.children().len() == 4);
    // They take turns, so that each has done by now what it does but once.
    exchange(100);
    let trace = Trace::attach(&strace, server.children());
    exchange(CONNECTIONS);
    let calls = trace.stop();
    server.stop();
    Some(calls)
}

/// Each of `once` once for a connection, and nothing else; a few calls were under way when strace
/// came or went. `slack` is for the wait and the accept of a child that is woken for a connection
/// which another, already on its feet, then takes: seldom, but strace makes it slow to its feet.
fn assert_calls(calls: &Syscalls, once: &[&str], slack: u64) {
    for (name, count) in calls.iter() {
        let (expected, slack) = match once.contains(&name) {
            true if ["accept4", "epoll_wait"].contains(&name) => (CONNECTIONS, slack),
            true => (CONNECTIONS, 8),
            false => (0, 8),
        };
        assert!(count.abs_diff(expected) <= slack, "{name}: {count} of {expected} in {calls:?}");
    }
}

#[test]
fn a_connection_costs_a_child_four_calls() {
    let Some(calls) = calls_of_children(&["--port=0"]) else { return };
    assert_calls(&calls, &["accept4", "read", "write", "close"], 8);
}

#[test]
fn a_connection_costs_a_child_five_calls_with_several_ports() {
    let Some(calls) = calls_of_children(&["--port=0", "--port=0"]) else { return };
    assert_calls(&calls, &["epoll_wait", "accept4", "read", "write", "close"], CONNECTIONS / 2);
}
