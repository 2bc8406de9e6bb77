//! The place of a worker among others.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::notify;
use crate::sys::clock;
use crate::sys::memory::SharedLines;

/// Where whoever serves a connection says so.
pub(crate) trait Seat {
    /// Whether one more connection of the client of this address may be served. If so it counts until
    /// it is released.
    fn admits(&mut self, address: IpAddr) -> bool;

    /// The client is about to see the end of its connection, and may come again at once.
    fn release(&mut self);

    /// Where it is said until when the connection may last, if anybody looks at that.
    fn timer(&self) -> Option<Timer>;
}

/// Where a worker that serves one connection after the other says what it does between them.
pub(crate) trait Post {
    /// Where it says the rest.
    type Seat: Seat;

    fn seat(&mut self) -> &mut Self::Seat;

    /// It waits for its first connection.
    fn ready(&mut self);

    /// A connection was accepted.
    fn busy(&mut self);

    /// The connection is closed. Tells whether another may be served.
    fn idle(&mut self) -> bool;

    /// It waits for no further one, and others that it serves at the same time go on.
    fn finishing(&mut self);

    /// It waits for no further one.
    fn gone(&mut self);

    /// It was woken for a client that it lacks the means to take, and that nobody else was woken for.
    fn cannot_take(&self);

    /// What breaks once the parent of this worker is gone, where there is one.
    fn parent(&self) -> Option<&OwnedFd>;

    /// Whether a service manager wants to hear now and then that this very process goes on.
    fn is_watched(&self) -> bool;

    /// By how many more than its options say, or fewer, it is to serve at the same time, where it serves
    /// several.
    fn more(&self) -> isize;

    /// Where others of its process count the connections that they take, if anybody looks at that.
    fn counter(&self) -> Option<Counter>;
}

/// The number in a worker's line that says until when its connection may last, by the time that only goes
/// on; 0 stands for as long as it likes.
pub(crate) const UNTIL: usize = 3;

/// The number that says how many connections the workers of that line have taken.
pub(crate) const TAKEN: usize = 2;

/// Counts connections that were taken.
#[derive(Debug)]
pub(crate) struct Counter {
    lines: Arc<SharedLines>,
    line: usize,
}

impl Counter {
    /// Of the worker with that line.
    pub(crate) fn new(lines: &Arc<SharedLines>, line: usize) -> Self {
        Self { lines: Arc::clone(lines), line }
    }

    /// One more.
    pub(crate) fn count(&self) {
        self.lines[self.line].number::<TAKEN>().fetch_add(1, SeqCst);
    }
}

/// Says until when a connection may last.
#[derive(Debug, Clone)]
pub(crate) struct Timer {
    lines: Arc<SharedLines>,
    line: usize,
}

impl Timer {
    /// Of the worker with that line.
    pub(crate) fn new(lines: &Arc<SharedLines>, line: usize) -> Self {
        Self { lines: Arc::clone(lines), line }
    }

    /// For so long from now on; `None` has no end.
    #[inline]
    pub(crate) fn ends_in(&self, time: Option<Duration>) {
        let until = time.map_or(0, |time| {
            let time = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            clock::monotonic().saturating_add(time)
        });
        self.lines[self.line].number::<UNTIL>().store(until, SeqCst);
    }
}

/// A worker that nobody watches; it goes on for as long as what it holds says so.
#[derive(Debug)]
pub(crate) struct Alone<F>(pub(crate) F);

impl<F: FnMut() -> bool> Seat for Alone<F> {
    fn admits(&mut self, _: IpAddr) -> bool {
        true
    }

    fn release(&mut self) {}

    fn timer(&self) -> Option<Timer> {
        None
    }
}

impl<F: FnMut() -> bool> Post for Alone<F> {
    type Seat = Self;

    fn seat(&mut self) -> &mut Self {
        self
    }

    fn ready(&mut self) {}

    fn busy(&mut self) {}

    fn idle(&mut self) -> bool {
        self.0()
    }

    fn finishing(&mut self) {}

    fn gone(&mut self) {}

    fn cannot_take(&self) {}

    fn parent(&self) -> Option<&OwnedFd> {
        None
    }

    fn is_watched(&self) -> bool {
        notify::is_watched()
    }

    fn more(&self) -> isize {
        0
    }

    fn counter(&self) -> Option<Counter> {
        None
    }
}
