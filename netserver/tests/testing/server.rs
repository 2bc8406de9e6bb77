//! Healthy servers: everything a test may ask of one, and every way to end it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use netserver::testing::{Server, Signal};

use crate::scripts::script;

#[test]
fn a_server_is_reached_where_it_says_and_stops() {
    let server = script("serve").start();
    assert_eq!(server.address().to_string(), "127.0.0.1:45123");
    let finished = server.stop();
    assert_eq!(finished.code(), Some(0));
    assert_eq!(finished.log.len(), 1);
}

#[test]
fn a_program_is_started_with_its_arguments() {
    let server = Server::start("/bin/sh", &["-c", "echo \"$1\"; exec sleep 60", "sh", "a b"]);
    let finished = server.stop_with(Signal::SIGTERM);
    assert!(finished.stdout.is_empty() || finished.stdout == "a b\n");
}

#[test]
fn listeners_are_told_in_their_order() {
    let server = script(
        "log notice 'Binding to UDP port 7 on host * with IPv6'
        log info 'between the two'
        serve",
    )
    .start();
    let addresses = server.addresses(2).map_to_text();
    assert_eq!(addresses, ["[::1]:7", "127.0.0.1:45123"]);
    server.stop();
}

#[test]
fn a_line_is_waited_for_and_so_is_the_next_of_its_kind() {
    let server = script("trap 'log info tick' USR1; log info tick; serve").start();
    server.address();
    assert!(server.wait_for_log("tick").ends_with("info: tick"));
    let before = server.log().len();
    server.signal(Signal::SIGUSR1);
    server.wait_for_log_after(before, "tick");
    assert_eq!(server.stop().log.len(), 3);
}

#[test]
fn children_are_known_and_zombies_among_them() {
    let server = script("true & exec sleep 60").start();
    server.wait_until("a zombie is there", || server.zombies().len() == 1);
    assert_eq!(server.children(), server.zombies());
    assert_eq!(server.alive(), []);
    server.stop_with(Signal::SIGTERM).expect_signal(Signal::SIGTERM);
}

#[test]
fn a_child_can_be_killed() {
    let server = script(
        "sleep 60 & log notice forked
        reap $!
        log notice \"child ended with $?\"
        serve",
    )
    .start();
    server.wait_for_log("forked");
    let [child] = server.children()[..] else { panic!("one child: {:?}", server.children()) };
    assert_eq!(server.children_at_once(), 1);
    server.signal_child(child, Signal::SIGKILL);
    server.wait_for_log("child ended with 137");
    assert!(!server.try_signal_child(child, Signal::SIGKILL), "it is gone");
    let stranger = std::process::id().cast_signed();
    assert!(!server.try_signal_child(stranger, Signal::SIGCONT), "somebody else's");
    server.address();
    server.stop();
}

#[test]
fn what_it_uses_is_known() {
    let server = script("log notice up; while :; do :; done").start();
    server.wait_for_log("up");
    assert!(server.resident() > 100, "a shell needs more");
    server.wait_until("it has worked", || server.processor_time() >= Duration::from_millis(50));
    server.stop_with(Signal::SIGTERM).expect_signal(Signal::SIGTERM);
}

#[test]
fn what_was_announced_is_no_fault() {
    let server = script("log warning 'disk is slow'; echo no record >&2; serve").start();
    server.expect_log("disk is slow");
    server.expect_log("no record");
    server.allow_log("disk is gone");
    server.address();
    server.stop();
}

#[test]
fn a_server_may_be_ended_by_any_signal() {
    let server = script("log notice up; exec sleep 60").start();
    server.wait_for_log("up");
    server.stop_with(Signal::SIGKILL).expect_signal(Signal::SIGKILL);
}

#[test]
fn a_server_may_end_by_itself() {
    script("log notice bye; exit 3").start().wait().expect_code(3);
}

#[test]
fn descriptors_are_compared() {
    let server = script("trap 'exec 7</dev/zero' USR1; serve").start();
    server.address();
    let before = server.descriptors(server.pid());
    server.expect_no_leak(server.pid(), &before);
    server.signal(Signal::SIGUSR1);
    server.wait_until("one more is open", || {
        let leaked = before.leaked(&server.descriptors(server.pid()));
        leaked.to_string() == "7 -> /dev/zero"
    });
    server.stop();
}

#[test]
fn nothing_outlives_a_test_that_fails() {
    let mut processes = Vec::new();
    let failure = catch_unwind(AssertUnwindSafe(|| {
        let server = script("sleep 60 & serve").start();
        server.address();
        processes.push(server.pid());
        processes.extend(server.children());
        panic!("as a failing test does");
    }));
    assert!(failure.is_err());
    assert_eq!(processes.len(), 3);
    // Its own process is reaped by now; the others are dead, and reaped when init likes.
    assert!(!Path::new(&format!("/proc/{}", processes[0])).exists());
    for pid in &processes[1..] {
        netserver::testing::wait_until(format!("process {pid} is gone"), || is_gone(*pid));
    }
}

fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn a_server_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Server>();
}

trait MapToText {
    fn map_to_text(self) -> Vec<String>;
}

impl<T: ToString> MapToText for Vec<T> {
    fn map_to_text(self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}
