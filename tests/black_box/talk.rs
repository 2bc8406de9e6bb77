//! Children and their parent talk.

use std::time::Duration;

use netserver::testing::{Client, Server};

use super::children::{family, hooks};

const FORKING: [&str; 3] = ["fork", "prefork_simple", "prefork"];

/// A client, and the process that serves it.
pub(super) fn client(server: &Server) -> (Client, i32) {
    let mut client = Client::connect(server.address());
    client.send("pid\n");
    let pid = client.line().parse().unwrap();
    (client, pid)
}

/// What the parent has heard of a child, in order.
fn heard(log: &[String], child: i32) -> Vec<String> {
    let begin = format!("child_is_talking_hook {child} ");
    let hooks = hooks(log).into_iter();
    hooks.filter_map(|(_, hook)| hook.strip_prefix(&begin).map(str::to_owned)).collect()
}

#[test]
fn both_sides_hear_all_from_the_first_word_to_the_last() {
    for personality in FORKING {
        let server = family(personality, &["--child_communication"])
            .env("GREET", "yes")
            .env("ANSWER", "yes")
            .start();
        let (mut client, pid) = client(&server);
        // It was said before the child could listen; the next one answers what the child said first.
        client.send("hear\nhear\n");
        assert_eq!([client.line(), client.line()], ["welcome", "born"], "{personality}");
        let long = "x".repeat(64 * 1024);
        client.send("tell one\nhear\ntell \nhear\ntell_bytes 65536\nhear\ntell_more\n");
        let said = [client.line(), client.line(), client.line(), client.line()];
        assert_eq!(said, ["one", "", &long, "Err(InvalidInput)"], "{personality}");
        client.send("tell no number\nnumber\ntell 12345678\nnumber\n");
        // The bytes of text are a number where there are as many.
        let said = [client.line(), client.line()];
        assert_eq!(said, ["Err(InvalidData)", "Ok(3544952156018063160)"], "{personality}");
        client.send("quit\n");
        assert_eq!(client.rest(), b"");
        let finished = server.stop();
        assert_eq!(
            heard(&finished.log, pid),
            ["born", "one", "", "65536 bytes", "no number", "12345678", "last words"],
            "{personality}"
        );
        let parent =
            |line: &String| line.contains(&format!("[{}]", finished_parent(&finished.log)));
        let talk = finished.log.iter().filter(|line| line.contains("child_is_talking_hook"));
        assert!(talk.into_iter().all(parent), "{personality}: heard in the parent alone");
        // The last words came before the end did.
        let place = |text: &str| finished.log.iter().position(|line| line.contains(text)).unwrap();
        let (last, end) = (format!("{pid} last words"), format!("cleanup_dead_child_hook {pid}"));
        assert!(place(&last) < place(&end), "{personality}");
    }
}

/// The process that wrote the first line.
fn finished_parent(log: &[String]) -> i32 {
    let head = log[0].split_once("] ").unwrap().0;
    head.rsplit_once('[').unwrap().1.parse().unwrap()
}

#[test]
fn what_is_no_value_of_that_kind_is_logged_and_no_more() {
    let server = family("prefork_simple", &["--child_communication", "--max_servers=1"]).start();
    server.expect_log("child_is_talking_hook failed: a message of 3 bytes that is no such value");
    let (mut client, pid) = client(&server);
    // No text at all.
    client.send(b"garbage 0.01\ntell_no_text 3\ntell after\n");
    client.send(b"quit\n");
    assert_eq!(client.rest(), b"");
    server.wait_for_log(&format!("child_is_talking_hook {pid} after"));
    assert_eq!(server.children(), [pid]);
    assert_eq!(heard(&server.stop().log, pid), ["after"]);
}

#[test]
fn without_child_communication_nobody_talks() {
    let server = family("prefork_simple", &["--max_servers=1"]).start();
    server.expect_log("there is no line: child_communication is off");
    let (mut client, _) = client(&server);
    client.send("tell x\n");
    assert_eq!(client.rest(), b"");
    server.stop();
}

/// The numbers of the lines of other children are other descriptors in a child.
#[test]
fn a_child_that_has_others_from_its_parent_cannot_tell_them_anything() {
    let server = family("prefork_simple", &["--child_communication", "--max_servers=3"]).start();
    server.wait_until("all are there", || server.children().len() == 3);
    let mut told = Vec::new();
    for _ in 0..30 {
        let (mut client, _) = client(&server);
        client.send("tell_others\nsay x\nquit\n");
        told.push(client.line());
        assert_eq!(client.rest(), b"x\n");
    }
    let others = |said: &String| said.matches("NotConnected").count();
    assert!(told.iter().all(|said| !said.contains("Ok") && others(said) <= 2), "{told:?}");
    assert!(told.iter().any(|said| others(said) > 0), "{told:?}");
    server.stop();
}

#[test]
fn a_hook_that_is_slow_to_hear_keeps_nobody_from_a_stop() {
    for personality in FORKING {
        let server = family(personality, &["--child_communication"])
            .env("NAP", "child_is_talking_hook 0.1")
            .grace(Duration::from_secs(3))
            .start();
        let (mut client, _) = client(&server);
        client.send("tell x\n".repeat(200) + "say x\nquit\n");
        assert_eq!(client.rest(), b"x\n");
        server.allow_log("not all that it has said was heard in time");
        server.stop();
    }
}
