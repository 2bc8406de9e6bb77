//! A server that serves for long, while its children are renewed all the time, signals make the pool
//! larger and smaller, its log is rotated and it is restarted: nobody notices, nothing grows, and the log
//! has it all (T37).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use netserver::testing::{Scratch, Server, Signal, is_notice_of_root, load, scratch, wait_until};

use super::parents::pool_of;
use super::restart_load::Tells;
use super::{actor, extent, pause, with_all};

/// The children that the pool has at least, and one less than it has at most.
const SIZE: usize = 4;
/// After how many connections a child is renewed.
const REQUESTS: usize = 50;
/// How often signals make the pool one larger, and then one smaller.
const RESIZES: usize = 10;

/// How much a soak does.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// More, where these are over before the restarts are.
    connections: usize,
    /// Each with a rotation of the log before it.
    restarts: usize,
}

/// 300,000 connections and 20 restarts with `SOAK=300000`, half of the connections for each personality.
fn asked_for() -> Extent {
    let connections = extent("SOAK", 30_000);
    let restarts = if connections > 30_000 { 20 } else { 4 };
    Extent { connections: connections / 2, restarts }
}

/// A server, and its log in a file.
struct Soaked {
    server: Server,
    folder: Scratch,
    /// What is in the log after that was read already.
    log: RefCell<BufReader<File>>,
}

impl Soaked {
    fn start(personality: &str) -> Self {
        let folder = scratch();
        let path = |name| folder.join(name).display().to_string();
        let server = actor(&["--log_level=4"])
            .args(pool_of(personality, SIZE))
            .arg(format!("--max_requests={REQUESTS}"))
            .arg(format!("--log_file={}", path("log")))
            .arg(format!("--port_file={}", path("port")))
            .start();
        wait_until("it is bound", || folder.join("port").exists());
        let log = RefCell::new(open(folder.join("log")));
        Self { server, folder, log }
    }

    fn address(&self) -> SocketAddr {
        let port = fs::read_to_string(self.folder.join("port")).unwrap();
        port.trim_end().trim_end_matches("/tcp").parse().unwrap()
    }

    /// Waits for a line that was not read before.
    fn wait_for_log(&self, text: &str) {
        let mut line = String::new();
        self.server.wait_until(format!("the log has {text:?}"), || {
            loop {
                let length = self.log.borrow_mut().read_line(&mut line).unwrap();
                if length == 0 || !line.ends_with('\n') {
                    return false;
                }
                if std::mem::take(&mut line).contains(text) {
                    return true;
                }
            }
        });
    }

    fn resize(&self, signal: Signal, most: usize) {
        self.server.signal(signal);
        self.wait_for_log(&format!("at most {most} children now"));
    }

    /// Moves the log away, and has it opened anew.
    fn rotate(&self, number: usize) {
        let path = self.folder.join("log");
        fs::rename(&path, self.folder.join(format!("log.{number}"))).unwrap();
        self.server.signal(Signal::SIGUSR1);
        self.server.wait_until("there is a new log", || path.exists());
        self.log.replace(open(path));
        self.wait_for_log("was opened anew");
    }

    fn restart(&self, generation: usize) {
        self.server.signal(Signal::SIGHUP);
        self.wait_for_log(&format!("generation {generation} serves"));
        self.server.wait_until("the generation before has left", || {
            self.server.children().len() <= SIZE + 1 && self.server.alive().len() >= SIZE
        });
    }
}

/// All that was ever logged, in its order.
fn whole_log(folder: &Scratch, rotations: usize) -> Vec<String> {
    let names = (1..=rotations).map(|number| format!("log.{number}")).chain(["log".to_owned()]);
    let each = names.map(|name| fs::read_to_string(folder.join(name)).unwrap());
    each.collect::<String>().lines().map(str::to_owned).collect()
}

fn open(path: PathBuf) -> BufReader<File> {
    BufReader::new(File::open(path).unwrap())
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

/// What became of a soak.
struct Grown {
    /// By how many KiB the parent grew with so many connections, once it had served for a while.
    size: usize,
    served: usize,
    /// All there were.
    connections: usize,
}

/// Serves connections, with the restarts in the first third of them.
fn soak(soaked: &Soaked, extent: Extent) -> Grown {
    let Extent { connections, restarts } = extent;
    let server = &soaked.server;
    server.wait_until("the first children", || server.alive().len() == SIZE);
    let (address, served) = (soaked.address(), AtomicUsize::new(0));
    let is_over = AtomicBool::new(false);
    let clients = || {
        load(address)
            .connections(connections)
            .and_while(|| !is_over.load(Relaxed))
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
    };
    thread::scope(|scope| {
        let load = scope.spawn(clients);
        let over = Tells(&is_over);
        let (mut resized, mut restarted) = (0, 0);
        let (mut last, mut warm) = (None, None);
        while resized < RESIZES || restarted < restarts || !load.is_finished() {
            pause(LOOK);
            see_its_bounds(server);
            let done = served.load(Relaxed);
            if resized < RESIZES && done * RESIZES > resized * connections {
                soaked.resize(Signal::SIGTTIN, SIZE + 1);
                soaked.resize(Signal::SIGTTOU, SIZE);
                resized += 1;
            }
            if restarted < restarts && done * 3 * restarts > restarted * connections {
                restarted += 1;
                soaked.rotate(restarted);
                soaked.restart(restarted + 1);
            }
            if restarted == restarts && last.is_none() {
                last = Some(done);
            }
            // The memory of a new image comes to be there as it is used for the first time.
            let since = last.map_or(0, |last| done - last);
            if warm.is_none() && since * 3 > connections {
                warm = Some((done, resident(server.pid())));
            }
            if since * 3 > 2 * connections {
                is_over.store(true, Relaxed);
            }
        }
        drop(over);
        let report = load.join().unwrap();
        report.expect_all_right();
        let (before, size) = warm.unwrap();
        let size = resident(server.pid()).saturating_sub(size);
        Grown { size, served: report.right - before, connections: report.right }
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
    rotated: usize,
    /// How many older children each generation told to finish.
    finishing: Vec<usize>,
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
            ["USR1:", _, "was", "opened", "anew"] => self.rotated += 1,
            ["generation", _, "serves:", count, ..] => self.finishing.push(count.parse().unwrap()),
            ["child", "starts"] => assert!(self.started.insert(process), "{line}"),
            ["child", "leaves"] => assert!(self.leaving.insert(process), "{line}"),
            ["child", _, "left"] | ["child", _, "of", "before", "the", "restart", "left"] => {
                assert!(self.left.insert(words[1].parse().unwrap()), "{line}");
            }
            _ if is_notice_of_root(text) => {}
            _ => self.others.push(text.to_owned()),
        }
    }
}

/// Each connection, each child and each signal is in the log, once, and nothing else is.
fn see_its_log(log: &[String], connections: usize, restarts: usize) {
    let told = Told::by(log);
    assert_eq!(told.connections.values().sum::<usize>(), connections);
    assert_eq!((told.resized, told.rotated), (2 * RESIZES, restarts));
    assert_eq!(told.ordered, told.started.len(), "as many start as were ordered");
    assert_eq!(told.leaving, told.started);
    assert_eq!(told.left, told.started);
    assert_eq!(told.finishing.len(), restarts);
    // Whoever is told to finish may have been told to leave before.
    let finishing: usize = told.finishing.iter().sum();
    let gone = told.ordered - SIZE;
    assert!(told.dismissed <= gone && gone <= told.dismissed + finishing, "{told:?}");
    // The first children, those of each generation, one more for each signal, and one for each that was
    // renewed.
    let renewed = told.ordered - SIZE * (1 + restarts) - RESIZES;
    let due = told.connections.values().filter(|count| **count >= REQUESTS).count();
    assert!(renewed <= due, "{renewed} renewed, {due} due");
    assert!(renewed * REQUESTS * 8 >= connections, "{renewed} renewed");
    see_its_start(&told.others, restarts);
}

/// What else it says: at its start, with each restart, and at its end.
fn see_its_start(others: &[String], restarts: usize) {
    let of = |begin: &str| others.iter().filter(|line| line.starts_with(begin)).count();
    let are = |text: &str| others.iter().filter(|line| line.contains(text)).count();
    let each = [
        (are(" starting! pid("), 1),
        (of("Binding to TCP port "), 1),
        (of("HUP: trial run of "), restarts),
        (of("HUP: restarting as generation "), restarts),
        (are(" restarted as generation "), restarts),
        (of("Taking over "), restarts),
        (of("server closing"), 1),
    ];
    assert!(each.iter().all(|(count, expected)| count == expected), "{each:?} of {others:?}");
    assert_eq!(others.len(), 3 + 4 * restarts, "{others:?}");
}

#[test]
fn whoever_serves_for_long_stays_as_it_was() {
    with_all(&["prefork", "prefork_simple"], |personality| {
        let soaked = Soaked::start(personality);
        let extent = asked_for();
        let Grown { size, served, connections } = soak(&soaked, extent);
        let server = &soaked.server;
        server.wait_until("the pool is as it was", || {
            server.children().len() == SIZE && server.zombies().is_empty()
        });
        assert!(size * 1_000 <= served, "{personality}: {size} KiB more after {served}");
        soaked.server.stop();
        see_its_log(&whole_log(&soaked.folder, extent.restarts), connections, extent.restarts);
    });
}
