//! A pool of threads in one child: how many there are, what signals make of that, and that what happens in
//! one is no other one's affair.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server, Signal, load, scratch, tool};

use super::room::expect_threads_for;
use super::{actor, callers, pause, program};

fn threads(arguments: &[&str]) -> Program {
    actor(&["--server_type=thread", "--log_level=4"]).args(arguments)
}

/// The one child.
fn child(server: &Server) -> i32 {
    server.wait_until("the child", || server.alive().len() == 1);
    server.alive()[0]
}

/// How many threads serve in that process: one has the others.
fn count(child: i32) -> usize {
    fs::read_dir(format!("/proc/{child}/task")).map_or(0, Iterator::count).saturating_sub(1)
}

/// A client that is being served, until it says otherwise.
fn busy(address: SocketAddr) -> Client {
    let mut client = Client::connect(address);
    client.send("now x\n");
    assert_eq!(client.line(), "x");
    client
}

#[test]
fn it_grows_with_its_clients_and_shrinks_when_they_have_gone() {
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        let server = threads(&["--min_servers=2", "--max_servers=8", "--min_child_ttl=0"])
            .args(["--min_spare_servers=1", "--max_spare_servers=2", "--check_for_waiting=50ms"])
            .args(ports)
            .start();
        let child = child(&server);
        server.wait_until("two to begin with", || count(child) == 2);
        let mut clients = Vec::new();
        for at in 1..=8 {
            clients.push(busy(server.address()));
            // The next one is there before it is needed.
            let expected = (at + 1).clamp(2, 8);
            server.wait_until("one to spare", || count(child) == expected);
        }
        // There is one more once somebody has gone.
        let mut late = Client::connect(server.address());
        late.send("say late\nquit\n");
        late.set_patience(Duration::from_millis(20));
        late.try_line().unwrap_err();
        late.set_patience(Duration::from_secs(10));
        clients.truncate(1);
        assert_eq!(late.rest(), b"late\n");
        server.wait_until("two idle ones at most", || count(child) == 3);
        let mut last = clients.remove(0);
        last.send("say still served\nquit\n");
        assert_eq!(last.rest(), b"still served\n");
        server.wait_until("as many as there always are", || count(child) == 2);
        callers(server.address()).connections(200).clients(8).run().expect_all_right();
        server.stop();
    }
}

#[test]
fn ttin_and_ttou_make_it_one_larger_or_smaller_and_its_successor_too() {
    let server = threads(&["--min_servers=1", "--max_servers=2", "--min_spare_servers=1"])
        .args(["--max_spare_servers=1", "--check_for_waiting=20ms", "--min_child_ttl=0"])
        .start();
    let child = child(&server);
    expect_threads_for(&server, 2);
    for _ in 0..3 {
        server.signal(Signal::SIGTTIN);
        pause(Duration::from_millis(5));
    }
    server.wait_for_log("at most 5 threads now");
    expect_threads_for(&server, 5);
    server.signal(Signal::SIGTTOU);
    server.wait_for_log("at most 4 threads now");
    server.wait_until("one has left", || count(child) <= 4);
    expect_threads_for(&server, 4);
    assert_eq!(server.alive(), [child], "a child more or another is none of it");
    server.allow_log("was killed by SIGKILL");
    server.signal_child(child, Signal::SIGKILL);
    server.wait_until("another child", || !server.alive().contains(&child));
    expect_threads_for(&server, 4);
    server.stop();
}

#[test]
fn a_quick_stop_cuts_every_thread_and_a_graceful_one_none() {
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        let server = threads(&["--min_servers=6", "--graceful_timeout=20s"]).args(ports).start();
        let mut clients: Vec<Client> = (0..5).map(|_| busy(server.address())).collect();
        server.signal(Signal::SIGTERM);
        server.wait_for_log("server closing");
        let idle = server.alive()[0];
        server.wait_until("those that serve nobody have left", || count(idle) == 5);
        for client in &mut clients {
            client.send("now y\n");
            assert_eq!(client.line(), "y");
        }
        let since = Instant::now();
        server.signal(Signal::SIGINT);
        for client in &mut clients {
            // Half a reply must not look like a whole one.
            client.try_rest().unwrap_err();
        }
        server.wait().expect_code(0);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
}

#[test]
fn what_is_fatal_to_one_lets_others_finish_beside_a_new_child() {
    let server = threads(&["--min_servers=4"]).start();
    server.expect_log("told to end it");
    server.expect_log(" left with code 1");
    let before = child(&server);
    let mut other = busy(server.address());
    let mut fatal = busy(server.address());
    fatal.send("fatal told to end it\n");
    fatal.rest();
    server.wait_until("another child beside it", || {
        server.alive().len() == 2 && server.alive().contains(&before)
    });
    callers(server.address()).connections(20).clients(4).run().expect_all_right();
    other.send("pid\nquit\n");
    assert_eq!(other.rest(), format!("{before}\n").into_bytes());
    server.wait_for_log("fatal_hook: process_request failed: told to end it");
    server.wait_until("it has left", || !server.alive().contains(&before));
    server.wait_for_log(&format!("child {before} left with code 1"));
    server.stop();
}

#[test]
fn each_thread_has_a_clone_and_what_they_share_is_shared_on_purpose() {
    let server = program!("cloned").args(["--min_servers=4", "--log_level=3"]).start();
    server.wait_for_log("child_init_hook in thread main");
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(server.address())).collect();
    let said: Vec<String> = clients.iter_mut().map(Client::line).collect();
    let numbers: BTreeSet<&str> = said.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(numbers.len(), 4, "{said:?}");
    assert!(!numbers.contains("0"), "nobody is served by the first: {said:?}");
    let counts: BTreeSet<&str> =
        said.iter().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(counts, BTreeSet::from(["1", "2", "3", "4"]));
    drop(clients);
    let log = server.stop().log;
    let finished = log.iter().filter(|line| line.contains("child_finish_hook")).collect::<Vec<_>>();
    assert!(finished.len() == 1 && finished[0].ends_with("after 4 clients"), "{finished:?}");
}

#[test]
fn a_clone_that_panics_is_told_once_and_tried_again() {
    let folder = scratch();
    let healed = folder.join("healed");
    let server = program!("cloned")
        .args(["--min_servers=2", "--log_level=3"])
        .env("CLONE", "1")
        .env("HEALED", &healed)
        .start();
    server.expect_log("starting a thread panicked at");
    server.wait_for_log("cannot be cloned: 0 serve meanwhile");
    let mut client = Client::connect(server.address());
    // Longer than one try takes.
    pause(Duration::from_millis(1500));
    folder.write("healed", "");
    let said = client.line();
    assert!(said.ends_with(" serves client 1"), "{said}");
    drop(client);
    server.expect_log("threads can be started again");
    let log = server.stop().log;
    assert_eq!(log.iter().filter(|line| line.contains("cannot be cloned")).count(), 1, "{log:?}");
}

#[test]
fn a_drop_that_panics_keeps_nobody() {
    let server = program!("cloned").args(["--min_servers=3", "--log_level=3"]).env("DROP", "1");
    let server = server.start();
    server.expect_log("cannot be dropped");
    assert!(Client::connect(server.address()).line().starts_with("clone "));
    server.stop();
}

#[test]
fn threads_that_cannot_be_started_keep_nobody_who_serves() {
    let Some(strace) = tool("strace") else { return };
    let some = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone3"];
    let some = [&some[..], &["-e", "inject=clone3:error=EAGAIN:when=4..9"]].concat();
    let server = threads(&["--min_servers=6"]).under(&strace, &some).start();
    server.expect_log("starting a thread failed: Resource temporarily unavailable (os error 11)");
    server.wait_for_log(": 3 serve meanwhile");
    let child = child(&server);
    callers(server.address()).connections(30).clients(4).run().expect_all_right();
    // Each second it tries one, and says no more until that goes well.
    server.expect_log("threads can be started again");
    server.wait_for_log("threads can be started again");
    server.wait_until("all are there", || count(child) == 6);
    let log = server.stop().log;
    let said = log.iter().filter(|line| line.contains("starting a thread failed")).count();
    assert_eq!(said, 1, "{log:?}");
    // A storm of tries would have needed less time.
    let tries = log.iter().filter(|line| line.contains("threads started")).count();
    assert_eq!(tries, 7, "{log:?}");
}

#[test]
fn one_client_has_as_many_connections_as_it_may_in_all_threads_together() {
    let server = threads(&["--min_servers=8", "--max_per_ip=3"]).start();
    let mut clients: Vec<Client> = (0..3).map(|_| busy(server.address())).collect();
    let mut late = Client::connect(server.address());
    late.send("now x\n");
    assert_eq!(late.try_line().unwrap_or_default(), None);
    clients.pop();
    server.wait_until("there is room again", || {
        let mut next = Client::connect(server.address());
        next.send("say x\nquit\n");
        next.try_rest().is_ok_and(|rest| rest == b"x\n")
    });
    drop(clients);
    server.stop();
}

/// A thread that is told to leave, or that a stop ends, may be anywhere on its way to its next wait.
#[test]
fn none_is_late_to_notice_that_it_is_to_leave() {
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        for _ in 0..20 {
            let server = threads(&["--min_servers=8", "--read_timeout=0"]).args(ports).start();
            load(server.address())
                .connections(50)
                .clients(8)
                .exchange(|_| "quit\n", |_, _| true)
                .run();
            let since = Instant::now();
            server.stop();
            assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        }
    }
}
