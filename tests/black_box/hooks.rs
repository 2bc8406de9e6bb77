//! Every hook, in the manual's order and in the right process.

use netserver::testing::{Client, Finished};

use super::program;

/// The hooks that a log shows, each with whether it ran in the process `parent`.
fn hooks(finished: &Finished, parent: i32) -> Vec<(String, &'static str)> {
    let met = finished.log.iter().filter_map(|line| {
        let (head, hook) = line.split_once(" notice: hook ")?;
        let process = if head.ends_with(&format!("[{parent}]")) { "parent" } else { "child" };
        Some((hook.to_owned(), process))
    });
    met.collect()
}

/// Lets one client be served and another denied, and hands on what was logged.
fn run(personality: &str) -> (Finished, i32) {
    let server = program!("hooks")
        .arg(format!("--server_type={personality}"))
        .arg("--host=127.0.0.1")
        .start();
    let address = server.address();
    for (sent, reply) in [("hello\n", "served"), ("deny\n", "denied")] {
        let mut client = Client::connect(address);
        client.send(sent);
        assert_eq!(client.line(), reply);
        assert_eq!(client.rest(), b"");
    }
    let parent = server.pid();
    (server.stop(), parent)
}

const START: [&str; 4] =
    ["configure_hook set listen=77", "post_configure_hook", "post_bind_hook on 1", "pre_loop_hook"];
const SERVED: [&str; 5] = [
    "post_accept_hook",
    "allow_deny_hook",
    "process_request",
    "post_process_request_hook true",
    "post_client_connection_hook",
];
const DENIED: [&str; 5] = [
    "post_accept_hook",
    "allow_deny_hook",
    "request_denied_hook",
    "post_process_request_hook false",
    "post_client_connection_hook",
];

fn all(process: &'static str, hooks: &[&str]) -> Vec<(String, &'static str)> {
    hooks.iter().map(|hook| ((*hook).to_owned(), process)).collect()
}

#[test]
fn single_meets_every_hook_in_one_process() {
    let (finished, parent) = run("single");
    let stop = ["pre_server_close_hook", "post_child_cleanup_hook"];
    let expected = [&START[..], &SERVED, &DENIED, &stop].concat();
    assert_eq!(hooks(&finished, parent), all("parent", &expected));
}

#[test]
fn prefork_meets_every_hook_in_the_right_process() {
    let (finished, parent) = run("prefork");
    let met = hooks(&finished, parent);
    let of =
        |process: &str| met.iter().filter(|(_, one)| *one == process).cloned().collect::<Vec<_>>();
    let stop = ["pre_fork_hook", "pre_server_close_hook", "post_child_cleanup_hook"];
    assert_eq!(of("parent"), all("parent", &[&START[..], &stop].concat()));
    let child = [&["child_init_hook"][..], &SERVED, &DENIED, &["child_finish_hook"]].concat();
    assert_eq!(of("child"), all("child", &child));
    // Across the two, what one process does before it wakes the other.
    let place = |hook: &str| met.iter().position(|(one, _)| one == hook).unwrap();
    assert!(place("pre_fork_hook") < place("child_init_hook"));
    assert!(place("pre_server_close_hook") < place("child_finish_hook"));
    assert!(place("child_finish_hook") < place("post_child_cleanup_hook"));
}
