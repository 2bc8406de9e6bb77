//! A server without descriptors, or whose accept fails: it waits, says so once, and goes on (T28).

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal, load, tool, tool_with};

use super::multiplex::muxer;
use super::protocols::facts;
use super::{PERSONALITIES, actor, callers, extent, pause};

/// How long a starved server is watched: 5 s with `STARVED=5`.
fn watched() -> Duration {
    Duration::from_secs_f64(extent("STARVED", 1.5))
}

/// The processor time that a process has taken, in ticks of 10 ms.
pub(super) fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    behind.split_whitespace().skip(11).take(2).filter_map(|time| time.parse::<u64>().ok()).sum()
}

/// How long a child may lack descriptors, and then some.
const LEAVES: Duration = Duration::from_secs(20);

fn limit_all(prlimit: &std::path::Path, pids: &[i32], soft: &str) {
    for pid in pids {
        let arguments = ["--pid".to_owned(), pid.to_string(), format!("--nofile={soft}:")];
        assert!(Command::new(prlimit).args(arguments).status().unwrap().success());
    }
}

fn workers(server: &Server, personality: &str) -> Vec<i32> {
    // With `fork` it is the parent that accepts.
    if ["single", "fork"].contains(&personality) {
        return vec![server.pid()];
    }
    server.wait_until("children", || !server.children().is_empty());
    server.children()
}

#[test]
fn without_descriptors_it_waits_and_goes_on() {
    let Some(prlimit) = tool("prlimit") else { return };
    let all = PERSONALITIES.into_iter().chain(["multiplex"]);
    for (personality, ports) in all.flat_map(|one| [(one, &["0"][..]), (one, &["0", "0"])]) {
        let pool: &[&str] = match personality {
            "prefork" => &["--min_servers=2", "--max_servers=2", "--max_spare_servers=1"],
            "prefork_simple" => &["--max_servers=2"],
            _ => &[],
        };
        let program = if personality == "multiplex" {
            muxer(&[]).args(ports.iter().map(|port| format!("--port={port}")))
        } else {
            facts(ports).args(pool)
        };
        let server = program.arg(format!("--server_type={personality}")).start();
        let address = server.address();
        server.expect_log("cannot accept, clients wait: Too many open files");
        // Of a pool another child may have had all the clients by then.
        server.allow_log("accepting again");
        let ask = || {
            let mut client = Client::connect(address);
            client.send("x\n");
            client.line()
        };
        ask();
        let workers = workers(&server, personality);
        limit_all(&prlimit, &workers, "3");
        // An accept that has begun has its descriptor already.
        let waiting: Vec<TcpStream> =
            (0..8).map(|_| TcpStream::connect(address).unwrap()).collect();
        drop(waiting);
        let queue: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
        server.wait_for_log("cannot accept, clients wait");
        let (before, lines) =
            (workers.iter().map(|pid| ticks(*pid)).sum::<u64>(), server.log().len());
        pause(watched());
        let after = workers.iter().map(|pid| ticks(*pid)).sum::<u64>();
        let used = Duration::from_millis(10) * u32::try_from(after - before).unwrap();
        assert!(used <= watched().mul_f64(0.05), "{personality}: {used:?} of processor time");
        let said = server.log().len() - lines;
        assert!(said <= 2, "{personality}: {said} lines");
        limit_all(&prlimit, &workers, "1000");
        drop(queue);
        let relief = Instant::now();
        ask();
        assert!(relief.elapsed() <= Duration::from_millis(1100), "{:?}", relief.elapsed());
        server.stop();
    }
}

/// Whoever waits in accept has a descriptor already. Threads for which there is none lack nothing while no
/// client waits: a shortage is over then, and nobody looks again and again.
#[test]
fn idle_threads_without_a_descriptor_each_wait_for_clients_all_the_same() {
    let size = ["--rlimit_nofile=40", "--min_servers=60", "--max_servers=60"];
    let server = actor(&["--server_type=thread"]).args(size).start();
    let child = workers(&server, "thread")[0];
    let threads = || fs::read_dir(format!("/proc/{child}/task")).map_or(0, Iterator::count);
    server.wait_until("all threads", || threads() > 60);
    server.allow_log("cannot accept, clients wait: Too many open files");
    server.allow_log("accepting again");
    callers(server.address()).connections(200).clients(8).run();
    let lines = |text: &str| server.log().iter().filter(|line| line.contains(text)).count();
    server
        .wait_until("each shortage is over", || lines("cannot accept") == lines("accepting again"));
    let before = ticks(child);
    pause(watched());
    let used = Duration::from_millis(10) * u32::try_from(ticks(child) - before).unwrap();
    assert!(used <= watched().mul_f64(0.05), "{used:?} of processor time");
    server.stop();
}

#[test]
fn an_accept_that_fails_is_tried_again() {
    if tool("strace").is_none() {
        return;
    }
    for (error, warned) in [
        ("ENFILE", true),
        ("ENOMEM", true),
        ("ENOBUFS", true),
        ("ECONNABORTED", false),
        ("EPROTO", false),
        ("EINTR", false),
        ("ENETDOWN", true),
    ] {
        for ports in [&["0"][..], &["0", "0"]] {
            let inject = format!("inject=accept4:error={error}:when=1..2");
            let strace =
                ["-f", "-D", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e", &inject];
            let server = facts(ports).under("strace", &strace).start();
            if warned {
                server.expect_log("cannot accept, clients wait");
                server.expect_log("accepting again");
            }
            load(server.address())
                .connections(60)
                .clients(6)
                .exchange(|_| "x\n", |_, reply| reply.starts_with(b"tcp 1 whole"))
                .run()
                .expect_all_right();
            server.stop();
        }
    }
}

/// 5,000 with `RESETS=5000`.
#[test]
fn clients_that_are_gone_before_they_are_accepted_harm_nobody() {
    let resets: usize = extent("RESETS", 1_000);
    for personality in PERSONALITIES {
        let server = facts(&["0"]).arg(format!("--server_type={personality}")).start();
        let address = server.address();
        for _ in 0..resets {
            Client::connect(address).reset();
        }
        let mut client = Client::connect(address);
        client.send("x\n");
        assert!(client.line().starts_with("tcp 1 whole"));
        drop(client);
        server.stop();
    }
}

/// A child that lacks descriptors is woken like any other.
#[test]
fn children_without_descriptors_keep_no_client_of_several_ports() {
    let Some(prlimit) = tool("prlimit") else { return };
    for serialize in ["none", "flock", "pipe"] {
        let server = actor(&["--port=127.0.0.1:0", "--port=127.0.0.1:0"])
            .args(["--server_type=prefork_simple", "--max_servers=4"])
            .arg(format!("--serialize={serialize}"))
            .start();
        server.expect_log("cannot accept, clients wait: Too many open files");
        server.allow_log("accepting again");
        server.wait_until("all are there", || server.children().len() == 4);
        let addresses = server.addresses(2);
        limit_all(&prlimit, &server.children()[..3], "3");
        let start = Instant::now();
        let mut slowest = Duration::ZERO;
        for at in 0..60 {
            let begin = Instant::now();
            let mut client = Client::connect(addresses[at % 2]);
            client.send("say x\nquit\n");
            let reply = client.try_rest();
            assert!(matches!(&reply, Ok(x) if x == b"x\n"), "{serialize}: number {at}: {reply:?}");
            slowest = slowest.max(begin.elapsed());
        }
        assert!(slowest < Duration::from_millis(500), "{serialize}: {slowest:?}");
        assert!(start.elapsed() < Duration::from_secs(3), "{serialize}: {:?}", start.elapsed());
        server.stop();
    }
}

#[test]
fn a_child_that_has_used_up_its_descriptors_is_replaced_in_the_end() {
    let Some(prlimit) = tool("prlimit") else { return };
    let server =
        actor(&["--server_type=prefork_simple", "--max_servers=1"]).deadline(LEAVES).start();
    server.expect_log("cannot accept, clients wait: Too many open files");
    server.expect_log("cannot accept: Too many open files");
    server.allow_log("left with code 1");
    server.wait_until("it is there", || server.children().len() == 1);
    let (first, start) = (server.children()[0], Instant::now());
    limit_all(&prlimit, &[first], "3");
    // An accept that has begun has its descriptor already.
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
    server.wait_until("it has left", || !server.children().contains(&first));
    assert!(start.elapsed() > Duration::from_secs(9), "{:?}", start.elapsed());
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
    server.stop();
}

/// It looks for strangers there, which takes descriptors.
#[test]
fn process_1_without_descriptors_goes_on() {
    const NAMESPACE: [&str; 4] = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    let Some(prlimit) = tool("prlimit") else { return };
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let Some(unshare) = tool_with("unshare", &[&NAMESPACE[..], &["true"]].concat()) else { return };
    let server = actor(&["--server_type=prefork_simple", "--max_servers=2"])
        .under(&unshare, &NAMESPACE)
        .start();
    server.expect_log("cannot look for processes that nobody waits for: Too many open files");
    let ask = || {
        let mut client = Client::connect(server.address());
        client.send("say x\nquit\n");
        assert_eq!(client.rest(), b"x\n");
    };
    ask();
    let first = server.children()[0];
    limit_all(&prlimit, &[first], "3");
    server.wait_for_log("cannot look for processes");
    ask();
    limit_all(&prlimit, &[first], "1000");
    server.signal_child(first, Signal::SIGTERM);
    server.wait().expect_code(0);
}
