//! Somebody who wants to know what the children do.

use std::fmt;
use std::time::{Duration, Instant};

use super::plan::Tally;
use crate::error::Error;
use crate::guard;

/// Called with a tally every so often.
pub(crate) struct Watch {
    every: Duration,
    last: Instant,
    see: Box<dyn FnMut(&Tally)>,
}

impl Watch {
    /// No more often than a thousand times a second.
    pub(crate) fn new(every: Duration, see: impl FnMut(&Tally) + 'static) -> Self {
        let every = every.max(Duration::from_millis(1));
        Self { every, last: Instant::now(), see: Box::new(see) }
    }

    /// How long it may be left alone.
    pub(crate) fn left(&self) -> Duration {
        self.every.saturating_sub(self.last.elapsed())
    }

    /// Shows it the tally, where it is time.
    pub(crate) fn show(&mut self, tally: impl FnOnce() -> Tally) {
        if self.left().is_zero() {
            self.last = Instant::now();
            let tally = tally();
            guard::logged("watching the pool", || {
                (self.see)(&tally);
                Ok::<_, Error>(())
            });
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("every", &self.every).finish_non_exhaustive()
    }
}
