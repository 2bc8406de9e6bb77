//! Many clients at once: so many connections, each with one request whose reply is checked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::testing::deadline::{Deadline, pause};
use crate::testing::exchange::{End, Route};
use crate::testing::report::{LoadReport, Tally};
use crate::testing::target::Target;
use crate::testing::wire::PATIENCE;

type Request<'a> = dyn Fn(usize) -> Vec<u8> + Sync + 'a;
type Wanted<'a> = dyn Fn() -> bool + Sync + 'a;
type Check<'a> = dyn Fn(usize, &[u8]) -> bool + Sync + 'a;

/// A load that is not running yet; [`load()`] makes one.
#[must_use = "a load does nothing until it is run"]
pub struct Load<'a> {
    target: Box<dyn Target + 'a>,
    connections: usize,
    /// Whether there are to be more than these.
    is_wanted: Box<Wanted<'a>>,
    clients: usize,
    /// What lies between the beginnings of two connections.
    interval: Duration,
    request: Box<Request<'a>>,
    check: Box<Check<'a>>,
    end: End<'a>,
    patience: Duration,
    deadline: Duration,
}

/// A load on that address, or other [`Target`]: 1,000 connections by 16 clients, each of which sends a line and wants it
/// back, before the server closes.
///
/// ```no_run
/// # use netserver::testing::{Server, Signal, load};
/// # let server = Server::start("target/debug/echo", &[]);
/// let address = server.address();
/// let report = std::thread::scope(|scope| {
///     let running = scope.spawn(|| load(address).connections(10_000).per_second(300).run());
///     server.signal(Signal::SIGHUP);
///     running.join().unwrap()
/// });
/// report.expect_all_right();
/// # server.stop();
/// ```
pub fn load<'a>(target: impl Target + 'a) -> Load<'a> {
    Load {
        target: Box::new(target),
        connections: 1_000,
        is_wanted: Box::new(|| false),
        clients: 16,
        interval: Duration::ZERO,
        request: Box::new(|number| format!("{number}\n").into_bytes()),
        check: Box::new(|number, reply| reply == format!("{number}\n").as_bytes()),
        end: End::Line,
        patience: PATIENCE,
        deadline: Duration::from_secs(60),
    }
}

impl<'a> Load<'a> {
    /// How many connections in all.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Goes on after the last of them for as long as `is_wanted` answers true.
    pub fn and_while(mut self, is_wanted: impl Fn() -> bool + Sync + 'a) -> Self {
        self.is_wanted = Box::new(is_wanted);
        self
    }

    /// How many connections at once, at most.
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// How many connections begin in a second; as many as can be where nothing is said.
    ///
    /// A connection's latency then counts from when it was due, so that the time for which a server
    /// holds up all clients is not lost from the figures.
    #[track_caller]
    pub fn per_second(mut self, connections: u32) -> Self {
        assert!(connections > 0, "a load of no connection per second has no end");
        self.interval = Duration::from_secs(1) / connections;
        self
    }

    /// What the connection of each number sends, and whether what it got is right.
    pub fn exchange<R: Into<Vec<u8>>>(
        mut self,
        request: impl Fn(usize) -> R + Sync + 'a,
        check: impl Fn(usize, &[u8]) -> bool + Sync + 'a,
    ) -> Self {
        self.request = Box::new(move |number| request(number).into());
        self.check = Box::new(check);
        self
    }

    /// A reply may be anything, and ends where the server closes.
    pub fn until_close(mut self) -> Self {
        self.end = End::Close;
        self
    }

    /// A reply ends where `is_whole` says so. Then the client sends its end, and whatever the
    /// server says until it closes counts as part of the reply.
    pub fn until(mut self, is_whole: impl Fn(&[u8]) -> bool + Sync + 'a) -> Self {
        self.end = End::When(Box::new(is_whole));
        self
    }

    /// What each connect, send and receive may take; 5 seconds where nothing is said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What the whole load may take; 60 seconds where nothing is said. Connections that it leaves
    /// no time for have failed.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> LoadReport {
        let begin = Instant::now();
        let (target, patience) = (&*self.target, self.patience);
        let route = Route { target, patience, deadline: Deadline::after(self.deadline) };
        let next = AtomicUsize::new(0);
        let tally = thread::scope(|scope| {
            let client = || self.client(route, begin, &next);
            let count = self.clients.clamp(1, self.connections.max(1));
            let clients: Vec<_> = (0..count).map(|_| scope.spawn(client)).collect();
            let mut sum = Tally::default();
            for client in clients {
                // A panic in a test's own closure is the test's to see.
                match client.join() {
                    Ok(tally) => sum.add(tally),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            sum
        });
        tally.into_report(begin.elapsed())
    }

    /// Takes the next connection until there is none.
    fn client(&self, route: Route<'_>, begin: Instant, next: &AtomicUsize) -> Tally {
        let mut tally = Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.connections
                && !(route.deadline.left().is_some() && (self.is_wanted)())
            {
                return tally;
            }
            self.connection(route, begin, number, &mut tally);
        }
    }

    fn connection(&self, route: Route<'_>, begin: Instant, number: usize, tally: &mut Tally) {
        let due = self.await_turn(route, begin, number);
        if route.deadline.left().is_none() {
            tally.failed(format!("no time left of {:?}", self.deadline));
            return;
        }
        let request = (self.request)(number);
        match route.exchange(&request, &self.end) {
            Err(failure) => tally.failed(failure.to_string()),
            Ok(reply) if self.end.fits(&reply) && (self.check)(number, &reply) => {
                tally.right(due.elapsed());
            }
            Ok(reply) => tally.wrong(due.elapsed(), || {
                let (request, reply) = (request.escape_ascii(), reply.escape_ascii());
                format!("connection {number}: sent \"{request}\", got \"{reply}\"")
            }),
        }
    }

    /// Waits until the connection is due, though never beyond the deadline; hands on when it was.
    fn await_turn(&self, route: Route<'_>, begin: Instant, number: usize) -> Instant {
        if self.interval.is_zero() {
            return Instant::now();
        }
        let turn = u32::try_from(number).unwrap_or(u32::MAX);
        let due = begin + self.interval.saturating_mul(turn);
        let left = route.deadline.left().unwrap_or_default();
        pause(due.saturating_duration_since(Instant::now()).min(left));
        due
    }
}
