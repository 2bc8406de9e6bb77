//! Local time of day, and time that only goes on.

use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::libc;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since the system started, alike in all its processes; no system call, and no step of
/// the time of day.
pub(crate) fn monotonic() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap_or_else(|_| TimeSpec::new(0, 0));
    now.tv_sec().saturating_mul(1_000_000_000).saturating_add(now.tv_nsec())
}

/// A moment by the local calendar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalTime {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    pub(crate) second: i32,
}

/// libc has a lock around its zone. A fork while another thread holds that lock would leave it held
/// in the child for ever, and the child's first log record would wait for it. This lock stands
/// around it, and around every fork.
static ZONE: Mutex<()> = Mutex::new(());

/// While it lives, no thread is looking up the zone.
pub(super) fn hold_zone() -> MutexGuard<'static, ()> {
    // It guards nothing that a panic could leave half done.
    ZONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Now, by the zone that the process has. The offset is asked for each time, so that a log stays
/// right when summer time begins or ends.
pub(crate) fn local_time() -> LocalTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = libc::time_t::try_from(since.as_secs()).unwrap_or_default();
    let mut fields = MaybeUninit::<libc::tm>::zeroed();
    let zone = hold_zone();
    // SAFETY: both pointers are to live values of the right types; the result is only a pointer to
    // the second or null, and on null the zeroed fields stay.
    unsafe { libc::localtime_r(&raw const seconds, fields.as_mut_ptr()) };
    drop(zone);
    // SAFETY: a `tm` is plain numbers and one pointer, for all of which zero is a valid value.
    let fields = unsafe { fields.assume_init() };
    LocalTime {
        year: fields.tm_year + 1900,
        month: fields.tm_mon + 1,
        day: fields.tm_mday,
        hour: fields.tm_hour,
        minute: fields.tm_min,
        second: fields.tm_sec,
    }
}
