//! The clients of a server that restarts: they come one after the other, until all is over, and count
//! what becomes of them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::testing::deadline::{Deadline, pause};
use crate::testing::reload_report::ReloadReport;
use crate::testing::visit::{Exchange, Fault};

/// When so many are lost the report has enough to tell. A server that answers nobody would take
/// minutes otherwise.
const ENOUGH_LOST: usize = 100;

/// What all clients share.
pub(crate) struct Visitors<'a> {
    pub(crate) exchange: &'a Exchange<'a>,
    pub(crate) address: SocketAddr,
    /// How many there are at least: they come for as long as there are restarts.
    pub(crate) connections: usize,
    /// What lies between two of them.
    pub(crate) interval: Duration,
    /// What each may take.
    pub(crate) patience: Duration,
    begin: Instant,
    next: AtomicUsize,
    served: AtomicUsize,
    lost: AtomicUsize,
    signals: AtomicU32,
    is_last_restart_done: AtomicBool,
    is_given_up: AtomicBool,
}

impl<'a> Visitors<'a> {
    pub(crate) fn new(exchange: &'a Exchange<'a>, address: SocketAddr, connections: usize) -> Self {
        Self {
            exchange,
            address,
            connections,
            interval: Duration::ZERO,
            patience: Duration::ZERO,
            begin: Instant::now(),
            next: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            signals: AtomicU32::new(0),
            is_last_restart_done: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
        }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.patience)
    }

    /// No more restarts are to come: the clients that are still due are the last.
    pub(crate) fn last_restart_is_done(&self) {
        self.is_last_restart_done.store(true, Ordering::Relaxed);
    }

    /// No more clients are of use.
    pub(crate) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    /// From here on clients come after one signal more.
    pub(crate) fn signal_comes(&self) {
        self.signals.fetch_add(1, Ordering::Relaxed);
    }

    /// How many have come and gone.
    pub(crate) fn gone(&self) -> usize {
        self.served.load(Ordering::Relaxed) + self.lost.load(Ordering::Relaxed)
    }

    /// Whether nothing more is to be learned.
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed) || self.lost.load(Ordering::Relaxed) >= ENOUGH_LOST
    }

    fn is_over(&self, number: usize) -> bool {
        let is_last = number >= self.connections;
        self.is_given_up() || (is_last && self.is_last_restart_done.load(Ordering::Relaxed))
    }

    /// One client after the other, until all is over.
    pub(crate) fn run(&self) -> ReloadReport {
        let _guard = GivesUp(self);
        let mut report = ReloadReport::default();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if self.is_over(number) {
                return report;
            }
            let due = self.await_turn(number);
            let result = self.exchange.visit(self.address, self.deadline());
            self.count(&mut report, format_args!("client {number}"), Some(due), result);
        }
    }

    /// Writes down what became of a client that was due then; how long it took is of no interest
    /// where it came across a restart, and was due at no time.
    pub(crate) fn count(
        &self,
        report: &mut ReloadReport,
        who: impl std::fmt::Display,
        due: Option<Instant>,
        result: Result<(), Fault>,
    ) {
        match result {
            Ok(()) => {
                match due {
                    Some(due) => report.latencies.push(due.elapsed()),
                    None => report.across += 1,
                }
                self.served.fetch_add(1, Ordering::Relaxed);
            }
            Err(fault) => {
                let (at, signals) = (self.begin.elapsed(), self.signals.load(Ordering::Relaxed));
                let what = format!("{who}, at {at:.1?}, signals so far {signals}: {fault}");
                report.count_lost(fault.loss(), what);
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until the client is due; hands on when it was.
    fn await_turn(&self, number: usize) -> Instant {
        if self.interval.is_zero() {
            return Instant::now();
        }
        let turn = u32::try_from(number).unwrap_or(u32::MAX);
        let due = self.begin + self.interval.saturating_mul(turn);
        pause(due.saturating_duration_since(Instant::now()));
        due
    }
}

/// Where a test's own closure panics in one client, nobody waits for the others.
struct GivesUp<'a>(&'a Visitors<'a>);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up();
        }
    }
}
