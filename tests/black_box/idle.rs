//! Very many clients that say nothing, and some that say much: each of the first takes little memory, and the
//! others do not notice them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Server, tool};

use super::{extent, program, tell};

/// How many are active at a time, by how many threads, and how often each of them asks.
const ACTIVE: usize = 200;
const THREADS: usize = 4;
const ROUNDS: usize = 100;

/// The most memory of its own that the server may have for an idle client, in bytes.
const MEMORY: u64 = 2048;

/// Memory that nobody shares with a process, in KiB.
fn private(pid: i32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Private_Dirty:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Each of some clients says a line and waits for it to come back, all of them at once, again and again. Hands
/// on how long each answer took.
fn ask(address: SocketAddr, clients: usize) -> Vec<Duration> {
    let mut streams: Vec<TcpStream> =
        (0..clients).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for stream in &mut streams {
            stream.write_all(b"hello there\n").unwrap();
        }
        for stream in &mut streams {
            let mut answer = [0; 12];
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"hello there\n");
            times.push(start.elapsed());
        }
    }
    times
}

/// The 99th hundredth of what the active ones wait for.
fn p99(server: &Server) -> Duration {
    let address = server.address();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(move || ask(address, ACTIVE / THREADS))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// 10,000 idle clients with `IDLE=10000`.
#[test]
fn idle_clients_cost_little_and_nobody_notices_them() {
    let Some(prlimit) = tool("prlimit") else { return };
    let idle = extent("IDLE", 1000);
    // Both ends of each are descriptors; the server sees to its own.
    let raise = ["--pid".to_owned(), std::process::id().to_string(), "--nofile=20000:".to_owned()];
    assert!(Command::new(prlimit).args(raise).status().unwrap().success());
    let server = program!("repeater").start();
    server.wait_until("it has a child", || server.children().len() == 1);
    let child = server.children()[0];
    // What it needs for the active ones it has from here on.
    p99(&server);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        without.push(p99(&server));
        let before = private(child);
        let mut clients: Vec<TcpStream> =
            (0..idle).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
        // The last one is accepted after all others.
        if let Some(last) = clients.last_mut() {
            last.write_all(b"here\n").unwrap();
            last.read_exact(&mut [0; 5]).unwrap();
        }
        let memory = private(child).saturating_sub(before) * 1024 / idle;
        with.push(p99(&server));
        tell(format_args!("{idle} idle clients: {memory} bytes each"));
        assert!(memory <= MEMORY, "{memory} bytes for an idle client");
    }
    let (without, with) = (median(without), median(with));
    tell(format_args!("p99 of {ACTIVE} active ones: {without:?} alone, {with:?} beside them"));
    // Of what is noise on a busy machine nothing follows.
    assert!(with <= without * 2 + Duration::from_millis(20), "{without:?} alone, {with:?}");
    server.stop();
}
