//! System calls per connection: a figure that does not lie on a noisy machine.

use netserver::testing::{Syscalls, Trace, load, tool};

use super::program;

const CONNECTIONS: u64 = 1_000;

/// The calls of four children, or threads of one, while they serve.
fn calls_of_workers(arguments: &[&str], children: usize) -> Option<Syscalls> {
    let strace = tool("strace")?;
    let server = program!("line")
        .arg("--host=127.0.0.1")
        .args(["--min_servers=4", "--max_servers=4"])
        .args(arguments)
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
    server.wait_until("all children", || server.children().len() == children);
    // They take turns, so that each has done by now what it does but once.
    exchange(100);
    let trace = Trace::attach(&strace, server.children());
    exchange(CONNECTIONS);
    let calls = trace.stop();
    server.stop();
    Some(calls)
}

/// Those of children that are not renewed meanwhile.
fn calls_of_children(ports: &[&str]) -> Option<Syscalls> {
    calls_of_workers(&[&["--max_requests=0"], ports].concat(), 4)
}

/// Each of `once` once for a connection, and nothing else but a few calls that were under way when
/// strace came or went.
fn assert_calls(calls: &Syscalls, once: &[&str]) {
    for name in once {
        assert!(calls.iter().any(|(called, _)| called == *name), "no {name} in {calls:?}");
    }
    for (name, count) in calls.iter() {
        let expected = if once.contains(&name) { CONNECTIONS } else { 0 };
        assert!(count.abs_diff(expected) <= 8, "{name}: {count} of {expected} in {calls:?}");
    }
}

#[test]
fn a_connection_costs_a_child_four_calls() {
    let Some(calls) = calls_of_children(&["--port=0"]) else { return };
    assert_calls(&calls, &["accept4", "read", "write", "close"]);
}

#[test]
fn a_connection_costs_a_thread_four_calls() {
    let Some(calls) = calls_of_workers(&["--server_type=thread"], 1) else { return };
    assert_calls(&calls, &["accept4", "read", "write", "close"]);
}

#[test]
fn several_ports_cost_a_child_one_call_more() {
    let Some(mut calls) = calls_of_children(&["--port=0", "--port=0"]) else { return };
    // A child that is woken for a connection which another, already on its feet, takes first, waits
    // once more. That is seldom, but not where strace makes it slow to its feet.
    let waits = calls.take("epoll_wait");
    let accepts = calls.take("accept4");
    assert!(waits.abs_diff(accepts) <= 8, "{waits} waits, {accepts} accepts");
    assert!(waits >= CONNECTIONS - 8, "{waits} waits");
    assert_calls(&calls, &["read", "write", "close"]);
}
