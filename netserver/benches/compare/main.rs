//! Servers beside a floor in C and beside others: see `docs/performance.md`.
//!
//! Takes in what to measure, hands on a table, lines of JSON and charts below `target/compare`. Talks to
//! loopback only, and ends what it started.
//!
//! ```text
//! arguments → tools (build, find) → tests → measure → running (start, load, end) → results → table, charts
//! ```

mod statistics;
mod cores;
mod kernel;
mod stop;
mod pause;
mod arguments;
mod tools;
mod contestants;
mod load;
mod running;
mod tests;
mod measure;
mod results;
mod table;
mod charts;
mod machine;
mod page;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::arguments::{Arguments, HELP, Job};
use crate::charts::Chart;
use crate::measure::Effort;
use crate::results::{Results, Row};
use crate::tests::Test;
use crate::tools::Tools;

/// After so long nothing more is begun.
const LIMIT: Duration = Duration::from_secs(20 * 60);
const QUICK_LIMIT: Duration = Duration::from_secs(2 * 60);

fn main() -> ExitCode {
    match Arguments::read(std::env::args_os().skip(1)).map_err(Box::from).and_then(|all| run(&all))
    {
        Ok(code) => code,
        Err(err) => {
            // Where it cannot be said the code still tells.
            let _ = writeln!(io::stderr(), "compare: {err}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    match arguments.job {
        Job::Help => write!(io::stdout(), "{HELP}")?,
        Job::List => list()?,
        Job::Page => {
            let tools = Tools::find(&[])?;
            page::write(&Results::read(&tools.results.join("results.jsonl")))?;
        }
        Job::Measure => return measure(arguments),
    }
    Ok(ExitCode::SUCCESS)
}

fn list() -> io::Result<()> {
    let mut out = io::stdout();
    for test in tests::ALL {
        writeln!(out, "{}: {} / {}", test.name, test.a, test.b)?;
    }
    for chart in charts::ALL {
        writeln!(out, "{}: {}", chart.name, chart.servers.join(", "))?;
    }
    Ok(())
}

/// Measures what is wanted; fails where none of it could be, or B, which is ours, left a client without its answer.
fn measure(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let tests: Vec<&Test> = tests::ALL.iter().filter(|test| arguments.wants(test.name)).collect();
    let charts: Vec<&Chart> =
        charts::ALL.iter().filter(|chart| arguments.wants(chart.name)).collect();
    let names = tests.iter().flat_map(|test| [test.a, test.b]);
    let names = names.chain(charts.iter().flat_map(|chart| chart.servers.iter().copied()));
    // Servers and clients together have more open than most shells allow.
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let tools = Tools::find(&measure::programs(names))?;
    stop::listen()?;
    let mut out = io::stdout();
    for missing in tools.missing() {
        writeln!(out, "left out: {missing}")?;
    }
    let mut run = Run::new(arguments, &tools);
    if run.results.keep_of(machine::line()) {
        writeln!(out, "forgotten: what was measured on another machine")?;
    }
    for test in &tests {
        run.test(test)?;
    }
    for chart in &charts {
        run.chart(chart)?;
    }
    if stop::is_asked_for() {
        writeln!(out, "stopped: the rest is as it was")?;
    }
    run.write()?;
    Ok(if run.measured > 0 && run.served_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Run<'a> {
    tools: &'a Tools,
    is_quick: bool,
    effort: Effort,
    end: Instant,
    results: Results,
    /// Tests and charts that were done.
    measured: usize,
    served_all: bool,
}

impl<'a> Run<'a> {
    fn new(arguments: &Arguments, tools: &'a Tools) -> Self {
        let is_quick = arguments.is_quick;
        let time = Duration::from_millis(if is_quick { 100 } else { 200 });
        let cores = cores::allowed();
        let core = |core: Option<&usize>| core.copied().unwrap_or(0);
        let (core, other) = (core(cores.first()), core(cores.last()));
        Self {
            tools,
            is_quick,
            effort: Effort { pairs: arguments.pairs, time, core, other },
            end: Instant::now() + if is_quick { QUICK_LIMIT } else { LIMIT },
            results: Results::read(&tools.results.join("results.jsonl")),
            measured: 0,
            served_all: true,
        }
    }

    fn test(&mut self, test: &Test) -> io::Result<()> {
        let done = if self.is_over() {
            Err("no time was left".to_owned())
        } else {
            measure::test(self.tools, test, self.effort)
        };
        if stop::is_asked_for() {
            return Ok(());
        }
        self.results.forget(test.name);
        match done {
            Ok(samples) => {
                self.measured += 1;
                self.served_all &= samples.iter().all(|samples| samples.errors[1] == 0);
                let row = |samples| Row::of(test, samples, self.is_quick);
                let rows = samples.iter().filter_map(row);
                self.results.rows.extend(rows);
                writeln!(io::stdout(), "measured: {}", test.name)
            }
            Err(why) => self.leave_out(test.name, &why),
        }
    }

    fn chart(&mut self, chart: &Chart) -> io::Result<()> {
        if self.is_over() {
            self.results.forget(chart.name);
            return self.leave_out(chart.name, "no time was left");
        }
        let (points, reasons) = chart.measure(self.tools, self.is_quick, self.effort);
        if stop::is_asked_for() {
            return Ok(());
        }
        self.results.forget(chart.name);
        self.measured += usize::from(!points.is_empty());
        self.results.points.extend(points);
        writeln!(io::stdout(), "measured: {}", chart.name)?;
        if reasons.is_empty() {
            return Ok(());
        }
        self.leave_out(chart.name, &reasons.join("; "))
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    fn leave_out(&mut self, what: &str, why: &str) -> io::Result<()> {
        self.results.left_out.insert(what.to_owned(), why.to_owned());
        writeln!(io::stdout(), "left out: {what}: {why}")
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        let folder = &self.tools.results;
        let table = table::markdown(&self.results);
        self.results.write(&folder.join("results.jsonl"))?;
        std::fs::write(folder.join("table.md"), &table)?;
        for chart in charts::ALL {
            chart.draw(&self.results.points, folder)?;
        }
        writeln!(io::stdout(), "\n{table}\nwritten to {}", folder.display())?;
        Ok(())
    }
}
