//! How many children to start, to renew or to retire: pure, from numbers alone.
//!
//! Net::Server's policy, in its order: never fewer than `min_servers`; at least `min_spare_servers`
//! idle, up to `max_servers`; and now and then, when none was started lately, no more idle ones
//! than `max_spare_servers`, and where nobody came for [`QUIET`] than `min_spare_servers`, down to
//! `min_servers`. Children that are starting count as idle, so that none is started twice, but not for
//! ever; those told to leave count against `max_servers` until they have, and so do places that wait
//! before the next try. While any of those wait, others are started one by one, and none where nobody
//! serves at all. A pool of one size is the same with nothing to spare.
//!
//! A child that is due is renewed: as many as may be renewed at a time are taken for gone, so that
//! others are started for them, if need be above `max_servers`; and once those are ready they are told
//! to leave.

use std::time::{Duration, Instant};

use crate::options::Options;

/// What the options and signals say of the pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) min_servers: usize,
    pub(crate) max_servers: usize,
    pub(crate) min_spare: usize,
    pub(crate) max_spare: usize,
    pub(crate) max_recycling: usize,
    pub(crate) check_for_waiting: Duration,
    pub(crate) min_child_ttl: Duration,
}

/// How many children there are, by what they do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Forked, and not ready yet.
    pub starting: usize,
    /// Of those, the ones that were forked so long ago that nobody counts on them.
    pub slow: usize,
    /// Waiting for a connection.
    pub idle: usize,
    /// Serving one.
    pub busy: usize,
    /// Told to leave, and still alive.
    pub leaving: usize,
    /// Of the idle and busy ones, those that another is to take the place of.
    pub due: usize,
    /// Not alive: places whose last child died at once, which wait before the next try.
    pub resting: usize,
}

/// How long ago things were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    /// Since the last child was started.
    pub(super) spawn: Duration,
    /// Since surplus was last looked for.
    pub(super) check: Duration,
    /// Since a connection was last seen to be taken.
    pub(super) request: Duration,
    /// Since a fork last failed; `None` where none did.
    pub(super) failure: Option<Duration>,
}

/// When things were last.
#[derive(Debug)]
pub(crate) struct Times {
    spawned: Instant,
    checked: Instant,
    requested: Instant,
    /// How many connections there were then.
    taken: i64,
    failed: Option<Instant>,
}

impl Times {
    pub(crate) fn new(now: Instant) -> Self {
        Self { spawned: now, checked: now, requested: now, taken: 0, failed: None }
    }

    /// One was started.
    pub(crate) fn spawned(&mut self, now: Instant) {
        self.spawned = now;
    }

    /// None could be.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.failed = Some(now);
    }

    /// What to do about what is seen; `taken` is how many connections there were in all.
    pub(crate) fn plan(
        &mut self,
        limits: &Limits,
        tally: &Tally,
        taken: i64,
        now: Instant,
    ) -> Plan {
        if taken != self.taken || tally.busy > 0 {
            (self.requested, self.taken) = (now, taken);
        }
        let plan = plan(limits, tally, &self.since(now));
        if plan.checked {
            self.checked = now;
        }
        plan
    }

    /// Below how many idle ones whoever starts more wants to be woken.
    pub(crate) fn wake_below(&self, limits: &Limits, tally: &Tally, now: Instant) -> usize {
        wake_below(limits, tally, &self.since(now))
    }

    /// How long the next look for surplus may wait.
    pub(crate) fn until_check(&self, limits: &Limits, now: Instant) -> Duration {
        limits.check_for_waiting.saturating_sub(now.saturating_duration_since(self.checked))
    }

    /// How long one is started at the earliest after another.
    pub(super) fn until_one_more(&self, now: Instant) -> Duration {
        (self.spawned + ONE_BY_ONE).saturating_duration_since(now)
    }

    /// How long the next try has to wait, as the last one has failed.
    pub(crate) fn wait_after_failure(&self, now: Instant) -> Option<Duration> {
        let failed = now.saturating_duration_since(self.failed?);
        Some(AFTER_FAILURE.saturating_sub(failed)).filter(|left| !left.is_zero())
    }

    pub(super) fn since(&self, now: Instant) -> Since {
        let since = |then: Instant| now.saturating_duration_since(then);
        Since {
            spawn: since(self.spawned),
            check: since(self.checked),
            request: since(self.requested),
            failure: self.failed.map(since),
        }
    }
}

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) spawn: usize,
    /// Idle children that are to leave.
    pub(crate) retire: usize,
    /// Children that are due and are to leave, idle or not.
    pub(crate) renew: usize,
    /// Children that are to leave, idle or not, as there are more than there may be.
    pub(crate) shed: usize,
    /// Whether this was a look for surplus.
    pub(crate) checked: bool,
}

/// After a fork that failed the next one waits as long, so that a system without room is not a storm of
/// tries.
pub(crate) const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// While places wait as their children died at once, one other child is started in such a time.
const ONE_BY_ONE: Duration = Duration::from_secs(1);

/// After so long a child that is not ready yet is slow.
pub(crate) const SLOW: Duration = Duration::from_secs(10);

/// After so long without a connection only `min_spare_servers` are kept.
const QUIET: Duration = Duration::from_secs(30);

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Limits {
    /// Of a pool that grows and shrinks.
    pub(crate) fn managed(options: &Options) -> Self {
        Self {
            min_servers: count(options.min_servers()),
            max_servers: count(options.max_servers()),
            min_spare: count(options.min_spare_servers()),
            max_spare: count(options.max_spare_servers()),
            max_recycling: count(options.max_recycling()),
            check_for_waiting: options.check_for_waiting(),
            min_child_ttl: options.min_child_ttl(),
        }
    }

    /// Of a pool of one size.
    pub(crate) fn constant(options: &Options) -> Self {
        let size = count(options.max_servers());
        Self {
            min_servers: size,
            max_servers: size,
            min_spare: 0,
            max_spare: size,
            max_recycling: count(options.max_recycling()),
            // There is no surplus to be looked for, but that of a signal, which is looked for at once.
            check_for_waiting: options.check_for_dead(),
            min_child_ttl: Duration::ZERO,
        }
    }

    /// Of a child that serves all clients: another takes its place while those that are to leave, told so or
    /// not, finish with the clients they have.
    pub(crate) fn one(options: &Options) -> Self {
        /// So many of them may do that at the same time: each has `graceful_timeout`.
        const FINISHING: usize = 16;
        let pool = Self::constant(options);
        let most = 1 + FINISHING;
        Self { min_servers: 1, max_servers: most, max_spare: 1, max_recycling: most, ..pool }
    }

    /// Of children that are forked when a client comes.
    pub(crate) fn on_demand(options: &Options) -> Self {
        Self { min_servers: 0, min_spare: 0, ..Self::constant(options) }
    }

    /// Whether children are forked for clients that are there, and not for those that may come.
    pub(crate) const fn is_on_demand(&self) -> bool {
        self.min_servers == 0
    }

    /// The same with so many more children, or fewer, where there may be `most`: as TTIN and TTOU ask
    /// for. There is always room for one.
    pub(crate) fn resized(self, by: isize, most: usize) -> Self {
        let step = |number: usize, least: usize| {
            number.saturating_add_signed(by).clamp(least, most.max(least))
        };
        let max_servers = step(self.max_servers, 1);
        let min_servers =
            if self.is_on_demand() { 0 } else { step(self.min_servers, 1).min(max_servers) };
        let min_spare = self.min_spare.min(min_servers);
        let max_spare = self.max_spare.clamp(min_spare, max_servers);
        Self { min_servers, max_servers, min_spare, max_spare, ..self }
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

    /// How many of those that are due may be renewed now.
    fn renewing(&self, limits: &Limits) -> usize {
        limits.max_recycling.saturating_sub(self.leaving).min(self.due)
    }
}

/// Decides.
fn plan(limits: &Limits, tally: &Tally, since: &Since) -> Plan {
    let spawn = spawn(limits, tally, since);
    if spawn > 0 {
        return Plan { spawn, ..Plan::default() };
    }
    let renew = renew(limits, tally);
    let extra = limits.max_servers + tally.renewing(limits);
    // One that is starting cannot be told yet.
    let shed = tally.staying().saturating_sub(extra).min(tally.idle + tally.busy);
    if renew + shed > 0 {
        return Plan { renew, shed, ..Plan::default() };
    }
    if since.check < limits.check_for_waiting {
        return Plan::default();
    }
    let calm = since.spawn >= limits.min_child_ttl;
    let kept = if since.request >= QUIET { limits.min_spare } else { limits.max_spare };
    let surplus = tally.idle.saturating_sub(kept);
    let spare = tally.staying().saturating_sub(limits.min_servers);
    let retire = if calm { surplus.min(spare) } else { 0 };
    Plan { retire, checked: true, ..Plan::default() }
}

fn spawn(limits: &Limits, tally: &Tally, since: &Since) -> usize {
    if since.failure.is_some_and(|since| since < AFTER_FAILURE) {
        return 0;
    }
    let renewing = tally.renewing(limits);
    let staying = (tally.staying() + tally.resting).saturating_sub(renewing);
    let ready = tally.idle.saturating_sub(renewing) + coming(tally, since);
    let spare = limits.min_spare.saturating_sub(ready);
    let spare = if tally.resting > 0 { spare.min(1) } else { spare };
    let wanted = limits.min_servers.saturating_sub(staying).max(spare);
    let most = limits.max_servers + renewing;
    wanted.min(most.saturating_sub(tally.alive() + tally.resting))
}

/// How many that are not idle yet are counted on to be.
fn coming(tally: &Tally, since: &Since) -> usize {
    let nobody_serves = tally.idle + tally.busy == 0;
    let waits = tally.resting > 0 && (nobody_serves || since.spawn < ONE_BY_ONE);
    // More would most likely die at once, too.
    let resting = if waits { tally.resting } else { 0 };
    tally.starting - tally.slow.min(tally.starting) + resting
}

/// Those that are due go where the pool is as it should be without them.
fn renew(limits: &Limits, tally: &Tally) -> usize {
    if tally.starting > tally.slow {
        return 0;
    }
    let above_least = tally.staying().saturating_sub(limits.min_servers);
    let above_spare = tally.idle.saturating_sub(limits.min_spare);
    let above_most = tally.staying().saturating_sub(limits.max_servers);
    // With nothing to spare there is no idle one to be kept.
    let above_spare = if limits.min_spare == 0 { above_least } else { above_spare };
    tally.renewing(limits).min(above_least.min(above_spare).max(above_most))
}

/// Below how many idle children the parent wants to be woken; 0 where it could start none.
fn wake_below(limits: &Limits, tally: &Tally, since: &Since) -> usize {
    let waits = since.failure.is_some_and(|since| since < AFTER_FAILURE);
    if waits || tally.alive() + tally.resting >= limits.max_servers + tally.renewing(limits) {
        return 0;
    }
    limits.min_spare.saturating_sub(coming(tally, since))
}

/// How long a place waits before the next child, where its last `strikes` ones have died before their
/// first connection; `was_ready` tells whether the last of them had at least waited for one. Somebody
/// may have killed that one, so the first time it is replaced at once.
pub(crate) fn rest(strikes: u32, was_ready: bool, longest: Duration) -> Duration {
    let Some(doublings) = strikes.checked_sub(if was_ready { 2 } else { 1 }) else {
        return Duration::ZERO;
    };
    let seconds = 1_u64.checked_shl(doublings).filter(|_| doublings < 32).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        min_servers: 5,
        max_servers: 50,
        min_spare: 2,
        max_spare: 10,
        max_recycling: 1,
        check_for_waiting: Duration::from_secs(10),
        min_child_ttl: Duration::from_secs(10),
    };
    /// Of one size.
    const EIGHT: Limits =
        Limits { min_servers: 8, max_servers: 8, min_spare: 0, max_spare: 8, ..LIMITS };
    const LONG: Duration = Duration::from_secs(3600);
    const CALM: Since = Since { spawn: LONG, check: LONG, request: Duration::ZERO, failure: None };

    fn tally(starting: usize, idle: usize, busy: usize, leaving: usize) -> Tally {
        Tally { starting, idle, busy, leaving, ..Tally::default() }
    }

    fn decide(tally: Tally, since: Since) -> (usize, usize) {
        let plan = plan(&LIMITS, &tally, &since);
        (plan.spawn, plan.retire)
    }

    #[test]
    fn a_table_of_cases() {
        const FRESH: Since = Since { spawn: Duration::ZERO, ..CALM };
        let resting = |tally, resting| Tally { resting, ..tally };
        let slow = |tally, slow| Tally { slow, ..tally };
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
            (resting(tally(0, 0, 0, 0), 5), CALM, (0, 0), "all places wait for the next try"),
            (resting(tally(0, 3, 0, 0), 2), CALM, (0, 0), "two of five wait"),
            (resting(tally(0, 0, 3, 0), 2), CALM, (1, 0), "beside those that wait one is tried"),
            (resting(tally(0, 0, 3, 0), 2), FRESH, (0, 0), "and not two at once"),
            (resting(tally(0, 0, 0, 0), 7), CALM, (0, 0), "nor any where all of them die"),
            (slow(tally(2, 0, 3, 0), 1), CALM, (1, 0), "who is slow is not counted on"),
            (slow(tally(2, 3, 3, 0), 2), CALM, (0, 0), "which does no harm where others are idle"),
            (slow(tally(2, 0, 48, 0), 2), CALM, (0, 0), "and takes room"),
            (resting(tally(0, 0, 48, 0), 2), CALM, (0, 0), "a place that waits takes room"),
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
    fn one_is_renewed_at_a_time_and_another_is_ready_first() {
        let due = |tally, due| Tally { due, ..tally };
        let two = Limits { max_recycling: 2, ..EIGHT };
        for (limits, tally, (spawn, renew, shed), why) in [
            (EIGHT, due(tally(0, 4, 4, 0), 3), (1, 0, 0), "first another is started"),
            (EIGHT, due(tally(1, 4, 4, 0), 3), (0, 0, 0), "which is waited for"),
            (EIGHT, due(tally(0, 5, 4, 0), 3), (0, 1, 0), "then one is told"),
            (EIGHT, due(tally(0, 4, 4, 1), 2), (0, 0, 0), "whose end is waited for"),
            (EIGHT, due(tally(0, 4, 4, 0), 2), (1, 0, 0), "and the next one begins"),
            (EIGHT, tally(0, 4, 4, 0), (0, 0, 0), "until nobody is due"),
            (EIGHT, tally(0, 7, 0, 1), (0, 0, 0), "a leaving one takes room"),
            (two, due(tally(0, 4, 4, 0), 3), (2, 0, 0), "two at a time"),
            (two, due(tally(0, 6, 4, 0), 3), (0, 2, 0), "two are told"),
            (two, due(tally(0, 5, 4, 1), 2), (0, 1, 0), "one of two has left"),
            (LIMITS, due(tally(0, 5, 0, 0), 5), (1, 0, 0), "the least number is kept"),
            (LIMITS, due(tally(0, 6, 0, 0), 5), (0, 1, 0), "above it one is told"),
            (LIMITS, due(tally(0, 2, 9, 0), 1), (1, 0, 0), "spare ones are kept"),
            (LIMITS, due(tally(0, 3, 9, 0), 1), (0, 1, 0), "with one more, one is told"),
            (LIMITS, due(tally(0, 0, 50, 0), 9), (1, 0, 0), "one above the most"),
            (LIMITS, due(tally(0, 0, 51, 0), 9), (0, 1, 0), "and back"),
            (EIGHT, tally(0, 5, 5, 0), (0, 0, 2), "two more than there may be now"),
            (EIGHT, tally(9, 0, 0, 0), (0, 0, 0), "none of them can be told yet"),
            (EIGHT, tally(9, 1, 0, 0), (0, 0, 1), "one can"),
            (
                EIGHT,
                Tally { slow: 1, ..due(tally(1, 4, 4, 0), 3) },
                (0, 1, 0),
                "who is slow is not waited for",
            ),
        ] {
            let plan = plan(&limits, &tally, &CALM);
            assert_eq!((plan.spawn, plan.renew, plan.shed), (spawn, renew, shed), "{why}");
        }
    }

    #[test]
    fn places_wait_longer_each_time() {
        let minute = Duration::from_secs(60);
        let waits: Vec<u64> = (1..=8).map(|at| rest(at, false, minute).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        let waits: Vec<u64> = (1..=4).map(|at| rest(at, true, minute).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4], "somebody may have killed the first one");
        assert_eq!(rest(u32::MAX, false, minute), minute);
        assert_eq!(rest(0, false, minute), Duration::ZERO);
    }

    #[test]
    fn signals_make_it_one_more_or_one_less() {
        let size = |limits: Limits| (limits.min_servers, limits.max_servers, limits.min_spare);
        assert_eq!(size(LIMITS.resized(1, 100)), (6, 51, 2));
        assert_eq!(size(LIMITS.resized(-1, 100)), (4, 49, 2));
        assert_eq!(size(LIMITS.resized(-99, 100)), (1, 1, 1));
        assert_eq!(size(LIMITS.resized(99, 60)), (60, 60, 2));
        assert_eq!(size(EIGHT.resized(-3, 100)), (5, 5, 0));
        let on_demand = Limits { min_servers: 0, ..EIGHT };
        assert_eq!(size(on_demand.resized(-3, 100)), (0, 5, 0));
        assert_eq!(size(on_demand.resized(-30, 100)), (0, 1, 0));
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
            due in 0_usize..40, resting in 0_usize..20, slow in 0_usize..3, recycling in 1_usize..4,
            spawn in 0_u64..20, check in 0_u64..20, request in 0_u64..60, failure in 0_u64..3,
        ) {
            let limits = Limits {
                min_servers: min,
                max_servers: min + more,
                min_spare,
                max_spare: min_spare + spare,
                max_recycling: recycling,
                ..LIMITS
            };
            let due = due.min(idle + busy);
            let slow = slow.min(starting);
            let tally = Tally { slow, due, resting, ..tally(starting, idle, busy, leaving) };
            let since = Since {
                spawn: Duration::from_secs(spawn),
                check: Duration::from_secs(check),
                request: Duration::from_secs(request),
                failure: Some(Duration::from_secs(failure)),
            };
            let plan = plan(&limits, &tally, &since);
            let most = limits.max_servers + recycling.saturating_sub(leaving).min(due);
            let told = plan.retire + plan.renew + plan.shed;
            proptest::prop_assert!(plan.spawn == 0 || tally.alive() + plan.spawn <= most);
            proptest::prop_assert!(plan.spawn == 0 || told == 0);
            proptest::prop_assert!(plan.renew == 0 || leaving + plan.renew <= recycling);
            proptest::prop_assert!(plan.renew == 0 || starting == slow, "the others are ready");
            proptest::prop_assert!(plan.renew + plan.shed <= idle + busy);
            proptest::prop_assert!(plan.retire <= tally.idle);
            proptest::prop_assert!(plan.retire == 0 || tally.staying() - plan.retire >= limits.min_servers);
            proptest::prop_assert!(plan.retire == 0 || tally.idle - plan.retire >= limits.min_spare);
            proptest::prop_assert!(told == 0 || tally.staying() - told >= limits.min_servers);
        }
    }
}
