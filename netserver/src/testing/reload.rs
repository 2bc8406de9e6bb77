//! Restarts a server again and again while clients come, and finds out whether anybody noticed.
//!
//! It knows of a server what its log says of a restart, and no more.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::testing::binding;
use crate::testing::deadline::{Deadline, pause};
use crate::testing::ending::Ending;
use crate::testing::program::Program;
use crate::testing::reload_report::ReloadReport;
use crate::testing::running::Running;
use crate::testing::story;
use crate::testing::verdict::Expectations;
use crate::testing::visit::{Exchange, Fault};
use crate::testing::visitors::Visitors;
use crate::testing::wire::{PATIENCE, Wire};

/// Between two looks at how many clients have come.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Restarts under load that have not begun yet; [`verify_reload`] makes them.
#[must_use = "nothing is restarted until it is run"]
pub struct VerifyReload<'a> {
    program: Program,
    address: Option<SocketAddr>,
    connections: usize,
    clients: usize,
    interval: Duration,
    restarts: u32,
    in_flight: usize,
    exchange: Exchange<'a>,
    patience: Duration,
    deadline: Duration,
    expectations: Expectations,
}

/// Starts the server, restarts it by SIGHUP while clients come and go, stops it, and reports whether
/// anybody was lost: 2,000 clients, 8 at once, and 10 restarts. Each client sends the line `ping` and
/// wants one or more lines back.
///
/// A path will do, or a [`Program`] that has an environment or a directory, too. A server without
/// arguments gets `--port=127.0.0.1:0`, so that tests can run beside each other. It has to stay in the
/// foreground and to log to its standard error. It gets `--log_level=3`, unless its arguments say
/// otherwise: at this level it tells of its restarts.
///
/// ```no_run
/// # let path = "target/debug/quotes";
/// // In a test of your package: env!("CARGO_BIN_EXE_quotes").
/// let report = netserver::testing::verify_reload(path)
///     .connections(2_000)
///     .restarts(10)
///     .exchange(b"rust\n", |reply| reply.ends_with(b"\n"))
///     .run();
/// assert_eq!(report.lost(), 0, "{report}");
/// ```
pub fn verify_reload<'a>(program: impl Into<Program>) -> VerifyReload<'a> {
    VerifyReload {
        program: program.into(),
        address: None,
        connections: 2_000,
        clients: 8,
        interval: Duration::ZERO,
        restarts: 10,
        in_flight: 0,
        exchange: Exchange {
            request: b"ping\n".to_vec(),
            is_whole: Box::new(|reply| reply.ends_with(b"\n")),
        },
        patience: PATIENCE,
        deadline: Duration::from_secs(30),
        expectations: Expectations::default(),
    }
}

impl<'a> VerifyReload<'a> {
    /// More arguments. With the first, the port is yours to give: `--port=127.0.0.1:0`.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.program = self.program.args(arguments);
        self
    }

    /// Where clients connect to; the first listener that the log tells of, where nothing is said.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// How many clients come at least. They come for as long as there are restarts.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// How many clients at once, at most.
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// How many clients come in a second; as many as can be where nothing is said.
    ///
    /// A client's latency then counts from when it was due, so that the time for which a server
    /// holds up all of them is not lost from the figures.
    ///
    /// # Panics
    ///
    /// Where it is 0.
    #[track_caller]
    pub fn per_second(mut self, connections: u32) -> Self {
        assert!(connections > 0, "a load of no connection per second has no end");
        self.interval = Duration::from_secs(1) / connections;
        self
    }

    /// How many restarts. They are spread evenly over the clients; each waits for the one before.
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.restarts = restarts;
        self
    }

    /// So many clients have sent all but the last byte of their request before each restart, and
    /// send that byte when the new generation serves: they have to be served by the one before.
    ///
    /// A server needs room for them beside all others: a `single` one has none.
    pub fn in_flight(mut self, clients: usize) -> Self {
        self.in_flight = clients;
        self
    }

    /// What each client sends, and whether what came is the whole reply, and a right one. Then the
    /// client sends its end, and waits for the server's.
    pub fn exchange(
        mut self,
        request: impl Into<Vec<u8>>,
        is_whole: impl Fn(&[u8]) -> bool + Sync + 'a,
    ) -> Self {
        self.exchange = Exchange { request: request.into(), is_whole: Box::new(is_whole) };
        self
    }

    /// What each client may take as a whole; 5 seconds where nothing is said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What the start, each restart and the end may take; 30 seconds where nothing is said.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A line with this text may come, and is no fault: an error, a warning, or no record at all.
    pub fn allow_log(mut self, text: &str) -> Self {
        self.expectations.allowed.push(text.to_owned());
        self
    }

    /// Runs it to its end, which comes early where a restart does not come about or very many clients
    /// are lost.
    ///
    /// # Panics
    ///
    /// Where the server cannot be started. All else is the report's to tell.
    #[track_caller]
    pub fn run(mut self) -> ReloadReport {
        let begin = Instant::now();
        let mut running = self.start();
        let address = match self.address {
            Some(address) => address,
            None => running.wait_for("a bound listener", |seen| {
                seen.log.iter().find_map(|line| binding::address(line))
            }),
        };
        let mut visitors = Visitors::new(&self.exchange, address, self.connections);
        (visitors.interval, visitors.patience) = (self.interval, self.patience);
        let mut report = self.load(&running, &visitors);
        report.wanted = self.restarts;
        report.latencies.sort_unstable();
        report.end = stop(&mut running, self.deadline);
        let seen = running.output().seen();
        report.log_faults = self.expectations.faults(&seen.log);
        report.story = story::tell("the server:", running.name(), &seen);
        report.elapsed = begin.elapsed();
        report
    }

    #[track_caller]
    fn start(&mut self) -> Running {
        let mut program = std::mem::replace(&mut self.program, Program::new(""));
        if program.arguments().is_empty() {
            program = program.arg("--port=127.0.0.1:0");
        }
        let is_level = |argument: &OsString| argument.to_string_lossy().starts_with("--log_level");
        if !program.arguments().iter().any(is_level) {
            program = program.arg("--log_level=3");
        }
        program.deadline(self.deadline).launch()
    }

    /// All clients in threads of their own, and the restarts in this one.
    fn load(&self, running: &Running, visitors: &Visitors<'_>) -> ReloadReport {
        thread::scope(|scope| {
            let clients: Vec<_> =
                (0..self.clients.max(1)).map(|_| scope.spawn(|| visitors.run())).collect();
            let mut report = ReloadReport::default();
            match self.restart_all(running, visitors, &mut report) {
                Ok(()) => visitors.last_restart_is_done(),
                Err(trouble) => {
                    report.trouble = Some(trouble);
                    visitors.give_up();
                }
            }
            for client in clients {
                // A panic in a test's own closure is the test's to see.
                match client.join() {
                    Ok(seen) => report.add_clients(seen),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            report
        })
    }

    fn restart_all(
        &self,
        running: &Running,
        visitors: &Visitors<'_>,
        report: &mut ReloadReport,
    ) -> Result<(), String> {
        let parts = usize::try_from(self.restarts).unwrap_or(usize::MAX).saturating_add(1);
        let mut turn = 0;
        for restart in 1..=self.restarts {
            turn += self.connections / parts;
            let is_over = || visitors.is_given_up() || running.output().seen().ending.is_some();
            while visitors.gone() < turn && !is_over() {
                pause(LOOK_AGAIN);
            }
            if is_over() {
                return Err(format!("no restart after the first {}", restart - 1));
            }
            self.restart_once(running, visitors, report, restart + 1)?;
        }
        Ok(())
    }

    /// Those who are to be served across the next restart.
    fn begin_in_flight(
        &self,
        visitors: &Visitors<'_>,
        report: &mut ReloadReport,
    ) -> Vec<Result<Wire, Fault>> {
        let begin = |_| self.exchange.begin(visitors.address, visitors.deadline());
        let begun: Vec<_> = (0..self.in_flight).map(begin).collect();
        if !begun.is_empty() {
            // They may still wait to be accepted, and in order: when one who comes now is served they
            // have been.
            let due = Instant::now();
            let result = self.exchange.visit(visitors.address, visitors.deadline());
            visitors.count(report, "a client after those in flight", Some(due), result);
        }
        begun
    }

    /// One restart, with those who are served across it.
    fn restart_once(
        &self,
        running: &Running,
        visitors: &Visitors<'_>,
        report: &mut ReloadReport,
        generation: u32,
    ) -> Result<(), String> {
        let begun = self.begin_in_flight(visitors, report);
        visitors.signal_comes();
        let restarted = restart(running, generation, self.deadline);
        for wire in begun {
            let finish = |wire| self.exchange.finish(wire, visitors.deadline());
            visitors.count(report, "a client in flight", None, wire.and_then(finish));
        }
        report.restarts.push(restarted?);
        Ok(())
    }
}

/// Sends the signal and waits until the log says that the new generation serves; hands on how long it
/// took, or why it did not come about.
fn restart(running: &Running, generation: u32, allowed: Duration) -> Result<Duration, String> {
    let begin = Instant::now();
    let mut read = running.output().seen().log.len();
    running.signal(Signal::SIGHUP);
    let awaited = format!("generation {generation} serves");
    let origin = format!("[{}] ", running.pid());
    let found = running.output().wait(Deadline::after(allowed), |seen| {
        let news = &seen.log[read..];
        read = seen.log.len();
        let told = news.iter().find_map(|line| {
            let is_it = line.contains(&awaited);
            match (is_it, line.contains(&origin)) {
                (true, true) => Some(Ok(())),
                (true, false) => Some(Err(format!("it is another process that says {line:?}"))),
                _ => line.contains("cannot restart").then(|| Err(format!("it says {line:?}"))),
            }
        });
        let ended = || seen.ending.map(|ending| Err(format!("it ended with {ending}")));
        told.or_else(ended)
    });
    match found {
        Some(Ok(())) => Ok(begin.elapsed()),
        Some(Err(why)) => Err(format!("no generation {generation}: {why}")),
        None => Err(format!("no generation {generation}: waited {allowed:?} for {awaited:?}")),
    }
}

/// Ends the server by SIGTERM; one sentence for each fault of how it leaves.
fn stop(running: &mut Running, allowed: Duration) -> Vec<String> {
    let before = running.output().seen().ending;
    running.signal(Signal::SIGTERM);
    let ending = running.output().wait(Deadline::after(allowed), |seen| seen.ending);
    let fault = match (before, ending) {
        (Some(ending), _) => Some(format!("it ended with {ending} before it was told to")),
        (None, Some(Ending::Code(0))) => None,
        (None, Some(ending)) => {
            Some(format!("it ended with {ending} after SIGTERM, and not with exit code 0"))
        }
        (None, None) => Some(format!("it did not end within {allowed:?} after SIGTERM")),
    };
    fault.into_iter().chain(running.clear()).collect()
}
