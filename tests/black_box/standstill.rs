//! How long the machine itself stood still. Virtual ones are now and then not run at all for a second, and
//! then nobody is to blame for what came a second late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::pause;

/// How often it is looked at, and what is no standstill yet but one of a busy machine.
const BEAT: Duration = Duration::from_millis(20);
const BUSY: Duration = Duration::from_millis(200);

/// Looks for as long as it lives.
pub(super) struct Standstill(Arc<AtomicU64>);

impl Standstill {
    pub(super) fn watch() -> Self {
        let total = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&total);
        std::thread::spawn(move || {
            while let Some(total) = seen.upgrade() {
                let start = Instant::now();
                pause(BEAT);
                let late = start.elapsed().saturating_sub(BEAT);
                if late > BUSY {
                    total.fetch_add(u64::try_from(late.as_millis()).unwrap(), Ordering::SeqCst);
                }
            }
        });
        Self(total)
    }

    /// How long in all.
    pub(super) fn so_far(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}
