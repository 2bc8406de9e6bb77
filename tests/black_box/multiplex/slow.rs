//! Clients that are slow in whatever they do, many at a time: each is cut at its time, and nobody who is
//! quick waits for them (T34).

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server};

use super::super::{extent, pause, program, tell};
use super::{ask, loop_of};

/// How long a client may be silent, or take nothing; and how long it may be there.
const EACH: Duration = Duration::from_millis(1500);
const ALL: Duration = Duration::from_secs(3);

/// What a busy machine may take beside that.
const SLACK: Duration = Duration::from_millis(250);

/// How a client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A byte now and then.
    Trickles,
    Silent,
    /// A line that never ends.
    Endless,
    /// It asks, and takes no answer.
    TakesNothing,
}

struct Slow {
    kind: Kind,
    stream: TcpStream,
    begin: Instant,
    /// When it last had something to take that it did not, or sent what was not taken.
    last: Instant,
}

impl Slow {
    fn new(kind: Kind, server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let begin = Instant::now();
        Self { kind, stream, begin, last: begin }
    }

    /// Does as it does, and tells whether it was cut.
    fn go_on(&mut self) -> bool {
        let goes_on = match self.kind {
            Kind::Trickles if self.last.elapsed() < EACH / 3 => Ok(0),
            Kind::Trickles => {
                self.last = Instant::now();
                self.stream.write(b"x")
            }
            Kind::Silent => Ok(0),
            Kind::Endless => self.stream.write(&vec![b'x'; 20_000]),
            Kind::TakesNothing => self.ask_on(),
        };
        let goes_on = goes_on.and_then(|_| self.stream.read(&mut [0; 100]));
        match goes_on {
            Err(err) => err.kind() != ErrorKind::WouldBlock,
            Ok(count) => count == 0,
        }
    }

    /// Asks until the server takes no more of that.
    fn ask_on(&mut self) -> io::Result<usize> {
        // One long answer for each.
        let text = format!("{}\n", "x".repeat(16_000));
        loop {
            if self.stream.write(text.as_bytes())? > 0 {
                self.last = Instant::now();
            }
        }
    }

    /// Whether it was cut when it should be.
    fn is_right(&self) -> bool {
        let took = self.begin.elapsed();
        let within = |took: Duration, limit: Duration| {
            took > limit.mul_f64(0.9) && took < limit.mul_f64(1.1) + SLACK
        };
        match self.kind {
            Kind::Trickles => within(took, ALL),
            Kind::Silent => within(took, EACH),
            Kind::Endless => took < EACH,
            // The server has taken a little more since it could last send anything.
            Kind::TakesNothing => {
                took > EACH.mul_f64(0.9) && self.last.elapsed() < EACH.mul_f64(1.1) + SLACK
            }
        }
    }
}

fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// 400 in all with `SLOW=10`.
#[test]
fn slow_clients_are_cut_at_their_time_and_keep_nobody() {
    let scale = extent("SLOW", 2);
    let threads = [&format!("--max_servers={}", 50 * scale)[..], "--min_spare_servers=10"];
    for (personality, more) in [("multiplex", &["--max_unsent=0"][..]), ("thread", &threads)] {
        let server = program!("repeater")
            .arg(format!("--server_type={personality}"))
            .args(["--read_timeout=1500ms", "--write_timeout=1500ms", "--request_timeout=3s"])
            .args(more)
            .start();
        meet_slow_clients(&server, scale, personality);
        server.stop();
    }
}

/// Answers come at once.
fn visit(server: &Server) -> Duration {
    let begin = Instant::now();
    assert_eq!(ask(&mut Client::connect(server.address()), "x"), "x");
    begin.elapsed()
}

fn meet_slow_clients(server: &Server, scale: usize, personality: &str) {
    let kinds =
        [(Kind::Trickles, 20), (Kind::Silent, 10), (Kind::Endless, 5), (Kind::TakesNothing, 5)];
    let child = loop_of(server);
    visit(server);
    let before = resident(child);
    let each = kinds.iter().flat_map(|(kind, count)| vec![*kind; count * scale]);
    let mut slow: Vec<Slow> = each.map(|kind| Slow::new(kind, server)).collect();
    let count = slow.len();
    let mut most = 0;
    let mut times = thread::scope(|scope| {
        let quick = scope.spawn(|| {
            let (mut times, start) = (Vec::new(), Instant::now());
            while start.elapsed() < ALL {
                times.push(visit(server));
                pause(Duration::from_millis(10));
            }
            times
        });
        while !slow.is_empty() {
            slow.retain_mut(|client| {
                let is_cut = client.go_on();
                let took = client.begin.elapsed();
                let kind = client.kind;
                assert!(!is_cut || client.is_right(), "{personality}: {kind:?} cut after {took:?}");
                assert!(took < ALL * 3, "{personality}: {kind:?} is never cut");
                !is_cut
            });
            most = most.max(resident(child));
            pause(Duration::from_millis(20));
        }
        quick.join().unwrap()
    });
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    let grown = most.saturating_sub(before) / count as u64;
    tell(format_args!(
        "{personality}: {count} slow ones of {grown} KiB each; p99 of others {p99:?}"
    ));
    assert!(p99 <= Duration::from_millis(100), "{personality}: {p99:?}");
    // 64 KiB for each of them, and 64 MiB for all the rest.
    assert!(most <= 64 * 1024 + 64 * count as u64, "{personality}: {most} KiB");
}
