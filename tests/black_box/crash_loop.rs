//! Children that die at once, and forks that fail: never a storm, never the end, and well again soon
//! after what was wrong is (T13, T28c).

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netserver_harness::{Client, Server, scratch, tool};

use super::{actor, pause};

/// How many children have died at once so far.
fn deaths(server: &Server) -> usize {
    server.log().iter().filter(|line| line.contains("before its first connection")).count()
}

/// How long children die: 20 s with `CRASHES=20`.
fn crashing() -> Duration {
    let seconds = std::env::var("CRASHES").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

#[test]
fn children_that_die_at_once_are_no_storm_and_heal() {
    for (personality, size) in
        [("prefork", "--min_servers=5"), ("prefork_simple", "--max_servers=5")]
    {
        for wish in ["FAIL", "PANIC"] {
            let folder = scratch();
            let healed = folder.join("healed");
            let server = actor(&[&format!("--server_type={personality}"), size])
                .args(["--log_level=3", "--spawn_backoff_max=2s"])
                .env(wish, "child_init_hook")
                .env("HEALED", &healed)
                .start();
            server.expect_log("child_init_hook");
            server.expect_log("before its first connection: the next one in");
            let start = Instant::now();
            server.wait_until("five have died", || deaths(&server) >= 5);
            // In the first second one for each place, and the next as that is over.
            while start.elapsed() < Duration::from_millis(900) {
                assert!(deaths(&server) <= 5, "{personality} {wish}");
                pause(Duration::from_millis(50));
            }
            pause(crashing().saturating_sub(start.elapsed()));
            let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
            let all = deaths(&server);
            // At once, after 1 s, and then each 2 s.
            let most = 5 * (2 + seconds.saturating_sub(1) / 2);
            assert!(all <= most, "{personality} {wish}: {all} of {most} in {seconds} s");
            let warned = server
                .log()
                .iter()
                .filter(|line| line.contains("warning") && line.contains("the next one in"))
                .count();
            assert!(warned <= 3 + seconds / 2, "one line for each step: {warned}");
            folder.write("healed", "");
            let mut client = Client::connect(server.address());
            client.send("say well again\nquit\n");
            assert_eq!(client.rest(), b"well again\n", "within the longest wait");
            server.stop();
        }
    }
}

/// Has each fork of a process fail until the tool that sees to it is ended.
fn without_forks(pid: i32) -> std::process::Child {
    let mut strace = Command::new("strace");
    let inject = "inject=clone,clone3,fork,vfork:error=EAGAIN";
    strace.args(["-qq", "-o", "/dev/null", "-e", "trace=clone,clone3,fork,vfork", "-e", inject]);
    let strace = strace.args(["-p", &pid.to_string()]).stderr(Stdio::null()).spawn().unwrap();
    netserver_harness::wait_until("it is traced", || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    });
    strace
}

fn with_forks(mut strace: std::process::Child) {
    let pid = strace.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    strace.wait().unwrap();
}

#[test]
fn a_pool_that_cannot_fork_serves_on_and_is_full_again() {
    if tool("strace").is_none() {
        return;
    }
    let server = actor(&["--min_servers=4", "--max_servers=4"]).start();
    server.expect_log("cannot fork a child: Resource temporarily unavailable");
    server.allow_log("was killed by SIGKILL");
    server.wait_until("four children", || server.children().len() == 4);
    let strace = without_forks(server.pid());
    for victim in server.children().into_iter().take(2) {
        server.signal_child(victim, netserver_harness::Signal::SIGKILL);
    }
    server.wait_for_log("cannot fork a child");
    pause(Duration::from_millis(2_200));
    let tries = server.log().iter().filter(|line| line.contains("cannot fork a child")).count();
    assert!((2..=4).contains(&tries), "one try a second: {tries}");
    let mut client = Client::connect(server.address());
    client.send("say still there\nquit\n");
    assert_eq!(client.rest(), b"still there\n");
    with_forks(strace);
    let relieved = Instant::now();
    server.wait_until("four children", || {
        server.children().len() == 4 && server.zombies().is_empty()
    });
    assert!(relieved.elapsed() <= Duration::from_secs(2), "{:?}", relieved.elapsed());
    server.stop();
}

#[test]
fn a_client_for_whom_no_child_can_be_forked_waits_for_it() {
    if tool("strace").is_none() {
        return;
    }
    let server = actor(&["--server_type=fork"]).start();
    server.expect_log("cannot fork a child: Resource temporarily unavailable");
    let strace = without_forks(server.pid());
    let mut first = Client::connect(server.address());
    first.send("say first\nquit\n");
    server.wait_for_log("cannot fork a child");
    let mut second = Client::connect(server.address());
    second.send("say second\nquit\n");
    with_forks(strace);
    let relieved = Instant::now();
    assert_eq!(first.rest(), b"first\n");
    assert_eq!(second.rest(), b"second\n");
    assert!(relieved.elapsed() <= Duration::from_secs(2), "{:?}", relieved.elapsed());
    server.stop();
}
