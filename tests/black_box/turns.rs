//! Children of a pool that take turns to wait for a client: one at a time does, and whoever is killed,
//! told to leave or stopped at any point of it keeps nobody else from his turn (T16).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal, scratch, wait_until};
use nix::libc;

use super::{actor, callers, extent};

/// How children take turns, and whether one of them waits for all.
const WAYS: [(&str, bool); 4] =
    [("none", false), ("flock", true), ("semaphore", true), ("pipe", true)];

const SIZE: usize = 4;

/// How many holders are killed of each way: 200 with `HOLDERS=200`.
fn kills() -> usize {
    extent("HOLDERS", 6)
}

fn pool(serialize: &str, ports: usize) -> netserver::testing::Program {
    actor(&["--server_type=prefork_simple", "--log_level=3"])
        .arg(format!("--serialize={serialize}"))
        .arg(format!("--max_servers={SIZE}"))
        .args(vec!["--port=0"; ports])
}

/// What a process sleeps in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asleep {
    ForClients,
    ForItsTurn,
    No,
}

fn asleep(pid: i32) -> Asleep {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = call.split(' ').next().and_then(|number| number.parse().ok());
    match number {
        Some(libc::SYS_accept4 | libc::SYS_epoll_pwait) => Asleep::ForClients,
        #[cfg(target_arch = "x86_64")]
        Some(libc::SYS_epoll_wait) => Asleep::ForClients,
        Some(libc::SYS_fcntl | libc::SYS_read) => Asleep::ForItsTurn,
        _ => Asleep::No,
    }
}

/// Waits until nothing moves: every child sleeps, and as many wait for clients as should. Hands on those.
pub(super) fn settle(server: &Server, one: bool, size: usize) -> Vec<i32> {
    let mut holders = Vec::new();
    let mut seen = Vec::new();
    let what = format!("{size} children that sleep, one of them for clients: {one}");
    server.wait_until(what, || {
        let children = server.children();
        seen = children.iter().map(|child| (*child, asleep(*child))).collect();
        holders.clear();
        let waiting = seen.iter().filter(|(_, asleep)| *asleep == Asleep::ForClients);
        holders.extend(waiting.map(|(child, _)| *child));
        let expected = if one { 1 } else { size };
        let others = seen.iter().filter(|(_, asleep)| *asleep == Asleep::ForItsTurn).count();
        seen.len() == size && holders.len() == expected && others == size - expected
    });
    holders
}

/// One client on each port, none of which waits for longer than a second.
fn see_served(server: &Server, ports: usize, what: &str) {
    let start = Instant::now();
    for address in server.addresses(ports) {
        let mut client = Client::connect(address);
        client.send("say x\nquit\n");
        assert_eq!(client.rest(), b"x\n", "{what}");
    }
    let took = start.elapsed();
    assert!(took <= Duration::from_secs(1), "{what}: {took:?}");
}

/// Some child that waits for clients and has served one before: with a place whose children die before
/// that the next one takes its time.
fn experienced_holder(server: &Server, one: bool) -> i32 {
    let mut experienced = BTreeSet::<i32>::new();
    loop {
        let holders = settle(server, one, SIZE);
        if let Some(holder) = holders.into_iter().find(|holder| experienced.contains(holder)) {
            return holder;
        }
        assert!(experienced.len() <= SIZE, "{experienced:?}: all have served");
        let mut client = Client::connect(server.address());
        client.send("pid\nquit\n");
        experienced.insert(client.line().parse().unwrap());
        assert_eq!(client.rest(), b"");
    }
}

fn with_each_way(test: impl Fn(&str, bool, usize)) {
    for (serialize, one) in WAYS {
        for ports in [1, 3] {
            test(serialize, one, ports);
        }
    }
}

/// The objects of System V that there are, by kind and number.
fn ipc_objects() -> BTreeSet<String> {
    let of_kind = |kind: &str| {
        let table = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        let rows =
            table.lines().skip(1).map(|row| row.split_whitespace().nth(1).map(str::to_owned));
        rows.flatten().map(|number| format!("{kind} {number}")).collect::<Vec<_>>()
    };
    ["sem", "shm", "msg"].into_iter().flat_map(of_kind).collect()
}

fn entries(directory: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(directory) else { return BTreeSet::new() };
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn one_child_at_a_time_waits_for_clients() {
    with_each_way(|serialize, one, ports| {
        let server = pool(serialize, ports).start();
        let holders = settle(&server, one, SIZE);
        // Each client moves the turn on to another child.
        let mut had_it: BTreeSet<i32> = holders.into_iter().collect();
        for _ in 0..3 * SIZE {
            see_served(&server, ports, serialize);
            had_it.extend(settle(&server, one, SIZE));
        }
        assert!(had_it.len() > 1, "{serialize}: only {had_it:?}");
        server.stop();
    });
}

#[test]
fn whoever_holds_the_turn_may_be_killed() {
    let directory = scratch();
    let (objects, shared) = (ipc_objects(), entries(Path::new("/dev/shm")));
    // Half of them with one port, half with several.
    let rounds = kills().div_ceil(2);
    with_each_way(|serialize, one, ports| {
        let server = pool(serialize, ports).env("TMPDIR", directory.path()).start();
        server.expect_log("was killed by SIGKILL");
        for round in 0..rounds {
            let holder = experienced_holder(&server, one);
            server.signal_child(holder, Signal::SIGKILL);
            // Until it has ended it may still be given a client.
            server.wait_until("it has ended", || {
                server.zombies().contains(&holder) || !server.children().contains(&holder)
            });
            see_served(&server, ports, &format!("{serialize}, {ports} ports, round {round}"));
        }
        settle(&server, one, SIZE);
        // And all of them, so that nobody tidies up.
        server.signal(Signal::SIGSTOP);
        for child in server.children() {
            server.signal_child(child, Signal::SIGKILL);
        }
        server.stop_with(Signal::SIGKILL);
    });
    assert_eq!(entries(directory.path()), BTreeSet::new());
    wait_until("no object of IPC is left", || ipc_objects().is_subset(&objects));
    wait_until("no shared memory is left", || entries(Path::new("/dev/shm")).is_subset(&shared));
}

#[test]
fn children_that_are_killed_at_random_keep_nobody_from_his_turn() {
    with_each_way(|serialize, one, ports| {
        let server = pool(serialize, ports).start();
        server.allow_log("was killed by SIGKILL");
        settle(&server, one, SIZE);
        let address = server.address();
        let killed = std::thread::scope(|scope| {
            let load = scope.spawn(|| callers(address).connections(400).clients(8).run());
            let mut killed = Vec::new();
            while !load.is_finished() {
                // As fast as others come: whatever it does at this moment.
                let others = server.children().into_iter().filter(|child| !killed.contains(child));
                if let Some(victim) = others.max().filter(|_| killed.len() < 50) {
                    server.signal_child(victim, Signal::SIGKILL);
                    killed.push(victim);
                }
            }
            let report = load.join().unwrap();
            // Only who was being served may have lost anything.
            assert!(report.failed() + report.wrong <= killed.len(), "{serialize}: {report}");
            assert!(report.max <= Duration::from_secs(2), "{serialize}: {report}");
            killed
        });
        assert!(!killed.is_empty());
        server.wait_until("they have ended", || {
            server.children().iter().all(|child| !killed.contains(child))
        });
        settle(&server, one, SIZE);
        see_served(&server, ports, serialize);
        server.stop();
    });
}

#[test]
fn a_child_is_retired_and_the_server_stopped_in_each_state() {
    with_each_way(|serialize, one, ports| {
        let server = pool(serialize, ports).start();
        settle(&server, one, SIZE);
        // Down to one child, which may be any, and up again.
        for size in (1..SIZE).rev() {
            server.signal(Signal::SIGTTOU);
            settle(&server, one, size);
            see_served(&server, ports, serialize);
        }
        for size in 2..=SIZE {
            server.signal(Signal::SIGTTIN);
            settle(&server, one, size);
        }
        // Whoever holds the turn, and whoever waits for it.
        for holds in [true, false] {
            let holders = settle(&server, one, SIZE);
            let mut children = server.children().into_iter();
            if let Some(child) = children.find(|child| holders.contains(child) == holds) {
                server.signal_child(child, Signal::SIGTERM);
                server.wait_until("it has left", || !server.children().contains(&child));
                see_served(&server, ports, serialize);
            }
        }
        // All are renewed, while one serves.
        let before: BTreeSet<i32> = server.children().into_iter().collect();
        let mut busy = Client::connect(server.address());
        busy.send("now x\n");
        assert_eq!(busy.line(), "x");
        server.signal(Signal::SIGHUP);
        busy.send("say done\nquit\n");
        assert_eq!(busy.rest(), b"done\n");
        server.wait_until("four others", || {
            let now = server.children();
            now.len() == SIZE && now.iter().all(|child| !before.contains(child))
        });
        see_served(&server, ports, serialize);
        // A stop finds one at work, one that waits for clients and others that wait for their turn.
        let mut busy = Client::connect(server.address());
        busy.send("now x\nsay done\nquit\n");
        assert_eq!(busy.line(), "x");
        let start = Instant::now();
        server.stop();
        assert!(start.elapsed() <= Duration::from_secs(2), "{serialize}: {:?}", start.elapsed());
        assert_eq!(busy.rest(), b"done\n");
    });
}
