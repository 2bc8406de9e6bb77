//! A server under test: where it listens, what it logs, which processes it has.

mod stop;
mod usage;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::testing::binding;
use crate::testing::deadline::holds_within;
use crate::testing::descriptors::Descriptors;
use crate::testing::process;
use crate::testing::program::Program;
use crate::testing::running::Running;
use crate::testing::verdict::Expectations;

/// A running server. A test ends it with [`stop`](Self::stop), or one of its kin, and fails where
/// it does not.
#[derive(Debug)]
#[must_use = "a server that is dropped and not stopped fails the test"]
pub struct Server {
    running: Running,
    begin: Instant,
    expectations: Mutex<Expectations>,
    is_stopped: bool,
}

impl Program {
    /// Starts it as a server.
    #[track_caller]
    pub fn start(self) -> Server {
        Server {
            begin: Instant::now(),
            running: self.launch(),
            expectations: Mutex::default(),
            is_stopped: false,
        }
    }
}

impl Server {
    /// Starts the program as a server; [`Program`] says more about how.
    #[track_caller]
    pub fn start(program: impl AsRef<Path>, arguments: &[&str]) -> Self {
        Program::new(program).args(arguments).start()
    }

    /// The address of its first listener, once it is bound. A wildcard is reached by loopback.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        self.addresses(1)[0]
    }

    /// The addresses of its first `count` listeners, once all of these are bound.
    #[track_caller]
    pub fn addresses(&self, count: usize) -> Vec<SocketAddr> {
        let what = format!("{count} bound listeners");
        self.running.wait_for(what, |seen| {
            let bound = seen.log.iter().filter_map(|line| binding::address(line));
            let bound: Vec<_> = bound.take(count).collect();
            (bound.len() == count).then_some(bound)
        })
    }

    /// The lines that it has logged until now.
    pub fn log(&self) -> Vec<String> {
        self.running.output().seen().log.clone()
    }

    /// Waits for a line that contains the text, and hands on the first one.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) -> String {
        self.wait_for_log_after(0, text)
    }

    /// The same, but the first `lines` lines do not count: `let before = server.log().len()`.
    #[track_caller]
    pub fn wait_for_log_after(&self, lines: usize, text: &str) -> String {
        let what = format!("a log line with {text:?}");
        self.running.wait_for(what, |seen| {
            let mut later = seen.log.iter().skip(lines);
            later.find(|line| line.contains(text)).cloned()
        })
    }

    /// Waits until `holds` answers true, and fails with the server's log where it never does.
    #[track_caller]
    pub fn wait_until(&self, what: impl Display, holds: impl FnMut() -> bool) {
        let deadline = self.running.patience().deadline;
        if !holds_within(deadline, holds) {
            self.running.fail(format_args!("waited {deadline:?} until {what}"));
        }
    }

    /// A line with this text must come, and is no fault: an error, a warning, or no record at all.
    pub fn expect_log(&self, text: &str) {
        self.expectations().expected.push(text.to_owned());
    }

    /// A line with this text may come, and is no fault.
    pub fn allow_log(&self, text: &str) {
        self.expectations().allowed.push(text.to_owned());
    }

    fn expectations(&self) -> MutexGuard<'_, Expectations> {
        // What was pushed by a thread that then failed is still what the test expects.
        let expectations = self.expectations.lock();
        expectations.unwrap_or_else(PoisonError::into_inner)
    }

    /// The process that was started.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Its child processes, zombies among them.
    pub fn children(&self) -> Vec<i32> {
        let children = process::children_of(self.pid());
        children.iter().map(|child| child.pid).collect()
    }

    /// How many child processes it had at one moment, zombies among them: at least, and never more.
    ///
    /// Processes come and go while all of them are looked at. Those that were seen and are still
    /// there after it have been there together.
    pub fn children_at_once(&self) -> usize {
        let is_child =
            |pid: &i32| process::Process::find(*pid).map(|one| one.parent) == Some(self.pid());
        self.children().iter().filter(|pid| is_child(pid)).count()
    }

    /// Those of its child processes that have not ended.
    pub fn alive(&self) -> Vec<i32> {
        let mut children = process::children_of(self.pid());
        children.retain(|child| !child.is_zombie);
        children.iter().map(|child| child.pid).collect()
    }

    /// Those of its children that have ended and that it has not reaped yet.
    pub fn zombies(&self) -> Vec<i32> {
        let mut children = process::children_of(self.pid());
        children.retain(|child| child.is_zombie);
        children.iter().map(|child| child.pid).collect()
    }

    /// The open descriptors of its process, or of any other that the test may look into.
    #[track_caller]
    pub fn descriptors(&self, pid: i32) -> Descriptors {
        match Descriptors::read(pid) {
            Ok(table) => table,
            Err(err) => self.running.fail(format_args!("no descriptors of process {pid}: {err}")),
        }
    }

    /// Waits until the process has no more descriptors of any kind than it had `before`.
    ///
    /// A wait, since a server may close its end of a connection after the client saw all of it.
    #[track_caller]
    pub fn expect_no_leak(&self, pid: i32, before: &Descriptors) {
        let is_tight = || Descriptors::read(pid).is_ok_and(|now| before.leaked(&now).is_empty());
        if !holds_within(self.running.patience().deadline, is_tight) {
            let leaked = before.leaked(&self.descriptors(pid));
            self.running.fail(format_args!("process {pid} leaks descriptors: {leaked}"));
        }
    }
}
