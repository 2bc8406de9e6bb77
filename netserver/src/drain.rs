//! The time from the word that a server is to stop until it does: whoever sends it clients has to hear of
//! that first.

use std::time::Duration;

use crate::notify;
use crate::sys::signal;

/// For how long clients are still served, where that has begun since the last call: then whoever waits
/// for it is told.
#[inline]
pub(crate) fn begun() -> Option<Duration> {
    begun_while(|| true)
}

/// The same where `serves` tells, once that has begun, whether anybody can be served: else there is nothing
/// to wait for.
#[inline]
pub(crate) fn begun_while(serves: impl FnOnce() -> bool) -> Option<Duration> {
    let delay = signal::take_drain()?;
    if !serves() {
        signal::end_drain();
        return None;
    }
    notify::stopping();
    log::info!("stopping in {delay:?}: clients are served until then");
    Some(delay)
}
