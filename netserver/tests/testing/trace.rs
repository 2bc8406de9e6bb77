//! System calls counted, where strace is installed.

use std::time::Duration;

use netserver::testing::{Program, Signal, Trace, count_syscalls, tool};

use crate::scripts::script;

#[test]
fn a_program_is_counted_to_its_end() {
    let Some(strace) = tool("strace") else { return };
    let (finished, calls) = count_syscalls(&strace, Program::new("sh").args(["-c", "exit 3"]));
    assert_eq!(finished.code(), Some(3));
    assert_eq!(calls.count("execve"), 1);
    assert!(calls.total() > calls.count("execve"));
}

#[test]
fn running_processes_are_counted_for_a_while() {
    let Some(strace) = tool("strace") else { return };
    let server = script("trap 'log info tick' USR1; serve").start();
    server.address();
    let trace = Trace::attach(&strace, server.children().into_iter().chain([server.pid()]));
    for _ in 0..3 {
        let before = server.log().len();
        server.signal(Signal::SIGUSR1);
        server.wait_for_log_after(before, "tick");
    }
    let calls = trace.stop();
    // A call counts when it returns, and the last one may not have when the trace stopped.
    assert!((2..=3).contains(&calls.count("write")), "{calls:?}");
    assert_eq!(calls.count("execve"), 0);
    server.stop();
}

#[test]
fn a_server_can_be_started_under_strace_and_keeps_its_number() {
    let Some(strace) = tool("strace") else { return };
    let options = ["-D", "-f", "-qq", "-o", "/dev/null"];
    let server = script("serve").under(strace, &options).grace(Duration::from_secs(2)).start();
    let line = server.wait_for_log("Binding");
    assert!(line.contains(&format!("script[{}]", server.pid())), "{line}");
    server.stop();
}

#[test]
#[should_panic(expected = "for strace to attach to [2147483647], which can come no more")]
fn there_is_no_such_process() {
    let Some(strace) = tool("strace") else {
        panic!("for strace to attach to [2147483647], which can come no more: it is not installed");
    };
    let _ = Trace::attach(&strace, [i32::MAX]);
}
