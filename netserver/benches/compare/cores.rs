//! Which cores a thread, and what it starts, may run on.

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread.
const SELF: Pid = Pid::from_raw(0);

/// The cores that this program may use, at least one.
pub(crate) fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(SELF).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect()
}

/// Does `work` with the calling thread on one core, where everything that it starts stays.
pub(crate) fn on<T>(core: usize, work: impl FnOnce() -> T) -> T {
    let before = sched_getaffinity(SELF);
    // A core that may not be chosen is no reason to stop: the measure says less then, and the machine's
    // line in the report has how many cores there were.
    let _ = one(core).and_then(|set| sched_setaffinity(SELF, &set));
    let result = work();
    let _ = before.and_then(|set| sched_setaffinity(SELF, &set));
    result
}

fn one(core: usize) -> Result<CpuSet, Errno> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(set)
}
