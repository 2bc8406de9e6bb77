//! The time from the word that a server is to stop until it does: whoever sends it clients has to hear of
//! that first.

use std::time::Duration;

use crate::notify;
use crate::sys::signal;

/// For how long clients are still served, where that has begun since the last call: then whoever waits
/// for it is told.
#[inline]
pub(crate) fn begun() -> Option<Duration> {
    signal::take_drain().inspect(|delay| {
        notify::stopping();
        log::info!("stopping in {delay:?}: clients are served until then");
    })
}
