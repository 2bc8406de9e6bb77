//! Waiting for a fact that nobody tells of.

use std::thread;
use std::time::{Duration, Instant};

use crate::stop;

/// Lies between two looks at a fact.
const INTERVAL: Duration = Duration::from_micros(200);

/// Looks until there is something, the time is over, or all is to stop.
pub(crate) fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end || stop::is_asked_for() {
            return None;
        }
        sleep(INTERVAL);
    }
}

/// Leaves a server alone for a moment.
#[expect(
    clippy::disallowed_methods,
    reason = "this program is no server, and no signal is waited for"
)]
pub(crate) fn sleep(time: Duration) {
    thread::sleep(time);
}
