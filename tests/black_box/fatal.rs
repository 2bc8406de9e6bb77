//! What a server calls fatal ends the process it happens in, and `fatal_hook` hears of it with its place.

use netserver::testing::{Client, Finished, Server};

use super::{PARENTS, actor, with_all};

/// The lines that name the file of the program, which hooks and the log do.
const PLACE: &str = "tests/src/bin/actor.rs:";

fn say_fatal(server: &Server) {
    let mut client = Client::connect(server.address());
    client.send("say before\nfatal it is broken\n");
    assert_eq!(client.rest(), b"before\n");
}

/// The number of the process that has logged the first line with this text.
fn who(finished: &Finished, text: &str) -> String {
    let line = finished.log.iter().find(|line| line.contains(text));
    let line = line.unwrap_or_else(|| panic!("no {text} in {:?}", finished.log));
    line.split_once('[').unwrap().1.split_once(']').unwrap().0.to_owned()
}

const HEARD: &str =
    "notice: fatal_hook: process_request failed: it is broken, tests/src/bin/actor.rs:";
const LOGGED: &str = "error: process_request failed: it is broken at tests/src/bin/actor.rs:";

fn expect_told(server: &Server) {
    server.expect_log("warning: process_request failed: it is broken");
    server.expect_log(LOGGED);
}

#[test]
fn in_a_child_it_ends_the_child_alone() {
    with_all(&PARENTS, |personality| {
        let server = actor(&[&format!("--server_type={personality}"), "--max_servers=3"]).start();
        expect_told(&server);
        server.expect_log("left with code 1");
        say_fatal(&server);
        server.wait_for_log("left with code 1");
        let mut client = Client::connect(server.address());
        client.send("say after\nquit\n");
        assert_eq!(client.rest(), b"after\n", "{personality}");
        let parent = server.pid().to_string();
        let finished = server.stop();
        assert_ne!(who(&finished, HEARD), parent, "{personality}");
        assert_eq!(who(&finished, HEARD), who(&finished, LOGGED));
        let told = finished.log.iter().filter(|line| line.contains("fatal_hook")).count();
        assert_eq!(told, 1, "{personality}: {:?}", finished.log);
    });
}

#[test]
fn without_children_it_stops_the_server() {
    let server = actor(&["--server_type=single"]).start();
    expect_told(&server);
    say_fatal(&server);
    let finished = server.wait().expect_code(1);
    assert_eq!(who(&finished, HEARD), who(&finished, LOGGED));
    let closing = finished.log.iter().position(|line| line.contains("server closing"));
    assert!(closing < finished.log.iter().position(|line| line.contains("fatal_hook")));
}

#[test]
fn in_a_hook_of_the_parent_it_stops_the_server() {
    for personality in PARENTS {
        let server =
            actor(&[&format!("--server_type={personality}")]).env("FATAL", "pre_fork_hook").start();
        server.expect_log("warning: pre_fork_hook failed: told to be fatal");
        server
            .expect_log("error: pre_fork_hook failed: told to be fatal at tests/src/bin/actor.rs:");
        if personality == "fork" {
            let _ = Client::try_connect(server.address());
        }
        let finished = server.wait().expect_code(1);
        let heard = finished
            .log
            .iter()
            .filter(|line| line.contains("fatal_hook: ") && line.contains(PLACE));
        assert_eq!(heard.count(), 1, "{personality}: {:?}", finished.log);
    }
}

#[test]
fn a_start_that_fails_is_fatal_too() {
    let hooks = ["post_configure_hook", "post_bind_hook", "pre_loop_hook"];
    for (wish, what) in [("FATAL", "told to be fatal"), ("FAIL", "told to fail")] {
        for hook in hooks {
            let finished = actor(&[]).env(wish, hook).run().expect_code(1);
            let heard = format!("fatal_hook: {hook} failed: {what}, {PLACE}");
            assert!(finished.stderr().contains(&heard), "{}", finished.stderr());
        }
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("--port={}", taken.local_addr().unwrap().port());
    let finished = actor(&[&port]).run().expect_code(1);
    assert!(
        finished.stderr().contains("fatal_hook: cannot listen on 127.0.0.1:"),
        "{}",
        finished.stderr()
    );
}
