//! Ill servers: every rule of the harness, broken once.

use std::time::Duration;

use netserver::testing::{Program, Signal};
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::scripts::script;

/// For what never comes.
const SOON: Duration = Duration::from_millis(100);

/// Starts the script, waits until it serves, and stops it.
fn stop(text: &str) {
    stop_program(script(text));
}

fn stop_program(program: Program) {
    let server = program.start();
    server.address();
    server.stop();
}

#[test]
#[should_panic(expected = "the test forgot to stop the server")]
fn a_server_is_forgotten() {
    script("serve").start().address();
}

#[test]
#[should_panic(expected = "the server has stopped, but\n  it left behind sleep[")]
fn an_orphan_is_left() {
    stop_program(script("sleep 60 & serve").grace(SOON));
}

#[test]
#[should_panic(expected = "a process that has left its group still holds its standard output")]
fn a_process_escapes() {
    let stray = "echo '2026/11/22-23:18:04 stray['$$'] notice: away' >&2; exec sleep 60";
    let server = script("setsid sh -c \"$STRAY\" & serve").env("STRAY", stray).grace(SOON).start();
    let line = server.wait_for_log("away");
    let _stray = Stray::named_in(&line);
    server.address();
    server.stop();
}

/// The harness cannot know of a process that has left the group, so the test itself ends it.
struct Stray(Pid);

impl Stray {
    /// The process that logged the line.
    fn named_in(line: &str) -> Self {
        let (_, rest) = line.split_once('[').unwrap();
        let (pid, _) = rest.split_once(']').unwrap();
        Self(Pid::from_raw(pid.parse().unwrap()))
    }
}

impl Drop for Stray {
    fn drop(&mut self) {
        kill(self.0, Signal::SIGKILL).unwrap();
    }
}

#[test]
#[should_panic(expected = "it logged an unexpected warning: \"2026/11/22-23:18:04 script[")]
fn a_warning_is_logged() {
    stop("log warning 'disk is slow'; serve");
}

#[test]
#[should_panic(expected = "it logged an unexpected error")]
fn an_error_is_logged_at_the_very_end() {
    let server = script("trap 'log error late; exit 0' TERM; log notice up; while :; do :; done");
    let server = server.start();
    server.wait_for_log("up");
    server.stop();
}

#[test]
#[should_panic(expected = "it logged a line that is no record: \"Segmentation fault\"")]
fn garbage_is_logged() {
    stop("echo 'Segmentation fault' >&2; serve");
}

#[test]
#[should_panic(expected = "it logged a panic")]
fn a_panic_is_logged_as_if_it_were_harmless() {
    stop("log info \"thread 'main' panicked at src/main.rs:1:2\"; serve");
}

#[test]
#[should_panic(expected = "\n  and 5 faults more")]
fn a_flood_of_faults_is_cut_short() {
    stop("for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do log error $n; done; serve");
}

#[test]
#[should_panic(expected = "it never logged \"disk is slow\"")]
fn an_expected_warning_does_not_come() {
    let server = script("serve").start();
    server.expect_log("disk is slow");
    server.address();
    server.stop();
}

#[test]
#[should_panic(expected = "it ended with exit code 1, and not with exit code 0")]
fn the_exit_code_is_not_0() {
    stop("trap 'exit 1' EXIT; serve");
}

#[test]
#[should_panic(expected = "it ended with signal SIGTERM, and not with exit code 0")]
fn term_is_not_handled() {
    let server = script("log notice up; exec sleep 60").start();
    server.wait_for_log("up");
    server.stop();
}

#[test]
#[should_panic(expected = "waited 100ms for its end after SIGTERM\n  /bin/sh[")]
fn term_is_ignored() {
    let server = script("trap '' TERM; log notice up; sleep 60").deadline(SOON).start();
    server.wait_for_log("up");
    server.stop();
}

#[test]
#[should_panic(expected = "waited 100ms for its end after SIGINT")]
fn another_signal_is_ignored() {
    let server = script("trap '' INT; log notice up; sleep 60").deadline(SOON).start();
    server.wait_for_log("up");
    server.stop_with(Signal::SIGINT);
}

#[test]
#[should_panic(expected = "waited 100ms for its end\n")]
fn a_server_does_not_end_by_itself() {
    script("sleep 60").deadline(SOON).start().wait();
}

#[test]
#[should_panic(expected = "waited 100ms for 1 bound listeners\n  /bin/sh[")]
fn nothing_is_bound() {
    script("sleep 60").deadline(SOON).start().address();
}

#[test]
#[should_panic(expected = "waited for 1 bound listeners, which can come no more\n  /bin/sh[")]
fn a_server_ends_before_it_is_bound() {
    script("log error 'port in use'; exit 1").start().address();
}

#[test]
#[should_panic(
    expected = "ended with exit code 1; its last log lines:\n  | 2026/11/22-23:18:04 script["
)]
fn a_failure_shows_how_the_server_does() {
    script("log error 'port in use'; exit 1").start().address();
}

#[test]
#[should_panic(expected = "waited 100ms until pigs fly")]
fn a_fact_never_holds() {
    let server = script("serve").deadline(SOON).start();
    server.wait_until("pigs fly", || false);
}

#[test]
#[should_panic(expected = "is no child of the server")]
fn a_stranger_is_not_sent_a_signal() {
    let server = script("serve").start();
    server.signal_child(std::process::id().cast_signed(), Signal::SIGKILL);
}

#[test]
#[should_panic(expected = "leaks descriptors: 7 -> /dev/zero")]
fn a_descriptor_leaks() {
    let leak = "trap 'exec 7</dev/zero; log info open' USR1; serve";
    let server = script(leak).deadline(2 * SOON).start();
    server.address();
    let before = server.descriptors(server.pid());
    server.signal(Signal::SIGUSR1);
    server.wait_for_log("open");
    server.expect_no_leak(server.pid(), &before);
}

#[test]
#[should_panic(expected = "no descriptors of process -1")]
fn a_process_is_not_there() {
    let server = script("serve").start();
    server.descriptors(-1);
}
