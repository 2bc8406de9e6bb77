//! Does a test: both servers run, and are asked in turns.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::contestants;
use crate::kernel;
use crate::load::Talk;
use crate::pause;
use crate::running::{Measured, Running};
use crate::statistics::median;
use crate::stop;
use crate::tests::{Figure, Test, Way};
use crate::tools::{Program, Tools};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) pairs: usize,
    /// Of one load.
    pub(crate) time: Duration,
    /// Where servers and clients share a core.
    pub(crate) core: usize,
    /// Where clients have one of their own, if there are two.
    pub(crate) other: usize,
}

/// Samples of one figure, in pairs.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) figure: Figure,
    pub(crate) a: Vec<f64>,
    pub(crate) b: Vec<f64>,
    /// Clients of A and of B that were not served.
    pub(crate) errors: [u64; 2],
}

/// How often a start is measured, at most: it takes much longer than a load's turn.
const STARTS: usize = 9;
/// So long a server is left alone before its processes are looked at.
const SETTLE: Duration = Duration::from_millis(300);

/// Does it.
///
/// # Errors
/// Why it could not be done, in one line.
pub(crate) fn test(tools: &Tools, test: &Test, effort: Effort) -> Result<Vec<Samples>, String> {
    match test.way {
        Way::Pairs => pairs(tools, test, effort),
        Way::Counts => counts(tools, test, effort),
        Way::Memory => memory(tools, test, effort),
        Way::Starts => starts(tools, test, effort),
    }
}

fn start(tools: &Tools, name: &str, test: &Test, core: usize) -> Result<Running, String> {
    let contestant = contestants::find(name).ok_or_else(|| format!("{name}: no such server"))?;
    Running::start(tools, contestant, (test.children, test.talk), core)
}

fn ask(server: &Running, test: &Test, effort: Effort) -> Result<Measured, String> {
    ask_from(server, test, effort.time, effort.core)
}

fn ask_from(
    server: &Running,
    test: &Test,
    time: Duration,
    core: usize,
) -> Result<Measured, String> {
    if stop::is_asked_for() {
        return Err("stopped".to_owned());
    }
    let measured = server.measure(test.clients, time, core);
    let measured = measured.map_err(|err| format!("{}: {err}", server.contestant.name))?;
    if measured.served.total == 0 {
        return Err(format!("{} served nobody", server.contestant.name));
    }
    Ok(measured)
}

/// Both, the one first that was second in the round before: what drifts meets both alike.
fn in_turns<T>(
    round: usize,
    a: impl FnOnce() -> Result<T, String>,
    b: impl FnOnce() -> Result<T, String>,
) -> Result<(T, T), String> {
    if round.is_multiple_of(2) {
        let first = a()?;
        return Ok((first, b()?));
    }
    let first = b()?;
    Ok((a()?, first))
}

fn pairs(tools: &Tools, test: &Test, effort: Effort) -> Result<Vec<Samples>, String> {
    let a = start(tools, test.a, test, effort.core)?;
    let b = start(tools, test.b, test, effort.core)?;
    let mut all: Vec<(Measured, Measured)> = Vec::new();
    // What a first load sets up, as pages and caches, is no part of a figure.
    ask(&a, test, effort)?;
    ask(&b, test, effort)?;
    for round in 0..effort.pairs {
        all.push(in_turns(round, || ask(&a, test, effort), || ask(&b, test, effort))?);
    }
    let errors = [
        all.iter().map(|(a, _)| a.served.errors).sum(),
        all.iter().map(|(_, b)| b.served.errors).sum(),
    ];
    let samples = |figure, of: fn(&Measured) -> f64| Samples {
        figure,
        a: all.iter().map(|(a, _)| of(a)).collect(),
        b: all.iter().map(|(_, b)| of(b)).collect(),
        errors,
    };
    Ok(vec![
        samples(Figure::Rate, |measured| measured.served.rate),
        samples(Figure::P99, |measured| measured.served.p99),
        samples(Figure::Time, time_each),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a second")]
fn time_each(measured: &Measured) -> f64 {
    measured.time_used as f64 / 1e3 / measured.served.total as f64
}

/// Times as long as another load.
const COUNTED: u32 = 5;

/// What perf counts, in the order of figures.
const EVENTS: [(Figure, &str); 3] = [
    (Figure::Calls, "raw_syscalls:sys_enter"),
    (Figure::Switches, "context-switches"),
    (Figure::Faults, "page-faults"),
];

fn counts(tools: &Tools, test: &Test, effort: Effort) -> Result<Vec<Samples>, String> {
    let mut counted = Vec::new();
    for name in [test.a, test.b] {
        let server = start(tools, name, test, effort.core)?;
        ask(&server, test, effort)?;
        // perf counts nothing at all where one of the processes has ended, as those of a client have soon.
        pause::sleep(SETTLE);
        counted.push(count(&server, test, effort)?);
    }
    let one = |of: usize, event: usize| vec![counted[of][event]];
    let samples = EVENTS.iter().enumerate().map(|(event, &(figure, _))| Samples {
        figure,
        a: one(0, event),
        b: one(1, event),
        errors: [0; 2],
    });
    Ok(samples.collect())
}

/// Runs perf for all processes of a server, and a load under it; hands on the counts for each client.
fn count(server: &Running, test: &Test, effort: Effort) -> Result<[f64; 3], String> {
    let pids: Vec<String> = server.pids().iter().map(u32::to_string).collect();
    let events = EVENTS.map(|(_, event)| event).join(",");
    let mut perf = Command::new("perf");
    perf.args(["stat", "-x", ",", "-e", &events, "-p", &pids.join(",")]);
    perf.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut perf = stop::unheard(|| perf.spawn()).map_err(|err| format!("perf: {err}"))?;
    // perf says nothing once it counts, but what it counts with is open then.
    let attached = || kernel::has_events(perf.id()).then_some(());
    if pause::until(Duration::from_secs(5), attached).is_some() {
        pause::sleep(SETTLE);
    }
    // With a core for each a process of the server is switched to and from by its own calls only. Clients
    // that are cut off at the end were begun and not counted: in a longer time they are fewer.
    let measured = ask_from(server, test, effort.time * COUNTED, effort.other);
    let id = nix::unistd::Pid::from_raw(perf.id().cast_signed());
    // Where it has ended already it could not count, and says why.
    let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT);
    pause::until(Duration::from_secs(5), || perf.try_wait().ok().flatten());
    // One that has ended cannot be killed, and need not be.
    let _ = perf.kill();
    let output = perf.wait_with_output().map_err(|err| format!("perf: {err}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    #[expect(clippy::cast_precision_loss, reason = "connections of a second")]
    let total = measured?.served.total as f64;
    let figure = |event: &str| {
        let line = said.lines().find(|line| line.contains(event))?;
        Some(line.split(',').next()?.parse::<f64>().ok()? / total)
    };
    let told = |line: &&str| line.contains("access") || line.contains("ermission");
    let last = || said.lines().rfind(|line| !line.trim().is_empty());
    let why =
        || said.lines().find(told).or_else(last).unwrap_or("it says nothing").trim().to_owned();
    match EVENTS.map(|(_, event)| figure(event)) {
        [Some(calls), Some(switches), Some(faults)] => Ok([calls, switches, faults]),
        _ => Err(format!("perf: {}", why())),
    }
}

fn memory(tools: &Tools, test: &Test, effort: Effort) -> Result<Vec<Samples>, String> {
    let mut of = Vec::new();
    for name in [test.a, test.b] {
        let server = start(tools, name, test, effort.core)?;
        ask(&server, test, effort)?;
        pause::sleep(SETTLE);
        let children = server.pids().into_iter().filter(|&pid| pid != server.pid());
        let private: Vec<f64> =
            children.filter_map(kernel::memory).map(|memory| memory.private).collect();
        // Of other users' processes only root is told.
        of.push(median(&private).ok_or_else(|| format!("{name}: its memory is not shown"))?);
    }
    Ok(vec![Samples { figure: Figure::Private, a: vec![of[0]], b: vec![of[1]], errors: [0; 2] }])
}

fn starts(tools: &Tools, test: &Test, effort: Effort) -> Result<Vec<Samples>, String> {
    let mut samples = Samples { figure: Figure::Start, a: vec![], b: vec![], errors: [0; 2] };
    let milliseconds = |name| {
        let server = start(tools, name, test, effort.core)?;
        Ok::<f64, String>(server.start.as_secs_f64() * 1e3)
    };
    for round in 0..effort.pairs.min(STARTS) {
        let (a, b) = in_turns(round, || milliseconds(test.a), || milliseconds(test.b))?;
        samples.a.push(a);
        samples.b.push(b);
    }
    Ok(vec![samples])
}

/// Where a chart's point is: a server with so many children, and so many clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) server: &'static str,
    pub(crate) children: usize,
    pub(crate) clients: usize,
}

impl Place {
    fn start(&self, tools: &Tools, talk: Talk, core: usize) -> Result<Running, String> {
        if stop::is_asked_for() {
            return Err("stopped".to_owned());
        }
        let server = contestants::find(self.server);
        let server = server.ok_or_else(|| format!("{}: no such server", self.server))?;
        Running::start(tools, server, (self.children, talk), core)
    }

    /// The median rate of so many loads.
    ///
    /// # Errors
    /// Why it could not be measured.
    pub(crate) fn rate(&self, tools: &Tools, effort: Effort) -> Result<f64, String> {
        let server = self.start(tools, Talk::Short, effort.core)?;
        let rates: Result<Vec<f64>, std::io::Error> = (0..effort.pairs)
            .map(|_| Ok(server.measure(self.clients, effort.time, effort.core)?.served.rate))
            .collect();
        let rates = rates.map_err(|err| format!("{}: {err}", self.server))?;
        median(&rates).ok_or_else(|| format!("{}: nothing was measured", self.server))
    }

    /// The memory of all its processes in KiB, a page that they share counted once: idle after a load, or
    /// while so many clients are silent.
    ///
    /// # Errors
    /// Why it could not be measured.
    pub(crate) fn memory(
        &self,
        tools: &Tools,
        effort: Effort,
        silent: usize,
    ) -> Result<f64, String> {
        let server =
            self.start(tools, if silent > 0 { Talk::Keep } else { Talk::Short }, effort.core)?;
        if silent == 0 {
            let served = server.measure(self.clients, effort.time, effort.core);
            served.map_err(|err| format!("{}: {err}", self.server))?;
        }
        let clients: Result<Vec<_>, _> = (0..silent).map(|_| server.target.silent()).collect();
        let _clients = clients.map_err(|err| format!("{}: {err}", self.server))?;
        pause::sleep(SETTLE);
        let all: Vec<f64> = server
            .pids()
            .into_iter()
            .filter_map(kernel::memory)
            .map(|memory| memory.proportional)
            .collect();
        if all.is_empty() {
            return Err(format!("{}: its memory is not shown", self.server));
        }
        Ok(all.iter().sum())
    }
}

/// Every program that a test needs.
pub(crate) fn programs<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Program> {
    let mut all: Vec<Program> =
        names.filter_map(contestants::find).map(|contestant| contestant.program).collect();
    all.sort();
    all.dedup();
    all
}
