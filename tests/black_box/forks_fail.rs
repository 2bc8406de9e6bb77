//! Forks that fail for a while: one try a second, whoever is there serves on, and the pool is full again
//! soon after (T28c).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server, Signal, tool, tool_with, wait_until};

use super::parents::pool_of;
use super::{actor, extent, pause, with_all};

const SIZE: usize = 4;
const FAILED: &str = "cannot fork a child: Resource temporarily unavailable";
/// How soon all is well again.
const WELL: Duration = Duration::from_secs(2);
/// Whoever the server is where it must not be root, to whom no limit applies.
const AS_SOMEBODY: [&str; 5] = ["--reuid", "54321", "--regid", "54321", "--clear-groups"];

/// How long no fork succeeds: 10 s with `FORKLESS=10`.
fn forkless() -> Duration {
    Duration::from_secs(extent("FORKLESS", 2))
}

/// Has each fork of a process fail until the tool that sees to it is ended.
fn without_forks(pid: i32) -> Child {
    let mut strace = Command::new("strace");
    let inject = "inject=clone,clone3,fork,vfork:error=EAGAIN";
    strace.args(["-qq", "-o", "/dev/null", "-e", "trace=clone,clone3,fork,vfork", "-e", inject]);
    let strace = strace.args(["-p", &pid.to_string()]).stderr(Stdio::null()).spawn().unwrap();
    wait_until("it is traced", || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    });
    strace
}

fn with_forks(mut strace: Child) {
    let pid = strace.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    strace.wait().unwrap();
}

/// How many processes its user may have from here on, were it not that there are more already; `None`
/// stands for as many as it may have at most.
fn limit_processes(pid: i32, most: Option<&str>) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let hard = limits.lines().find_map(|line| line.strip_prefix("Max processes"));
    let hard = hard.and_then(|limits| limits.split_whitespace().nth(1)).unwrap();
    let mut limit = Vec::new();
    if nix::unistd::geteuid().is_root() {
        // Not every root may limit others.
        limit.extend(["setpriv"].iter().chain(&AS_SOMEBODY).map(ToString::to_string));
    }
    limit.extend(["prlimit".into(), format!("--nproc={}:", most.unwrap_or(hard))]);
    limit.extend(["--pid".into(), pid.to_string()]);
    assert!(Command::new(&limit[0]).args(&limit[1..]).status().unwrap().success());
}

fn start(program: Program) -> Server {
    let server = program.start();
    server.expect_log(FAILED);
    server.allow_log("was killed by SIGKILL");
    server.wait_until("all children", || server.alive().len() == SIZE);
    server
}

/// How often it has tried to fork in vain.
fn tries(server: &Server) -> usize {
    server.log().iter().filter(|line| line.contains(FAILED)).count()
}

/// Loses half of its children while none can be forked, and serves on with the others.
fn lose_children(server: &Server) {
    let begin = Instant::now();
    for victim in server.alive().into_iter().take(SIZE / 2) {
        server.signal_child(victim, Signal::SIGKILL);
    }
    server.wait_for_log(FAILED);
    for second in 1..=forkless().as_secs() {
        // Whatever wakes the parent is no reason to try again.
        while begin.elapsed() < Duration::from_secs(second) {
            server.signal(Signal::SIGCHLD);
            pause(Duration::from_millis(100));
        }
        let mut client = Client::connect(server.address());
        client.send("say still there\nquit\n");
        assert_eq!(client.rest(), b"still there\n");
    }
    let (tries, seconds) = (tries(server), begin.elapsed().as_secs_f64());
    // However many places are free, there is one try for all.
    assert!(tries >= 2 && tries as u64 <= begin.elapsed().as_secs() + 1, "{tries} in {seconds} s");
    assert_eq!(server.alive().len(), SIZE / 2);
}

fn see_it_full_again(server: &Server, relieved: Instant) {
    server.wait_until("all children", || {
        server.children().len() == SIZE && server.alive().len() == SIZE
    });
    assert!(relieved.elapsed() <= WELL, "{:?}", relieved.elapsed());
}

#[test]
fn a_pool_that_cannot_fork_serves_on_and_is_full_again() {
    if tool("strace").is_none() {
        return;
    }
    with_all(&["prefork", "prefork_simple"], |personality| {
        let server = start(actor(&[]).args(pool_of(personality, SIZE)));
        let strace = without_forks(server.pid());
        lose_children(&server);
        with_forks(strace);
        see_it_full_again(&server, Instant::now());
        server.stop();
    });
}

/// The server as somebody whom the limit applies to; `None` where that cannot be had.
fn as_somebody(program: Program) -> Option<Program> {
    let _ = tool("prlimit")?;
    if !nix::unistd::geteuid().is_root() {
        return Some(program);
    }
    let setpriv = tool_with("setpriv", &[&AS_SOMEBODY[..], &["true"]].concat())?;
    Some(program.under(setpriv, &AS_SOMEBODY))
}

#[test]
fn a_user_with_too_many_processes_is_no_end_of_a_pool() {
    with_all(&["prefork", "prefork_simple"], |personality| {
        let Some(program) = as_somebody(actor(&[]).args(pool_of(personality, SIZE))) else {
            return;
        };
        let server = start(program);
        limit_processes(server.pid(), Some("1"));
        lose_children(&server);
        limit_processes(server.pid(), None);
        see_it_full_again(&server, Instant::now());
        server.stop();
    });
}

#[test]
fn a_client_for_whom_no_child_can_be_forked_waits_for_it() {
    if tool("strace").is_none() {
        return;
    }
    let server = actor(&["--server_type=fork"]).start();
    server.expect_log(FAILED);
    let strace = without_forks(server.pid());
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(server.address())).collect();
    for (at, client) in clients.iter_mut().enumerate() {
        client.send(format!("say {at}\nquit\n"));
    }
    server.wait_for_log(FAILED);
    let begin = Instant::now();
    pause(forkless());
    let most = begin.elapsed().as_secs() + 2;
    assert!(tries(&server) as u64 <= most, "{} of {most}", tries(&server));
    with_forks(strace);
    let relieved = Instant::now();
    for (at, client) in clients.iter_mut().enumerate() {
        client.set_patience(WELL);
        assert_eq!(client.rest(), format!("{at}\n").as_bytes());
    }
    assert!(relieved.elapsed() <= WELL, "{:?}", relieved.elapsed());
    server.stop();
}
