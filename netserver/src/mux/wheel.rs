//! A timer wheel: what is to happen when, without a clock of its own.
//!
//! Levels of 64 slots, each slot of a level as long as all of the level below; the lowest ones are a
//! millisecond. A key waits in the level where its time first differs from now, and comes down as that nears. So
//! to put one in and to take it out costs the same however many there are. A time that has changed is put in
//! once more: nobody looks for the old one, and whoever is handed its key sees that it is too early.

use std::time::{Duration, Instant};

/// How many bits of a time tell the slot in a level, and how many slots those are.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// The most keys that an empty slot keeps room for.
const KEPT: usize = 64;
/// As many as take all bits of a time.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// Keys with their times, in milliseconds since the start.
#[derive(Debug)]
pub(super) struct Wheel<K> {
    start: Instant,
    /// Up to when all was handed out.
    now: u64,
    /// Those whose time was over when they were put in.
    over: Vec<K>,
    levels: Vec<Level<K>>,
}

#[derive(Debug)]
struct Level<K> {
    /// A bit for each slot that holds any.
    held: u64,
    slots: [Vec<(K, u64)>; SLOTS],
}

impl<K> Level<K> {
    const fn new() -> Self {
        Self { held: 0, slots: [const { Vec::new() }; SLOTS] }
    }
}

impl<K: Copy> Wheel<K> {
    pub(super) fn new(start: Instant) -> Self {
        let levels = (0..LEVELS).map(|_| Level::new()).collect();
        Self { start, now: 0, over: Vec::new(), levels }
    }

    /// Has the key be handed out at that time, or up to a millisecond later.
    pub(super) fn insert(&mut self, key: K, at: Instant) {
        let nanos = at.saturating_duration_since(self.start).as_nanos();
        self.put(key, u64::try_from(nanos.div_ceil(1_000_000)).unwrap_or(u64::MAX));
    }

    fn put(&mut self, key: K, at: u64) {
        if at <= self.now {
            self.over.push(key);
            return;
        }
        let level = (at ^ self.now).ilog2() / BITS;
        let slot = slot_of(at, level);
        if let Some(Level { held, slots }) = self.levels.get_mut(level as usize) {
            *held |= 1 << slot;
            slots[slot].push((key, at));
        }
    }

    /// When there is something to be looked at: not later than the first time, and perhaps earlier.
    pub(super) fn next(&self) -> Option<Instant> {
        let next = if self.over.is_empty() { self.first()?.2 } else { self.now };
        self.start.checked_add(Duration::from_millis(next))
    }

    /// The slot that comes first, and the beginning of it. Whatever is in a lower level comes before all that is
    /// in a higher one.
    fn first(&self) -> Option<(u32, usize, u64)> {
        let levels = (0..).zip(&self.levels);
        let (level, held) =
            levels.map(|(at, level)| (at, level.held)).find(|(_, held)| *held != 0)?;
        let slot = held.trailing_zeros();
        // What is above the level is as it is now, and all below is 0.
        let shift = level * BITS;
        let above = self.now.checked_shr(shift + BITS).unwrap_or(0);
        let begins = above.checked_shl(shift + BITS).unwrap_or(0) | (u64::from(slot) << shift);
        Some((level, slot as usize, begins))
    }

    /// Hands out all whose time is over at `now`.
    pub(super) fn expired(&mut self, now: Instant, into: &mut Vec<K>) {
        let millis = now.saturating_duration_since(self.start).as_millis();
        let until = u64::try_from(millis).unwrap_or(u64::MAX);
        into.append(&mut self.over);
        while let Some((level, slot, begins)) = self.first().filter(|first| first.2 <= until) {
            self.now = begins;
            let Some(Level { held, slots }) = self.levels.get_mut(level as usize) else { break };
            *held &= !(1 << slot);
            let mut keys = std::mem::take(&mut slots[slot]);
            for (key, at) in keys.drain(..) {
                if at <= begins { into.push(key) } else { self.put(key, at) }
            }
            // A little room is for others. All would be, in each slot, as much as was ever in it.
            let level = self.levels.get_mut(level as usize).filter(|_| keys.capacity() <= KEPT);
            if let Some(Level { slots, .. }) = level {
                slots[slot] = keys;
            }
        }
        self.now = self.now.max(until);
    }
}

/// The slot of that time in that level.
fn slot_of(at: u64, level: u32) -> usize {
    const LOW: u64 = SLOTS as u64 - 1;
    usize::try_from((at >> (level * BITS)) & LOW).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn expired(wheel: &mut Wheel<u32>, now: Instant) -> Vec<u32> {
        let mut keys = Vec::new();
        wheel.expired(now, &mut keys);
        keys.sort_unstable();
        keys
    }

    #[test]
    fn a_key_comes_at_its_time_and_not_before() {
        let start = Instant::now();
        for after in [1, 2, 63, 64, 65, 4095, 4096, 4097, 262_144, 400_000_000, 90_000_000_000] {
            let mut wheel = Wheel::new(start);
            let before = start + Duration::from_millis(after - 1);
            let at = before + MILLI;
            wheel.insert(7, at);
            assert_eq!(expired(&mut wheel, before), [], "{after}");
            assert!(wheel.next().unwrap() <= at, "{after}");
            assert_eq!(expired(&mut wheel, at), [7], "{after}");
            assert_eq!(wheel.next(), None, "{after}");
        }
    }

    #[test]
    fn what_is_over_comes_at_once_and_a_part_of_a_millisecond_is_a_whole_one() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let now = start + MILLI * 10;
        assert_eq!(expired(&mut wheel, now), []);
        wheel.insert(1, start);
        wheel.insert(2, now);
        wheel.insert(3, now + Duration::from_nanos(1));
        assert_eq!(wheel.next(), Some(now));
        assert_eq!(expired(&mut wheel, now), [1, 2]);
        assert_eq!(expired(&mut wheel, now + MILLI), [3]);
    }

    #[test]
    fn room_for_very_many_is_given_back() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let mut now = start;
        for _ in 0..500 {
            let at = now + MILLI * 30_000;
            (0..1_000).for_each(|key| wheel.insert(key, at));
            now = at;
            assert_eq!(expired(&mut wheel, now).len(), 1_000);
        }
        let slots = wheel.levels.iter().flat_map(|level| &level.slots);
        let kept: usize = slots.map(Vec::capacity).sum();
        assert!(kept <= LEVELS * SLOTS * KEPT, "{kept}");
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// In so many microseconds.
        Insert(u64),
        GoOn(u64),
        /// As far as the wheel says that nothing is to be looked at.
        GoToNext,
    }

    fn step() -> impl Strategy<Value = Step> {
        let time = prop_oneof![0..3_000_u64, 0..100_000_u64, 0..10_000_000_u64, 0..u64::MAX >> 24];
        prop_oneof![
            3 => time.clone().prop_map(Step::Insert),
            1 => time.prop_map(Step::GoOn),
            2 => Just(Step::GoToNext),
        ]
    }

    proptest! {
        /// However time goes on: each key once, never early, and never more than a millisecond late.
        #[test]
        fn a_sorted_set_hands_out_the_same(steps in prop::collection::vec(step(), 1..200)) {
            let start = Instant::now();
            let (mut wheel, mut model, mut now) = (Wheel::new(start), BTreeSet::new(), start);
            for (key, step) in (0_u32..).zip(steps) {
                match step {
                    Step::Insert(after) => {
                        let at = now + Duration::from_micros(after);
                        wheel.insert(key, at);
                        model.insert((at, key));
                        continue;
                    }
                    Step::GoOn(time) => now += Duration::from_micros(time),
                    Step::GoToNext => now = wheel.next().map_or(now, |next| next.max(now)),
                }
                let next = wheel.next();
                prop_assert_eq!(next.is_some(), !model.is_empty());
                let first = model.first().map(|(at, _)| *at);
                prop_assert!(next.zip(first).is_none_or(|(next, first)| next <= first + MILLI));
                let keys = expired(&mut wheel, now);
                let early: Vec<_> =
                    model.iter().filter(|(at, key)| *at > now && keys.contains(key)).collect();
                prop_assert!(early.is_empty(), "{early:?}");
                let late = |(at, key): &(Instant, u32)| *at + MILLI <= now && !keys.contains(key);
                prop_assert!(!model.iter().any(late));
                let before = model.len();
                model.retain(|(_, key)| !keys.contains(key));
                prop_assert_eq!(before - model.len(), keys.len(), "each once");
            }
        }
    }
}
