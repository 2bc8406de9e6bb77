//! Programs that end by themselves: what they are started with, and what is known of them after.

use std::fs::File;
use std::time::Duration;

use netserver::testing::{Program, Signal, scratch};

use crate::scripts::script;

const SOON: Duration = Duration::from_millis(100);

#[test]
fn both_streams_and_the_exit_code_are_kept() {
    let finished = script("echo out; echo err >&2; printf end >&2; exit 2").run().expect_code(2);
    assert_eq!(finished.stdout, "out\n");
    assert_eq!(finished.log, ["err", "end"]);
    assert_eq!(finished.stderr(), "err\nend\n");
    assert_eq!(finished.signal(), None);
}

#[test]
fn the_signal_that_ended_it_is_kept() {
    let finished = script("kill -USR1 $$").run().expect_signal(Signal::SIGUSR1);
    assert_eq!(finished.code(), None);
}

#[test]
fn arguments_environment_and_directory_arrive() {
    let directory = scratch();
    let program = script("pwd; echo \"$0 $NAME\"").arg("a  b").env("NAME", "value");
    let finished = program.directory(directory.path()).run();
    assert_eq!(finished.stdout, format!("{}\na  b value\n", directory.path().display()));
}

#[test]
fn another_program_starts_it() {
    let finished = script("echo $NAME").under("env", &["NAME=value"]).run();
    assert_eq!(finished.stdout, "value\n");
}

#[test]
fn standard_input_is_empty_or_what_was_given() {
    let finished = script("cat").run().expect_code(0);
    assert_eq!(finished.stdout, "");
    let directory = scratch();
    let file = File::open(directory.write("input", "given")).unwrap();
    assert_eq!(script("cat").stream(0, file).run().stdout, "given");
}

#[test]
fn closed_streams_are_not_open() {
    let open = "for fd in 0 1; do [ -e /proc/$$/fd/$fd ] && echo $fd >&2; done; exit 0";
    assert_eq!(script(open).run().log, ["0", "1"]);
    assert_eq!(script(open).closed_streams(&[0]).run().log, ["1"]);
    assert_eq!(script(open).closed_streams(&[0, 1]).run().log, [""; 0]);
    script("[ ! -e /proc/$$/fd/2 ]").closed_streams(&[2]).run().expect_code(0);
}

#[test]
fn a_full_stream_takes_nothing() {
    let finished = script("echo lost || exit 7").full_streams(&[1]).run();
    assert_eq!(finished.expect_code(7).stdout, "");
    script("log info lost || exit 7").full_streams(&[2]).run().expect_code(7);
}

#[test]
fn a_broken_stream_is_a_broken_pipe() {
    script("echo lost").broken_streams(&[1]).run().expect_signal(Signal::SIGPIPE);
    assert_eq!(script("cat").broken_streams(&[0]).run().stdout, "");
}

#[test]
#[should_panic(expected = "a standard stream is 0, 1 or 2, and not 3")]
fn there_is_no_fourth_standard_stream() {
    let _ = script("").closed_streams(&[3]);
}

#[test]
#[should_panic(expected = "waited 100ms for its end")]
fn a_program_does_not_end() {
    script("sleep 60").deadline(SOON).run();
}

#[test]
#[should_panic(expected = "it left behind sleep[")]
fn a_program_leaves_a_process() {
    script("sleep 60 &").grace(SOON).run();
}

#[test]
#[should_panic(expected = "cannot start /no/such/program: No such file or directory")]
fn a_program_does_not_exist() {
    Program::new("/no/such/program").run();
}

#[test]
#[should_panic(expected = "ended with exit code 2, and not with exit code 0")]
fn a_program_fails() {
    script("exit 2").run().expect_code(0);
}
