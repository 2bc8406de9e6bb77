//! The clients of a server that restarts: many that come and go, some that are always there, and what
//! became of them. Knows nothing of the server.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use netserver::testing::{Load, LoadReport, Target, load};

use crate::{extent, tell};

/// What lies between the beginnings of two restarts, where the first of them takes no longer.
pub(super) const PACE: Duration = Duration::from_millis(500);
/// Clients that are always served, each for as long as several restarts take.
pub(super) const SLOW: usize = 20;
/// For how many seconds each of those is served.
const SECONDS: u32 = 2;

/// How much a run does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) restarts: u32,
    pub(super) connections: usize,
}

/// `RESTARTS=50` is 50 restarts and 10,000 connections, of each personality with each protocol, at a pace
/// that takes `--release` where each of them speaks TLS. Where nothing is said it is a short one.
pub(super) fn asked_for() -> Option<Extent> {
    let restarts = extent("RESTARTS", 0);
    (restarts > 0).then(|| Extent { restarts, connections: restarts as usize * 200 })
}

pub(super) const SHORT: Extent = Extent { restarts: 10, connections: 500 };

impl Extent {
    /// So many connections in a second that all of them come while it is restarted.
    fn per_second(self) -> usize {
        let time = PACE * self.restarts;
        self.connections * 1_000 / time.as_millis() as usize
    }
}

/// What the clients of a run are told by those who serve them.
pub(super) struct Seen {
    /// The process that was started.
    server: i32,
    generations: Mutex<BTreeSet<u32>>,
}

impl Seen {
    pub(super) fn of(server: i32) -> Self {
        Self { server, generations: Mutex::default() }
    }

    pub(super) fn generations(&self) -> BTreeSet<u32> {
        self.generations.lock().unwrap().clone()
    }

    pub(super) fn has(&self, generation: u32) -> bool {
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
pub(in super::super) struct Tells<'a>(pub(in super::super) &'a AtomicBool);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// What became of the clients of a run, and how long each restart took.
pub(super) struct Outcome {
    pub(super) short: Vec<LoadReport>,
    pub(super) slow: Vec<LoadReport>,
    restarts: Vec<Duration>,
}

/// Has clients come by each of these ways, for as long as `restart` restarts the server.
pub(super) fn run(
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
    pub(super) fn served(&self) -> usize {
        self.short.iter().map(|report| report.right).sum()
    }

    pub(super) fn per_second(&self) -> usize {
        let each = self.short.iter();
        each.map(|one| one.right * 1_000 / one.elapsed.as_millis() as usize).sum()
    }

    /// What 999 in 1,000 waited, or 99 in 100 where there are no thousands of them.
    pub(super) fn latency(&self) -> Duration {
        let is_long = asked_for().is_some();
        let each = self.short.iter();
        each.map(|one| if is_long { one.p999 } else { one.p99 }).max().unwrap_or_default()
    }

    pub(super) fn tell(&self, what: &str) {
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
