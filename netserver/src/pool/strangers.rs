//! Processes that are no children of the server, and were left to it as process 1: in a container
//! whoever loses its parent becomes a child of that one.
//!
//! A zombie may be somebody's who waits for it soon, as a hook's own command is. One that is still there
//! after [`PATIENCE`] is nobody's.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::sys::process::{self, End, Pid};

/// How long a zombie is left to whoever may wait for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked for them while there are any.
const LOOK: Duration = Duration::from_secs(1);

/// Since when each stranger was seen to have ended.
#[derive(Debug)]
pub(crate) struct Strangers {
    /// Whether strangers come here at all.
    first_process: bool,
    seen: BTreeMap<Pid, Instant>,
    looked: Instant,
    /// Whether the log was told that it cannot be looked for them.
    complained: bool,
}

impl Strangers {
    pub(crate) fn new() -> Self {
        let first_process = process::this().as_raw() == 1;
        Self { first_process, seen: BTreeMap::new(), looked: Instant::now(), complained: false }
    }

    /// How long the next look may wait; `None` where there is nobody to be looked for.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        self.first_process.then(|| LOOK.saturating_sub(self.looked.elapsed()))
    }

    /// Waits for those that nobody waited for, of all that are not `ours`. Where `/proc` does not tell of
    /// them, or there is no descriptor for it, they wait for another time.
    pub(crate) fn look(&mut self, ours: impl Fn(Pid) -> bool) -> Vec<(Pid, End)> {
        if !self.first_process || self.looked.elapsed() < LOOK {
            return Vec::new();
        }
        let found = self.look_at_all(ours);
        match &found {
            Ok(_) => self.complained = false,
            Err(err) if !self.complained => {
                log::warn!("cannot look for processes that nobody waits for: {err}");
                self.complained = true;
            }
            Err(_) => {}
        }
        found.unwrap_or_default()
    }

    fn look_at_all(&mut self, ours: impl Fn(Pid) -> bool) -> io::Result<Vec<(Pid, End)>> {
        let now = Instant::now();
        self.looked = now;
        let zombies: Vec<Pid> = process::zombies()?.into_iter().filter(|pid| !ours(*pid)).collect();
        self.seen.retain(|pid, _| zombies.contains(pid));
        let mut reaped = Vec::new();
        for pid in zombies {
            let since = *self.seen.entry(pid).or_insert(now);
            if now.saturating_duration_since(since) >= PATIENCE
                && let Some(end) = process::reap(pid)?
            {
                self.seen.remove(&pid);
                // Somebody was faster, in the end.
                if end != End::Unknown {
                    reaped.push((pid, end));
                }
            }
        }
        Ok(reaped)
    }
}
