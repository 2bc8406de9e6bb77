//! The hooks of children: in which order they come, in which process, and what they are given.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server, Signal, tool_with};

use super::talk::client;
use super::{FORKING, pause, program};

/// The program that logs each of these hooks, on a free port of loopback.
pub(super) fn family(personality: &str, arguments: &[&str]) -> Program {
    program!("family")
        .arg("--host=127.0.0.1")
        .arg(format!("--server_type={personality}"))
        .args(arguments)
}

/// The process of each hook that a log tells of, and the hook with what it was given.
pub(super) fn hooks(log: &[String]) -> Vec<(i32, String)> {
    let hook = |line: &String| {
        let (head, hook) = line.split_once(" notice: hook ")?;
        let pid = head.rsplit_once('[')?.1.strip_suffix(']')?.parse().ok()?;
        Some((pid, hook.to_owned()))
    };
    log.iter().filter_map(hook).collect()
}

/// The hooks of one process. Those that come again at once are one.
fn hooks_of(log: &[String], process: i32) -> Vec<String> {
    let of_process = hooks(log).into_iter().filter(|(pid, _)| *pid == process);
    let mut hooks: Vec<String> = of_process.map(|(_, hook)| hook).collect();
    hooks.dedup();
    hooks
}

/// Has a child tell its number, say what else it is asked to, and leave its client.
fn child_that(server: &Server, does: &str) -> i32 {
    let mut client = Client::connect(server.address());
    client.send(format!("pid\n{does}\n"));
    let pid = client.line().parse().unwrap();
    // By its end or by a reset.
    assert_eq!(client.try_rest().unwrap_or_default(), b"");
    pid
}

/// How children end, and what the parent is told of it.
const ENDS: [(&str, &str); 3] =
    [("quit", "Code(0)"), ("exit 7", "Code(7)"), ("run kill -9 $PPID", "Signal(9)")];

#[test]
fn fork_meets_the_hooks_of_each_child_in_order() {
    let server = family("fork", &[]).start();
    server.expect_log("left with code 7");
    server.expect_log("was killed by SIGKILL");
    let mut expected = Vec::new();
    for (does, end) in ENDS {
        let child = child_that(&server, does);
        server.wait_for_log(&format!("hook delete_child_hook {child} Worker"));
        expected.extend([
            "pre_accept_hook".to_owned(),
            "pre_fork_hook Worker".to_owned(),
            format!("register_child {child} Worker"),
            format!("cleanup_dead_child_hook {child} Worker {end}"),
            format!("delete_child_hook {child} Worker"),
        ]);
        let of_child = hooks_of(&server.log(), child);
        let finished = (does == "quit").then_some("child_finish_hook Worker");
        let begun = ["child_init_hook Worker"];
        assert_eq!(of_child, begun.into_iter().chain(finished).collect::<Vec<_>>(), "{does}");
    }
    let parent = server.pid();
    let met = hooks_of(&server.stop().log, parent);
    // It waits for a client at other times, too: before a child that was quick has ended, or after that.
    let goes_on = |at: usize| met.get(at + 1).is_some_and(|next| next.starts_with("pre_fork_hook"));
    let counts = |(at, hook): &(usize, &String)| *hook != "pre_accept_hook" || goes_on(*at);
    let met: Vec<&String> = met.iter().enumerate().filter(counts).map(|(_, hook)| hook).collect();
    assert_eq!(met, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_pool_meets_the_hooks_of_each_child_in_order() {
    for (personality, size) in [
        ("prefork_simple", &["--max_servers=1"][..]),
        ("prefork", &["--min_servers=1", "--max_servers=1"]),
    ] {
        let server = family(personality, size).start();
        server.expect_log("left with code 7");
        server.expect_log("was killed by SIGKILL");
        let mut expected = Vec::new();
        for (does, end) in &ENDS[1..] {
            let child = child_that(&server, does);
            server.wait_for_log(&format!("hook delete_child_hook {child} Worker"));
            expected.extend([
                "run_n_children_hook 1".to_owned(),
                "pre_fork_hook Worker".to_owned(),
                format!("register_child {child} Worker"),
                format!("cleanup_dead_child_hook {child} Worker {end}"),
                format!("delete_child_hook {child} Worker"),
            ]);
            assert_eq!(hooks_of(&server.log(), child), ["child_init_hook Worker"], "{personality}");
        }
        let last = child_that(&server, "quit");
        expected.extend([
            "run_n_children_hook 1".to_owned(),
            "pre_fork_hook Worker".to_owned(),
            format!("register_child {last} Worker"),
            format!("cleanup_dead_child_hook {last} Worker Code(0)"),
            format!("delete_child_hook {last} Worker"),
        ]);
        let parent = server.pid();
        let log = server.stop().log;
        assert_eq!(hooks_of(&log, parent), expected, "{personality}");
        let of_child = ["child_init_hook Worker", "child_finish_hook Worker"];
        assert_eq!(hooks_of(&log, last), of_child, "{personality}");
    }
}

#[test]
fn a_pool_is_told_of_every_batch_of_forks() {
    let server = family("prefork_simple", &["--max_servers=3"]).start();
    server.allow_log("was killed by SIGKILL");
    server.wait_until("three children", || server.children().len() == 3);
    // Each serves one of these, so that two that end at once are replaced at once.
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(server.address())).collect();
    for client in &mut clients {
        client.send("say x\n");
        assert_eq!(client.line(), "x");
    }
    server.signal(Signal::SIGSTOP);
    let victims = server.children();
    for victim in &victims[..2] {
        server.signal_child(*victim, Signal::SIGKILL);
    }
    server.wait_until("two have ended", || server.zombies().len() == 2);
    server.signal(Signal::SIGCONT);
    server.wait_for_log("hook run_n_children_hook 2");
    server.wait_until("two others", || {
        let born = server.log();
        born.iter().filter(|line| line.contains("register_child")).count() == 5
    });
    drop(clients);
    let parent = server.pid();
    let met = hooks(&server.stop().log);
    let of_parent = |name: &str| {
        let starts = |hook: &String| hook.split(' ').next() == Some(name);
        met.iter().filter(|(pid, hook)| *pid == parent && starts(hook)).count()
    };
    assert_eq!(of_parent("run_n_children_hook"), 2);
    assert_eq!(of_parent("pre_fork_hook"), 5);
    assert_eq!(of_parent("register_child"), 5);
    assert_eq!(of_parent("cleanup_dead_child_hook"), 5);
    assert_eq!(of_parent("delete_child_hook"), 5);
}

#[test]
fn a_child_that_a_signal_tells_to_leave_meets_its_last_hook() {
    for (personality, size) in
        [("prefork_simple", "--max_servers=2"), ("prefork", "--min_servers=2")]
    {
        let server = family(personality, &[size]).start();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
            let (mut client, child) = client(&server);
            server.signal_child(child, signal);
            if signal == Signal::SIGINT {
                // It does not wait for its client.
                client.try_rest().unwrap_or_default();
            } else {
                client.send("say done\nquit\n");
                assert_eq!(client.rest(), b"done\n", "{signal}");
            }
            server.wait_for_log(&format!("hook delete_child_hook {child} Worker"));
            let log = server.log();
            let end = format!("cleanup_dead_child_hook {child} Worker Code(0)");
            assert!(log.iter().any(|line| line.ends_with(&end)), "{personality}, {signal}");
            let of_child = ["child_init_hook Worker", "child_finish_hook Worker"];
            assert_eq!(hooks_of(&log, child), of_child, "{personality}, {signal}");
        }
        server.stop();
    }
}

/// Hooks of the parent, and how often its handler is asked what to do.
const OF_PARENT: [&str; 8] = [
    "run_n_children_hook",
    "register_child",
    "pre_accept_hook",
    "idle_loop_hook",
    "child_is_talking_hook",
    "cleanup_dead_child_hook",
    "delete_child_hook",
    "run_dequeue",
];

#[test]
fn a_hook_of_the_parent_that_panics_is_logged_and_no_more() {
    for hook in OF_PARENT {
        let personality = if hook == "pre_accept_hook" { "fork" } else { "prefork_simple" };
        let server = family(personality, &["--max_servers=2", "--child_communication"])
            .arg("--check_for_dequeue=20ms")
            .env("PANIC", hook)
            .env("IDLE", "yes")
            .start();
        server.expect_log(&format!("told to panic in {hook}"));
        server.allow_log(hook);
        server.allow_log("left with code 7");
        for _ in 0..3 {
            let child = child_that(&server, "tell x\nexit 7");
            server.wait_until("it is gone", || !server.children().contains(&child));
        }
        server.wait_for_log(&format!("told to panic in {hook}"));
        server.stop();
    }
}

#[test]
fn the_parent_of_a_pool_does_something_now_and_then() {
    for (personality, every) in
        [("prefork_simple", "--check_for_dead=50ms"), ("prefork", "--check_for_waiting=50ms")]
    {
        let server = family(personality, &[every, "--max_servers=8"]).env("IDLE", "yes").start();
        let turns = || {
            let of_parent =
                |(pid, hook): &(i32, String)| *pid == server.pid() && hook == "idle_loop_hook";
            hooks(&server.log()).iter().filter(|hook| of_parent(hook)).count()
        };
        server.wait_until("it has begun", || turns() >= 1);
        let before = turns();
        server.wait_until(format!("{personality}: ten turns more"), || turns() >= before + 10);
        let log = server.stop().log;
        assert!(!log.iter().any(|line| line.contains("hook pre_accept_hook")), "{personality}");
    }
}

#[test]
fn a_program_that_a_hook_has_started_is_the_hooks_to_wait_for() {
    for personality in ["prefork_simple", "prefork"] {
        let server = family(personality, &["--max_servers=8"]).env("COMMAND", "yes").start();
        server.allow_log("left with code 7");
        // While it is a zombie in front of them children that end are seen all the same.
        server.wait_until("the hook has waited for it", || {
            let child = child_that(&server, "exit 7");
            server.wait_for_log(&format!("hook delete_child_hook {child} Worker"));
            server.log().iter().any(|line| line.contains("hook command ended"))
        });
        server.wait_for_log("hook command ended with exit status: 3");
        server.stop();
    }
}

/// Starts the server as process 1 of a namespace, and has a process be left to it that ends by `end`.
fn see_a_stranger_off(personality: &str, end: &str, told_end: &str) {
    const NAMESPACE: [&str; 4] = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let Some(unshare) = tool_with("unshare", &[&NAMESPACE[..], &["true"]].concat()) else { return };
    let server = family(personality, &["--max_servers=8"])
        .env("COMMAND", "yes")
        .under(&unshare, &NAMESPACE)
        .deadline(Duration::from_secs(20))
        .start();
    let mut client = Client::connect(server.address());
    // Its parent ends at once.
    client.send(format!("run sh -c 'sleep 0.2; {end}' >/dev/null 2>&1 & echo $!\nquit\n"));
    let stranger: i32 = client.line().parse().unwrap();
    assert_eq!(client.rest(), b"exit status: 0\n");
    let told = format!("hook other_child_died_hook {stranger} {told_end}");
    pause(Duration::from_secs(8));
    let is_told = server.log().iter().any(|line| line.contains("other_child_died_hook"));
    assert!(!is_told, "somebody may still wait for it");
    server.wait_for_log(&told);
    let first = server.children()[0];
    server.signal_child(first, Signal::SIGTERM);
    let finished = server.wait().expect_code(0);
    let count = |text: &str| finished.log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("other_child_died_hook"), 1);
    if personality != "fork" {
        assert!(count("hook command ended with exit status: 3") >= 1);
    }
}

#[test]
fn process_1_waits_with_fork_for_whoever_is_left_to_it_but_not_at_once() {
    see_a_stranger_off("fork", "exit 5", "Code(5)");
}

#[test]
fn process_1_waits_in_a_pool_for_whoever_is_left_to_it_but_not_at_once() {
    see_a_stranger_off("prefork", "kill -15 $$", "Signal(15)");
}

#[test]
fn a_copy_that_a_handler_forks_takes_signals_as_any_process_does() {
    for personality in FORKING {
        let server = family(personality, &["--max_servers=2"]).start();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1] {
            let mut client = Client::connect(server.address());
            client.send(format!("copy {}\nsay x\nquit\n", signal as i32));
            let ended = client.line();
            assert!(ended.contains(signal.as_str()), "{personality}: {ended}");
            assert_eq!(client.rest(), b"x\n", "{personality} {signal}");
        }
        server.stop();
    }
}

/// A hook that comes after it keeps nobody waiting for the end.
#[test]
fn a_client_of_fork_sees_the_end_before_the_last_hook_of_its_child() {
    let server = family("fork", &[]).env("NAP", "child_finish_hook 3").start();
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    let start = Instant::now();
    assert_eq!(client.rest(), b"x\n");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    server.stop();
}
