//! HUP while clients come and go, and while others are served for longer than several restarts take: no
//! client notices (T01).

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{
    Client, Load, LoadReport, Scratch, Server, Signal, Target, load, scratch, tool_with, wait_until,
};
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::tls::{Issued, Secured};
use super::{FORKING, PERSONALITIES, extent, pause, program, tell, with_all};

/// What lies between the beginnings of two restarts, where the first of them takes no longer.
const PACE: Duration = Duration::from_millis(500);
/// Clients that are always served, each for as long as several restarts take.
const SLOW: usize = 20;
/// For how many seconds each of those is served.
const SECONDS: u32 = 2;
/// What they wait at most, from when they were to come: 999 in 1,000 of them.
const LATENCY: Duration = Duration::from_millis(250);

/// How much a run does.
#[derive(Debug, Clone, Copy)]
struct Extent {
    restarts: u32,
    connections: usize,
}

/// `RESTARTS=50` is 50 restarts and 10,000 connections, of each personality with each protocol, at a pace
/// that takes `--release` where each of them speaks TLS. Where nothing is said it is a short one.
fn asked_for() -> Option<Extent> {
    let restarts = extent("RESTARTS", 0);
    (restarts > 0).then(|| Extent { restarts, connections: restarts as usize * 200 })
}

const SHORT: Extent = Extent { restarts: 10, connections: 500 };

impl Extent {
    /// So many connections in a second that all of them come while it is restarted.
    fn per_second(self) -> usize {
        let time = PACE * self.restarts;
        self.connections * 1_000 / time.as_millis() as usize
    }
}

/// What the clients of a run are told by those who serve them.
struct Seen {
    /// The process that was started.
    server: i32,
    generations: Mutex<BTreeSet<u32>>,
}

impl Seen {
    fn of(server: i32) -> Self {
        Self { server, generations: Mutex::default() }
    }

    fn generations(&self) -> BTreeSet<u32> {
        self.generations.lock().unwrap().clone()
    }

    fn has(&self, generation: u32) -> bool {
        self.generations.lock().unwrap().contains(&generation)
    }

    /// Whether this is what the client asked for, from the server that was started, or a child of that.
    fn is_right(&self, text: &str, reply: &[u8]) -> bool {
        let reply = String::from_utf8_lossy(reply);
        let Some(line) = reply.strip_suffix('\n') else { return false };
        let words: Vec<&str> = line.split(' ').collect();
        let &[said, generation, process, parent] = &words[..] else { return false };
        let server = self.server.to_string();
        let Ok(generation) = generation.parse() else { return false };
        self.generations.lock().unwrap().insert(generation);
        said == text && (process == server || parent == server)
    }
}

/// Says so once it is dropped, be that by a panic.
pub(super) struct Tells<'a>(pub(super) &'a AtomicBool);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// What became of the clients of a run, and how long each restart took.
struct Outcome {
    short: Vec<LoadReport>,
    slow: Vec<LoadReport>,
    restarts: Vec<Duration>,
}

/// Has clients come by each of these ways, for as long as `restart` restarts the server.
fn run(
    extent: Extent,
    targets: &[Box<dyn Target + '_>],
    slow: usize,
    seen: &Seen,
    restart: impl FnOnce() -> Vec<Duration>,
) -> Outcome {
    let is_over = AtomicBool::new(false);
    let ways = targets.len();
    let short = |target| {
        let rate = extent.per_second().div_ceil(ways);
        clients(target, &is_over)
            .connections(extent.connections.div_ceil(ways))
            .per_second(rate.try_into().unwrap())
            .exchange(
                |at| format!("say {at}\nquit\n"),
                |at, reply| seen.is_right(&at.to_string(), reply),
            )
            .run()
    };
    let in_flight = |target| {
        // One comes whenever one of them leaves.
        let rate = u32::try_from(slow.div_ceil(ways)).unwrap().div_ceil(SECONDS);
        clients(target, &is_over)
            .connections(slow.div_ceil(ways))
            .clients(slow.div_ceil(ways))
            .per_second(rate)
            .exchange(
                |at| format!("slow {SECONDS} {at}\nquit\n"),
                |at, reply| {
                    let rest = reply.strip_prefix(b"begun\n");
                    rest.is_some_and(|rest| seen.is_right(&at.to_string(), rest))
                },
            )
            .run()
    };
    thread::scope(|scope| {
        let (short, in_flight) = (&short, &in_flight);
        let each_slow = targets.iter().filter(|_| slow > 0);
        let slow: Vec<_> = each_slow.map(|to| scope.spawn(move || in_flight(&**to))).collect();
        let short: Vec<_> = targets.iter().map(|to| scope.spawn(move || short(&**to))).collect();
        let restarts = {
            let _over = Tells(&is_over);
            restart()
        };
        let reports = |all: Vec<thread::ScopedJoinHandle<'_, LoadReport>>| {
            all.into_iter().map(|report| report.join().unwrap()).collect()
        };
        Outcome { short: reports(short), slow: reports(slow), restarts }
    })
}

fn clients<'a>(target: &'a dyn Target, is_over: &'a AtomicBool) -> Load<'a> {
    load(target)
        .until_close()
        .deadline(Duration::from_secs(300))
        .and_while(|| !is_over.load(Relaxed))
}

impl Outcome {
    fn served(&self) -> usize {
        self.short.iter().map(|report| report.right).sum()
    }

    fn per_second(&self) -> usize {
        let each = self.short.iter();
        each.map(|one| one.right * 1_000 / one.elapsed.as_millis() as usize).sum()
    }

    /// What 999 in 1,000 waited, or 99 in 100 where there are no thousands of them.
    fn latency(&self) -> Duration {
        let is_long = asked_for().is_some();
        let each = self.short.iter();
        each.map(|one| if is_long { one.p999 } else { one.p99 }).max().unwrap_or_default()
    }

    fn tell(&self, what: &str) {
        let longest = self.restarts.iter().max().copied().unwrap_or_default();
        let count = self.restarts.len();
        tell(format_args!("{what}: {count} restarts, the longest of {longest:.0?}"));
        for (kind, reports) in [("short", &self.short), ("in flight", &self.slow)] {
            for report in reports {
                tell(format_args!("  {kind}: {report}"));
            }
        }
    }
}

/// Ways to one server.
const PROTOCOLS: [&str; 3] = ["tcp", "unix", "ssl"];

/// A server of some protocols, and how clients come to it.
struct Served {
    server: Server,
    issued: Issued,
    folder: Scratch,
    protocols: Vec<&'static str>,
}

impl Served {
    fn start(personality: &str, protocols: &[&'static str]) -> Self {
        let (issued, folder) = (Issued::new(), scratch());
        issued.write("server", &["localhost"], 2020..2090);
        let socket = folder.join("socket");
        let ports = protocols.iter().map(|protocol| match *protocol {
            "unix" => format!("--port={}|unix", socket.display()),
            other => format!("--port=0/{other}"),
        });
        // A new generation has at once what it needs for all who are served slowly.
        let pool = match personality {
            "prefork" => &["--min_servers=28", "--max_spare_servers=30", "--max_servers=60"][..],
            "prefork_simple" => &["--max_servers=28"],
            _ => &[],
        };
        let with_tls = protocols.contains(&"ssl");
        let server = program!("lasting")
            .args(ports)
            .args(issued.cert("server").iter().filter(|_| with_tls))
            .arg(format!("--server_type={personality}"))
            .args(pool)
            .start();
        server.wait_for_log("Binding to");
        Self { server, issued, folder, protocols: protocols.to_vec() }
    }

    fn targets(&self) -> Vec<Box<dyn Target>> {
        let tcp = self.protocols.iter().filter(|protocol| **protocol != "unix").count();
        let addresses = self.server.addresses(tcp);
        let mut addresses = addresses.into_iter();
        let ways = self.protocols.iter().map(|protocol| -> Box<dyn Target> {
            match *protocol {
                "unix" => Box::new(self.folder.join("socket")),
                "ssl" => {
                    let address = addresses.next().unwrap();
                    Box::new(Secured { config: self.issued.client(), address })
                }
                _ => Box::new(addresses.next().unwrap()),
            }
        });
        ways.collect()
    }

    /// Restarts it, and waits until it says that it serves.
    fn restart(&self, generation: u32) -> Duration {
        let (begin, lines) = (Instant::now(), self.server.log().len());
        self.server.signal(Signal::SIGHUP);
        self.server.wait_for_log_after(lines, &format!("generation {generation} serves"));
        begin.elapsed()
    }

    /// The same so many times, each at its time, and not before a client has met the one before.
    fn restarts(&self, count: u32, seen: &Seen) -> Vec<Duration> {
        let met = |generation| {
            let what = format!("a client meets generation {generation}");
            self.server.wait_until(what, || seen.has(generation));
        };
        met(1);
        let each = (2..).take(count as usize).map(|generation| {
            let begin = Instant::now();
            let took = self.restart(generation);
            met(generation);
            pause(PACE.saturating_sub(begin.elapsed()));
            took
        });
        each.collect()
    }
}

/// Restarts a server under load, and sees that nobody noticed. Hands on what 999 of 1,000 clients waited.
fn restart_under_load(personality: &str, protocols: &[&'static str], extent: Extent) -> Duration {
    let served = Served::start(personality, protocols);
    let seen = Seen::of(served.server.pid());
    let slow = if personality == "single" { 0 } else { SLOW };
    let outcome =
        run(extent, &served.targets(), slow, &seen, || served.restarts(extent.restarts, &seen));
    outcome.tell(&format!("{personality} by {}", protocols.join(", ")));
    for report in outcome.short.iter().chain(&outcome.slow) {
        report.expect_all_right();
    }
    assert!(outcome.served() >= extent.connections);
    assert_eq!(seen.generations(), (1..=extent.restarts + 1).collect::<BTreeSet<u32>>());
    if asked_for().is_some() {
        let rate = outcome.per_second();
        assert!(rate >= 200, "inconclusive: no more than {rate} connections a second");
    }
    let log = served.server.stop().log;
    let restarted = log.iter().filter(|line| line.contains(" restarted as generation "));
    assert_eq!(restarted.count(), extent.restarts as usize);
    outcome.latency()
}

/// The same with what clients wait for it; a machine that was busy with something else is asked again.
fn restarts_are_unnoticed(personality: &str, protocols: &[&'static str], extent: Extent) {
    let latency = restart_under_load(personality, protocols, extent);
    if personality != "single" && latency > LATENCY {
        let again = restart_under_load(personality, protocols, extent);
        assert!(again <= LATENCY, "{personality} {protocols:?}: {latency:.0?}, {again:.0?}");
    }
}

#[test]
fn nobody_notices_a_restart() {
    let Some(extent) = asked_for() else {
        return with_all(&PERSONALITIES, |personality| {
            restarts_are_unnoticed(personality, &PROTOCOLS, SHORT);
        });
    };
    for personality in PERSONALITIES {
        for protocol in PROTOCOLS {
            restarts_are_unnoticed(personality, &[protocol], extent);
        }
    }
}

#[test]
fn a_stream_goes_on_across_three_restarts() {
    const LINES: usize = 1_000;
    with_all(&FORKING, |personality| {
        let served = Served::start(personality, &["tcp"]);
        let mut client = Client::connect(served.server.address());
        client.set_patience(Duration::from_secs(20));
        client.send(format!("drip {LINES} 5\nquit\n"));
        assert_eq!(client.line(), "0");
        let rest = thread::scope(|scope| {
            let stream = scope.spawn(|| client.rest());
            for generation in 2..=4 {
                served.restart(generation);
            }
            assert!(
                !stream.is_finished(),
                "inconclusive: {personality} took longer than the stream"
            );
            stream.join().unwrap()
        });
        let lines: Vec<String> = (1..LINES).map(|at| at.to_string()).collect();
        assert!(rest == (lines.join("\n") + "\n").as_bytes(), "{personality}: not every byte came");
        served.server.stop();
    });
}

/// Whoever waits at several ports is woken by more than clients, and must not be by a restart that goes on.
#[test]
fn children_with_nothing_to_do_rest_during_a_restart() {
    const RESTARTS: u32 = 5;
    // What each takes in all: of the new image, the trial before it, and two generations of children.
    const EACH: Duration = Duration::from_millis(150);
    for personality in ["prefork", "prefork_simple"] {
        let served = Served::start(personality, &["tcp", "unix"]);
        let before = served.server.processor_time();
        for generation in 2..2 + RESTARTS {
            served.restart(generation);
        }
        served
            .server
            .wait_until("the older children are gone", || served.server.children().len() <= 30);
        let each = served.server.processor_time().saturating_sub(before) / RESTARTS;
        tell(format_args!("{personality}: {each:.0?} for each restart"));
        assert!(each < EACH, "{personality}: {each:?} for each restart");
        served.server.stop();
    }
}

/// The server in Perl, and all that it forks.
struct Ancestor(Child);

impl Ancestor {
    fn start(address: SocketAddr, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("perl/lasting.pl");
        let mut command = Command::new(script);
        command.arg(format!("--port={}", address.port())).args(["--host=127.0.0.1"]);
        command.args(["--log_level=0", "--no_client_stdout=0"]).args(arguments);
        command.stdin(Stdio::null()).process_group(0);
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }

    /// Signals it at the pace of the others, and looks whether the next generation comes.
    fn restarts(&self, count: u32, seen: &Seen) -> Vec<Duration> {
        wait_until("a client is served", || seen.has(1));
        // It has children that serve before it is ready for a signal.
        pause(PACE);
        let each = (2..).take(count as usize).map(|generation| {
            let begin = Instant::now();
            // It may have ended, which is one of its losses.
            let _ = kill(self.pid(), Signal::SIGHUP);
            while !seen.has(generation) && begin.elapsed() < Duration::from_secs(2) {
                pause(Duration::from_millis(2));
            }
            let took = begin.elapsed();
            pause(PACE.saturating_sub(took));
            took
        });
        each.collect()
    }
}

impl Drop for Ancestor {
    fn drop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// The same load, with the same clients in flight and the same signals, on PreFork of Perl's Net::Server:
/// for comparison, and so where `RESTARTS` asks for it alone.
#[test]
fn what_the_ancestor_loses_is_told() {
    let Some(extent) = asked_for() else { return };
    if tool_with("perl", &["-MNet::Server::PreFork", "-e1"]).is_none() {
        return;
    }
    let pool = ["--min_servers=28", "--max_spare_servers=30", "--max_servers=60"];
    for leaves in ["0", "1"] {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = format!("--leave_children_open_on_hup={leaves}");
        let ancestor = Ancestor::start(address, &[&pool[..], &[&open]].concat());
        wait_until("it listens", || Client::try_connect(address).is_ok());
        let seen = Seen::of(ancestor.pid().as_raw());
        let targets: [Box<dyn Target>; 1] = [Box::new(address)];
        let outcome =
            run(extent, &targets, SLOW, &seen, || ancestor.restarts(extent.restarts, &seen));
        outcome.tell(&format!("Net::Server with {open}, {} generations", seen.generations().len()));
        assert!(outcome.served() > 0, "it has not served at all");
    }
}
