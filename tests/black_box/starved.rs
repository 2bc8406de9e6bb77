//! A server without descriptors, or whose accept fails: it waits, says so once, and goes on (T28).

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use netserver_harness::{Client, Server, load, tool};

use super::protocols::facts;
use super::{PERSONALITIES, extent, pause};

/// How long a starved server is watched: 5 s with `STARVED=5`.
fn watched() -> Duration {
    Duration::from_secs_f64(extent("STARVED", 1.5))
}

/// The processor time that a process has taken, in ticks of 10 ms.
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    behind.split_whitespace().skip(11).take(2).filter_map(|time| time.parse::<u64>().ok()).sum()
}

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
    for (personality, ports) in
        PERSONALITIES.into_iter().flat_map(|one| [(one, &["0"][..]), (one, &["0", "0"])])
    {
        let pool: &[&str] = match personality {
            "prefork" => &["--min_servers=2", "--max_servers=2", "--max_spare_servers=1"],
            "prefork_simple" => &["--max_servers=2"],
            _ => &[],
        };
        let server = facts(ports).args(pool).arg(format!("--server_type={personality}")).start();
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
