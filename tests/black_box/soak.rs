//! A server that serves for long, while its children are renewed all the time and signals make the pool
//! larger and smaller: nobody notices, nothing grows, and the log has it all (T37).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use netserver::testing::{Server, Signal, is_notice_of_root, load};

use super::parents::pool_of;
use super::{actor, extent, pause};

/// The children that the pool has at least, and one less than it has at most.
const SIZE: usize = 4;
/// After how many connections a child is renewed.
const REQUESTS: usize = 50;
/// How often signals make the pool one larger, and then one smaller.
const RESIZES: usize = 10;

/// How many connections in all: 300,000 with `SOAK=300000`.
fn connections() -> usize {
    extent("SOAK", 30_000)
}

fn start(personality: &str) -> Server {
    actor(&["--log_level=4"])
        .args(pool_of(personality, SIZE))
        .arg(format!("--max_requests={REQUESTS}"))
        .start()
}

/// The memory of a process that is there, in KiB; not by its `status`, where the kernel rounds.
fn resident(pid: i32) -> usize {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Between two looks at its children, for which the parent is stopped.
const LOOK: Duration = Duration::from_millis(50);

/// Counts them at one moment, as the parent neither forks nor waits: those that stay, the one that is
/// renewed, and the one that a signal has just made too many.
fn see_its_bounds(server: &Server) {
    server.signal(Signal::SIGSTOP);
    let stat = format!("/proc/{}/stat", server.pid());
    server.wait_until("the parent is stopped", || {
        std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
    });
    let (all, alive) = (server.children().len(), server.alive().len());
    server.signal(Signal::SIGCONT);
    assert!(alive >= SIZE && all <= SIZE + 2, "{alive} of {all} children are alive");
}

fn resize(server: &Server, signal: Signal, most: usize) {
    let lines = server.log().len();
    server.signal(signal);
    server.wait_for_log_after(lines, &format!("at most {most} children now"));
}

/// Serves so many connections, and hands on by how many KiB the parent grew with how many of them, once
/// it had served for a while.
fn soak(server: &Server, connections: usize) -> (usize, usize) {
    server.wait_until("the first children", || server.alive().len() == SIZE);
    let (address, served) = (server.address(), AtomicUsize::new(0));
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            load(address)
                .connections(connections)
                .clients(8)
                .deadline(Duration::from_secs(200))
                .exchange(
                    |at| format!("say {at}\nquit\n"),
                    |at, reply| {
                        served.fetch_add(1, Relaxed);
                        reply == format!("{at}\n").as_bytes()
                    },
                )
                .run()
        });
        let (mut resized, mut warm) = (0, None);
        while resized < RESIZES || !load.is_finished() {
            pause(LOOK);
            see_its_bounds(server);
            let done = served.load(Relaxed);
            if resized < RESIZES && done * RESIZES > resized * connections {
                resize(server, Signal::SIGTTIN, SIZE + 1);
                resize(server, Signal::SIGTTOU, SIZE);
                resized += 1;
            }
            if warm.is_none() && done * 3 > connections {
                warm = Some((done, resident(server.pid())));
            }
        }
        load.join().unwrap().expect_all_right();
        let (done, before) = warm.unwrap();
        let grown = resident(server.pid()).saturating_sub(before);
        (grown, connections - done)
    })
}

/// The log of a soak, by what its records tell.
#[derive(Debug, Default)]
struct Told {
    /// How many connections each child had.
    connections: BTreeMap<u32, usize>,
    /// Children that were ordered, and told to leave.
    ordered: usize,
    dismissed: usize,
    /// The numbers of those that said that they start, or leave; and of those that were waited for.
    started: BTreeSet<u32>,
    leaving: BTreeSet<u32>,
    left: BTreeSet<u32>,
    resized: usize,
    /// All others.
    others: Vec<String>,
}

impl Told {
    fn by(log: &[String]) -> Self {
        let mut told = Self::default();
        for line in log {
            told.record(line);
        }
        told
    }

    fn record(&mut self, line: &str) {
        let (origin, text) = line.split_once(']').unwrap();
        let process = origin.rsplit_once('[').unwrap().1.parse().unwrap();
        let text = text.split_once(": ").unwrap().1;
        let words: Vec<&str> = text.split(' ').collect();
        let number = |at: usize| words[at].parse::<usize>().unwrap();
        match words[..] {
            ["CONNECT", "TCP", "Peer:", _, "Local:", _] => {
                *self.connections.entry(process).or_default() += 1;
            }
            ["children", "started:", _] => self.ordered += number(2),
            ["children", "told", "to", "leave:", _] => self.dismissed += number(4),
            ["at", "most", _, "children", "now"] => self.resized += 1,
            ["child", "starts"] => assert!(self.started.insert(process), "{line}"),
            ["child", "leaves"] => assert!(self.leaving.insert(process), "{line}"),
            ["child", _, "left"] => {
                assert!(self.left.insert(words[1].parse().unwrap()), "{line}");
            }
            _ if is_notice_of_root(text) => {}
            _ => self.others.push(text.to_owned()),
        }
    }
}

/// Each connection, each child and each signal is in the log, once, and nothing else is.
fn see_its_log(log: &[String], connections: usize) {
    let told = Told::by(log);
    assert_eq!(told.connections.values().sum::<usize>(), connections);
    assert_eq!(told.resized, 2 * RESIZES);
    assert_eq!(told.ordered, told.started.len(), "as many start as were ordered");
    assert_eq!(told.ordered - told.dismissed, SIZE, "and as many are there at the end");
    assert_eq!(told.leaving, told.started);
    assert_eq!(told.left, told.started);
    // The first children, one more for each signal, and one for each that was renewed.
    let renewed = told.ordered - SIZE - RESIZES;
    let due = told.connections.values().filter(|count| **count >= REQUESTS).count();
    assert!(renewed <= due, "{renewed} renewed, {due} due");
    assert!(renewed * REQUESTS * 8 >= connections, "{renewed} renewed");
    let [starting, binding, closing] = &told.others[..] else { panic!("{:?}", told.others) };
    assert!(starting.contains(" starting! pid("), "{starting}");
    assert!(binding.starts_with("Binding to TCP port "), "{binding}");
    assert_eq!(closing, "server closing");
}

#[test]
fn whoever_serves_for_long_stays_as_it_was() {
    for personality in ["prefork", "prefork_simple"] {
        let server = start(personality);
        let connections = connections() / 2;
        let (grown, served) = soak(&server, connections);
        server.wait_until("the pool is as it was", || {
            server.children().len() == SIZE && server.zombies().is_empty()
        });
        assert!(grown * 1_000 <= served, "{personality}: {grown} KiB more after {served}");
        see_its_log(&server.stop().log, connections);
    }
}
