//! HUP while clients come and go, and while others are served for longer than several restarts take: no
//! client notices (T01).

mod ancestor;
mod clients;

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Scratch, Server, Signal, Target, scratch};

pub(super) use self::clients::Tells;
use self::clients::{Extent, PACE, SHORT, SLOW, Seen, asked_for, run};
use super::tls::{Issued, Secured};
use super::{PARENTS, PERSONALITIES, pause, program, tell, with_all};

/// What they wait at most, from when they were to come: 999 in 1,000 of them.
const LATENCY: Duration = Duration::from_millis(250);

/// Ways to one server.
const PROTOCOLS: [&str; 3] = ["tcp", "unix", "ssl"];

/// The one whose program is another, as it is called with what comes.
const LOOP: &str = "multiplex";

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
            "prefork" | "thread" => {
                &["--min_servers=28", "--max_spare_servers=30", "--max_servers=60"][..]
            }
            "prefork_simple" => &["--max_servers=28"],
            _ => &[],
        };
        let with_tls = protocols.contains(&"ssl");
        let program =
            if personality == LOOP { program!("lasting_loop") } else { program!("lasting") };
        let server = program
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

/// What a server does while clients come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Restart,
    ServeOn,
}

/// Has clients come to a server, and sees that nobody is lost. Hands on what 999 of 1,000 clients waited.
fn under_load(
    personality: &str,
    protocols: &[&'static str],
    extent: Extent,
    does: Does,
) -> Duration {
    let served = Served::start(personality, protocols);
    let seen = Seen::of(served.server.pid());
    let slow = if personality == "single" { 0 } else { SLOW };
    let restarts = if does == Does::Restart { extent.restarts } else { 0 };
    let outcome = run(extent, &served.targets(), slow, &seen, || {
        pause(PACE * (extent.restarts - restarts));
        served.restarts(restarts, &seen)
    });
    outcome.tell(&format!("{personality} by {}", protocols.join(", ")));
    for report in outcome.short.iter().chain(&outcome.slow) {
        report.expect_all_right();
    }
    assert!(outcome.served() >= extent.connections);
    assert_eq!(seen.generations(), (1..=restarts + 1).collect::<BTreeSet<u32>>());
    if asked_for().is_some() {
        let rate = outcome.per_second();
        assert!(rate >= 200, "inconclusive: no more than {rate} connections a second");
    }
    let log = served.server.stop().log;
    let restarted = log.iter().filter(|line| line.contains(" restarted as generation "));
    assert_eq!(restarted.count(), restarts as usize);
    outcome.latency()
}

/// Whether clients of a server that restarts wait too long for it: for longer than others of it do, where
/// the machine is busy with something else.
fn are_late(personality: &str, protocols: &[&'static str], extent: Extent) -> bool {
    let waited = |does| under_load(personality, protocols, extent, does);
    if waited(Does::Restart) <= LATENCY || personality == "single" {
        return false;
    }
    let others = waited(Does::ServeOn);
    waited(Does::Restart) > LATENCY + others
}

#[test]
fn nobody_notices_a_restart() {
    let Some(extent) = asked_for() else {
        return with_all(&PERSONALITIES, |personality| {
            assert!(!are_late(personality, &PROTOCOLS, SHORT), "{personality}: clients wait");
        });
    };
    let each = PERSONALITIES.iter().flat_map(|one| PROTOCOLS.map(|protocol| (*one, protocol)));
    let late = each.filter(|(one, protocol)| are_late(one, &[protocol], extent));
    assert_eq!(late.collect::<Vec<_>>(), [], "over {LATENCY:?}");
}

/// Beside the others it is slow: all that its clients want is done by one process.
#[test]
fn nobody_notices_a_restart_of_a_loop() {
    let Some(extent) = asked_for() else {
        assert!(!are_late(LOOP, &PROTOCOLS, SHORT), "clients wait");
        return;
    };
    let late = PROTOCOLS.iter().filter(|protocol| are_late(LOOP, &[protocol], extent));
    assert_eq!(late.collect::<Vec<_>>(), [&""; 0], "over {LATENCY:?}");
}

#[test]
fn a_stream_goes_on_across_three_restarts() {
    const LINES: usize = 1_000;
    with_all(&[&PARENTS[..], &[LOOP]].concat(), |personality| {
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
