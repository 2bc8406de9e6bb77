//! How many children to start or to retire: pure, from numbers alone.
//!
//! Net::Server's policy, in its order: never fewer than `min_servers`; at least `min_spare_servers`
//! idle, up to `max_servers`; and now and then, when none was started lately, no more idle ones
//! than `max_spare_servers`, and where nobody came for [`QUIET`] than `min_spare_servers`, down to
//! `min_servers`. Children that are starting count as idle, so that none is started twice; those
//! told to leave count against `max_servers` until they have.

use std::time::Duration;

use crate::options::Options;

/// What the options say of the pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) min_servers: usize,
    pub(crate) max_servers: usize,
    pub(crate) min_spare: usize,
    pub(crate) max_spare: usize,
    pub(crate) check_for_waiting: Duration,
    pub(crate) min_child_ttl: Duration,
}

/// How many children there are, by what they do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Forked, and not ready yet.
    pub starting: usize,
    /// Waiting for a connection.
    pub idle: usize,
    /// Serving one.
    pub busy: usize,
    /// Told to leave, and still alive.
    pub leaving: usize,
}

/// How long ago things were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since {
    /// Since the last child was started.
    pub(crate) spawn: Duration,
    /// Since surplus was last looked for.
    pub(crate) check: Duration,
    /// Since a connection was last seen to be taken.
    pub(crate) request: Duration,
    /// Since a child last died before it could serve, or a fork failed; `None` where none did.
    pub(crate) failure: Option<Duration>,
}

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) spawn: usize,
    pub(crate) retire: usize,
    /// Whether this was a look for surplus.
    pub(crate) checked: bool,
}

/// After a failed start the next one waits as long, so that a broken server is not a storm of
/// forks.
pub(crate) const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// After so long without a connection only `min_spare_servers` are kept.
const QUIET: Duration = Duration::from_secs(30);

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            min_servers: count(options.min_servers()),
            max_servers: count(options.max_servers()),
            min_spare: count(options.min_spare_servers()),
            max_spare: count(options.max_spare_servers()),
            check_for_waiting: options.check_for_waiting(),
            min_child_ttl: options.min_child_ttl(),
        }
    }
}

impl Tally {
    /// Children that serve or will.
    pub(crate) const fn staying(&self) -> usize {
        self.starting + self.idle + self.busy
    }

    /// All children that are alive.
    pub const fn alive(&self) -> usize {
        self.staying() + self.leaving
    }
}

/// Decides.
pub(crate) fn plan(limits: &Limits, tally: &Tally, since: &Since) -> Plan {
    let spawn = spawn(limits, tally, since);
    if spawn > 0 {
        return Plan { spawn, ..Plan::default() };
    }
    if since.check < limits.check_for_waiting {
        return Plan::default();
    }
    let calm = since.spawn >= limits.min_child_ttl;
    let kept = if since.request >= QUIET { limits.min_spare } else { limits.max_spare };
    let surplus = tally.idle.saturating_sub(kept);
    let spare = tally.staying().saturating_sub(limits.min_servers);
    let retire = if calm { surplus.min(spare) } else { 0 };
    Plan { spawn: 0, retire, checked: true }
}

fn spawn(limits: &Limits, tally: &Tally, since: &Since) -> usize {
    if since.failure.is_some_and(|since| since < AFTER_FAILURE) {
        return 0;
    }
    let missing = limits.min_servers.saturating_sub(tally.staying());
    let ready = tally.idle + tally.starting;
    let wanted = missing.max(limits.min_spare.saturating_sub(ready));
    wanted.min(limits.max_servers.saturating_sub(tally.alive()))
}

/// Below how many idle children the parent wants to be woken; 0 where it could start none.
pub(crate) fn wake_below(limits: &Limits, tally: &Tally, since: &Since) -> usize {
    let waits = since.failure.is_some_and(|since| since < AFTER_FAILURE);
    if waits || tally.alive() >= limits.max_servers {
        return 0;
    }
    limits.min_spare.saturating_sub(tally.starting)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        min_servers: 5,
        max_servers: 50,
        min_spare: 2,
        max_spare: 10,
        check_for_waiting: Duration::from_secs(10),
        min_child_ttl: Duration::from_secs(10),
    };
    const LONG: Duration = Duration::from_secs(3600);
    const CALM: Since = Since { spawn: LONG, check: LONG, request: Duration::ZERO, failure: None };

    fn tally(starting: usize, idle: usize, busy: usize, leaving: usize) -> Tally {
        Tally { starting, idle, busy, leaving }
    }

    fn decide(tally: Tally, since: Since) -> (usize, usize) {
        let plan = plan(&LIMITS, &tally, &since);
        (plan.spawn, plan.retire)
    }

    #[test]
    fn a_table_of_cases() {
        for (tally, since, expected, why) in [
            (tally(0, 0, 0, 0), CALM, (5, 0), "the first children"),
            (tally(5, 0, 0, 0), CALM, (0, 0), "starting ones are on their way"),
            (tally(0, 5, 0, 0), CALM, (0, 0), "at rest"),
            (tally(0, 3, 1, 0), CALM, (1, 0), "one died"),
            (tally(0, 0, 5, 0), CALM, (2, 0), "all busy: two spare ones"),
            (tally(1, 0, 5, 0), CALM, (1, 0), "one spare is on its way"),
            (tally(0, 0, 49, 0), CALM, (1, 0), "never above the ceiling"),
            (tally(0, 0, 50, 0), CALM, (0, 0), "at the ceiling"),
            (tally(0, 0, 40, 10), CALM, (0, 0), "leaving ones take room"),
            (tally(0, 12, 3, 0), CALM, (0, 2), "two too many idle"),
            (tally(0, 30, 0, 0), CALM, (0, 20), "back to max_spare"),
            (tally(0, 10, 40, 0), CALM, (0, 0), "just right"),
            (tally(0, 12, 3, 0), Since { check: Duration::ZERO, ..CALM }, (0, 0), "not yet"),
            (tally(0, 12, 3, 0), Since { spawn: Duration::ZERO, ..CALM }, (0, 0), "too fresh"),
            (tally(0, 10, 1, 0), Since { request: QUIET, ..CALM }, (0, 6), "quiet: to min_servers"),
            (tally(0, 10, 5, 0), Since { request: QUIET, ..CALM }, (0, 8), "quiet: to min_spare"),
            (
                tally(0, 0, 0, 0),
                Since { failure: Some(Duration::ZERO), ..CALM },
                (0, 0),
                "after a failure",
            ),
            (
                tally(0, 0, 0, 0),
                Since { failure: Some(AFTER_FAILURE), ..CALM },
                (5, 0),
                "and once more",
            ),
        ] {
            assert_eq!(decide(tally, since), expected, "{why}");
        }
    }

    #[test]
    fn nobody_wakes_a_parent_that_can_do_nothing() {
        assert_eq!(wake_below(&LIMITS, &tally(0, 5, 0, 0), &CALM), 2);
        assert_eq!(wake_below(&LIMITS, &tally(1, 5, 0, 0), &CALM), 1);
        assert_eq!(wake_below(&LIMITS, &tally(0, 0, 50, 0), &CALM), 0);
        let failed = Since { failure: Some(Duration::ZERO), ..CALM };
        assert_eq!(wake_below(&LIMITS, &tally(0, 0, 0, 0), &failed), 0);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_the_case_the_limits_hold(
            min in 1_usize..20, more in 0_usize..20, min_spare in 0_usize..20, spare in 0_usize..20,
            starting in 0_usize..40, idle in 0_usize..40, busy in 0_usize..40, leaving in 0_usize..40,
            spawn in 0_u64..20, check in 0_u64..20, request in 0_u64..60, failure in 0_u64..3,
        ) {
            let limits = Limits {
                min_servers: min,
                max_servers: min + more,
                min_spare,
                max_spare: min_spare + spare,
                ..LIMITS
            };
            let tally = tally(starting, idle, busy, leaving);
            let since = Since {
                spawn: Duration::from_secs(spawn),
                check: Duration::from_secs(check),
                request: Duration::from_secs(request),
                failure: Some(Duration::from_secs(failure)),
            };
            let plan = plan(&limits, &tally, &since);
            proptest::prop_assert!(plan.spawn == 0 || tally.alive() + plan.spawn <= limits.max_servers);
            proptest::prop_assert!(plan.spawn == 0 || plan.retire == 0);
            proptest::prop_assert!(plan.retire <= tally.idle);
            proptest::prop_assert!(plan.retire == 0 || tally.staying() - plan.retire >= limits.min_servers);
            proptest::prop_assert!(plan.retire == 0 || tally.idle - plan.retire >= limits.min_spare);
        }
    }
}
