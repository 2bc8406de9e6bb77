//! Children that are killed at random while clients come: only the clients of those notice (T11).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use netserver::testing::{Client, LoadReport, Server, Signal, load, tool};

use super::chance::Chance;
use super::room::expect_room_for;
use super::{actor, extent, pause, reckless, tell};

/// Kills and clients of a second.
const KILLS: u32 = 20;
const CLIENTS: u32 = 200;
/// Between two looks at the children.
const LOOK: Duration = Duration::from_millis(50);
/// How soon a dead child is replaced and waited for.
const SOON: Duration = Duration::from_secs(1);

fn many(count: u32) -> usize {
    usize::try_from(count).unwrap()
}

/// What was seen at one moment.
struct Look {
    at: Instant,
    alive: usize,
    zombies: Vec<i32>,
}

/// Looks at the children again and again until a second after the last kill, when no more clients come.
fn watch(server: &Server, clients_come: impl Fn() -> bool) -> Vec<Look> {
    let (mut looks, mut over) = (Vec::new(), None);
    while over.is_none_or(|over: Instant| over.elapsed() <= SOON + 2 * LOOK) {
        over = over.or_else(|| (!clients_come()).then(Instant::now));
        looks.push(Look {
            at: Instant::now(),
            alive: server.alive().len(),
            zombies: server.zombies(),
        });
        pause(LOOK);
    }
    looks
}

/// How old a child is that is killed, at least: one of a pool that dies before it waits for clients is
/// taken for one that cannot start, and is not replaced at once.
const GROWN: Duration = Duration::from_millis(200);

/// Kills so many children of that age, at that pace, while clients come; hands on when. With `fork` there
/// is now and then nobody.
fn kill(
    server: &Server,
    count: usize,
    age: Duration,
    clients_come: impl Fn() -> bool,
) -> Vec<Instant> {
    let (mut chance, mut seen) = (Chance::new(11), BTreeMap::new());
    let (start, mut kills) = (Instant::now(), Vec::new());
    while kills.len() < count && clients_come() {
        let due = Duration::from_secs(1) * u32::try_from(kills.len()).unwrap() / KILLS;
        pause(due.saturating_sub(start.elapsed()).max(Duration::from_millis(1)));
        let alive = server.alive();
        seen.retain(|child, _| alive.contains(child));
        for child in alive {
            seen.entry(child).or_insert_with(Instant::now);
        }
        let grown = seen.iter().filter(|(_, since)| since.elapsed() >= age);
        let grown: Vec<i32> = grown.map(|(child, _)| *child).collect();
        let child = chance.one_of(&grown);
        if child.is_some_and(|child| server.try_signal_child(child, Signal::SIGKILL)) {
            kills.push(Instant::now());
        }
    }
    assert!(kills.len() >= count / 4, "no more than {} kills of {count}", kills.len());
    kills
}

fn clients(server: &Server, seconds: u32) -> LoadReport {
    load(server.address())
        .connections(many(CLIENTS * seconds))
        .clients(64)
        .per_second(CLIENTS)
        .exchange(
            |at| format!("sleep 0.02\nsay {at}\nquit\n"),
            |at, reply| reply == format!("{at}\n").as_bytes(),
        )
        .until_close()
        .run()
}

/// Of 100 kills, after how many there were `least` children again within a second.
fn replaced(kills: &[Instant], looks: &[Look], least: usize) -> usize {
    let is_soon = |kill: Instant, look: &Look| look.at > kill && look.at <= kill + SOON;
    let full =
        |kill: &Instant| looks.iter().any(|look| is_soon(*kill, look) && look.alive >= least);
    kills.iter().filter(|kill| full(kill)).count() * 100 / kills.len()
}

/// How long the zombie that was longest there was one.
fn longest_zombie(looks: &[Look]) -> Duration {
    let mut since: BTreeMap<i32, Instant> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for look in looks {
        since.retain(|pid, _| look.zombies.contains(pid));
        for zombie in &look.zombies {
            longest = longest.max(look.at - *since.entry(*zombie).or_insert(look.at));
        }
    }
    longest
}

/// What came of a siege.
struct Siege {
    report: LoadReport,
    kills: Vec<Instant>,
    looks: Vec<Look>,
}

/// 30 s of each personality with `KILLS=30`.
fn siege(server: &Server, age: Duration) -> Siege {
    let seconds = u32::try_from(extent("KILLS", 2)).unwrap();
    let come = AtomicBool::new(true);
    let clients_come = || come.load(Relaxed);
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| {
            let report = clients(server, seconds);
            come.store(false, Relaxed);
            report
        });
        let looks = scope.spawn(|| watch(server, clients_come));
        let kills = kill(server, many(KILLS * seconds), age, clients_come);
        Siege { report: clients.join().unwrap(), kills, looks: looks.join().unwrap() }
    })
}

/// Sees that all of it was as it should be, where `least` children are to be there.
fn judge(what: &str, siege: &Siege, least: usize) {
    let Siege { report, kills, looks } = siege;
    let missed = report.wrong + report.failed();
    assert!(missed <= kills.len(), "{what}, {} kills: {report}", kills.len());
    let replaced = replaced(kills, looks, least);
    assert!(replaced >= 99, "{what}: {least} children again after {replaced} of 100 kills");
    let zombie = longest_zombie(looks);
    assert!(zombie <= SOON, "{what}: a zombie for {zombie:?}");
    tell(format_args!(
        "{what}: {} kills, {missed} missed; full again after {replaced} %; longest zombie \
         {zombie:?}; {report}",
        kills.len()
    ));
}

/// `least` children are to be there all the time, and `most` at most.
fn besiege(server: Server, what: &str, least: usize, most: usize) {
    let room = || {
        expect_room_for(&server, most);
        server.wait_until("as many as before", || {
            server.alive().len() == least && server.zombies().is_empty()
        });
    };
    server.allow_log("was killed by SIGKILL");
    // Whatever it needs to serve it has by then.
    room();
    let memory = server.resident();
    judge(what, &siege(&server, if least == 0 { Duration::ZERO } else { GROWN }), least);
    let more = server.resident().saturating_sub(memory);
    assert!(more <= 1024, "{what}: the parent has grown by {more} KiB");
    tell(format_args!("{what}: {more} KiB more"));
    // What it believes of its children is so.
    server.wait_until("as many as before", || server.alive().len() == least);
    room();
    server.stop();
}

#[test]
fn children_of_a_pool_that_are_killed_cost_their_own_clients_only() {
    let server = reckless("prefork")
        .args(["--min_servers=8", "--max_servers=12"])
        .args(["--min_spare_servers=2", "--max_spare_servers=4"])
        .args(["--check_for_waiting=100ms", "--min_child_ttl=100ms"]);
    besiege(server.start(), "prefork", 8, 12);
}

#[test]
fn children_of_a_pool_of_one_size_that_are_killed_cost_their_own_clients_only() {
    besiege(reckless("prefork_simple").arg("--max_servers=8").start(), "prefork_simple", 8, 8);
}

#[test]
fn children_of_fork_that_are_killed_cost_their_own_clients_only() {
    besiege(reckless("fork").arg("--max_servers=12").start(), "fork", 0, 12);
}

/// Of several ports the kernel tells one child of a client, and nobody else where that one dies.
#[test]
fn a_client_that_a_killed_child_was_woken_for_is_served_by_another() {
    const IDLE: usize = 5;
    let Some(strace) = tool("strace") else { return };
    // Each child stands still between what wakes it and its accept.
    let late = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4"];
    let late = [&late[..], &["-e", "inject=accept4:delay_enter=200000"]].concat();
    for round in 0..4 {
        let server = actor(&["--port=127.0.0.1:0", "--port=127.0.0.1:0", "--server_type=prefork"])
            .args(["--min_servers=1", "--max_servers=9"])
            .args(["--min_spare_servers=1", "--max_spare_servers=8"])
            .under(&strace, &late)
            .start();
        server.allow_log("was killed by SIGKILL");
        // What strace says where one that it delays is killed.
        server.allow_log("has delayed wait data set already");
        let address = server.addresses(2)[0];
        let mut clients: Vec<Client> = (0..IDLE).map(|_| Client::connect(address)).collect();
        for client in &mut clients {
            client.send("now x\n");
            assert_eq!(client.line(), "x");
        }
        for client in &mut clients {
            client.send("quit\n");
            assert_eq!(client.rest(), b"");
        }
        let mut children = server.children();
        children.remove(round % children.len());
        let mut client = Client::connect(address);
        client.send("say x\nquit\n");
        for child in children {
            server.try_signal_child(child, Signal::SIGKILL);
        }
        assert_eq!(client.rest(), b"x\n", "round {round}");
        server.stop();
    }
}
