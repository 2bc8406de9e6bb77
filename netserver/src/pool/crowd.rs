//! How many children serve the same client at this moment, in memory that they share.
//!
//! Each child has a slot: the key of its client, and a ticket that says who came first. A child writes
//! the key, then takes a ticket from a counter, then counts the slots of the same key with smaller
//! tickets: as many as the limit, and its client is one too many. Of two that come at once the later
//! one always sees the other: whoever has a ticket wrote its key before, and who has none yet, though
//! a key, is given one by whoever looks, which is greater than that of the one who looks. So nobody
//! waits for anybody, not even for a child that was killed half way.
//!
//! A child that is killed keeps its slot until its parent has waited for it, and clears it.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::Ordering::SeqCst;

use crate::address::Site;
use crate::sys::memory::{Line, SharedLines};

/// The numbers in a child's line: its ticket, and its client in two parts. The ticket is 0 while
/// there is no client; less than 0, and never the same twice, while it has still to be taken.
const TICKET: usize = 0;
const FAMILY: usize = 1;
const NETWORK: usize = 2;

/// The numbers in the line of the counter: the last that was given away, and how many of the slots were
/// ever used.
const LAST: usize = 0;
const USED: usize = 1;

/// The slots and the counter.
#[derive(Debug)]
pub(crate) struct Crowd {
    slots: SharedLines,
    /// One line.
    counter: SharedLines,
    limit: usize,
}

impl Crowd {
    /// Room for `size` children, of whom `limit` may serve the same client.
    ///
    /// # Errors
    /// Where there is no memory.
    pub(crate) fn new(size: usize, limit: usize) -> io::Result<Self> {
        Ok(Self { slots: SharedLines::new(size)?, counter: SharedLines::new(1)?, limit })
    }

    /// A child is about to have that place: whoever counts looks at it too from here on.
    pub(crate) fn seat(&self, place: usize) {
        let used = i64::try_from(place).map_or(i64::MAX, |place| place + 1);
        self.counter[0].number::<USED>().fetch_max(used, SeqCst);
    }

    /// Whether the child of that place may serve a client of this address. If so the client counts
    /// until [`leave`](Self::leave); else, or where it was refused, it never did.
    pub(crate) fn admits(&self, place: usize, address: IpAddr) -> bool {
        let key = Site::of(address);
        let promise = self.announce(place, key);
        let ticket = settle(self.next(), &self.slots[place], promise);
        let admitted = self.before(key, ticket) < self.limit;
        if !admitted {
            self.leave(place);
        }
        admitted
    }

    /// The child of that place has no client.
    pub(crate) fn leave(&self, place: usize) {
        self.slots[place].number::<TICKET>().store(0, SeqCst);
    }

    /// Writes whom the child of that place would serve. Hands on what stands for its ticket until
    /// it has one.
    fn announce(&self, place: usize, key: Site) -> i64 {
        let slot = &self.slots[place];
        // The key changes only while there is no ticket: a reader that finds the same ticket before
        // and after has read the key that belongs to it.
        self.leave(place);
        slot.number::<FAMILY>().store(key.family, SeqCst);
        slot.number::<NETWORK>().store(key.network, SeqCst);
        let promise = self.next().wrapping_neg();
        slot.number::<TICKET>().store(promise, SeqCst);
        promise
    }

    /// How many slots have that key and a ticket before this one.
    fn before(&self, key: Site, ticket: i64) -> usize {
        let is_before = |slot: &&Line| match look(slot) {
            (found, other) if found == key && other < 0 => {
                // Where it has another ticket already, that may be a smaller one.
                let other = settle(self.next(), slot, other);
                0 < other && other < ticket
            }
            (found, other) => found == key && 0 < other && other < ticket,
        };
        let used = usize::try_from(self.counter[0].number::<USED>().load(SeqCst));
        let used = used.map_or(self.slots.len(), |used| used.min(self.slots.len()));
        self.slots[..used].iter().filter(is_before).count()
    }

    fn next(&self) -> i64 {
        self.counter[0].number::<LAST>().fetch_add(1, SeqCst).wrapping_add(1)
    }
}

/// Puts `ticket` in the place of a promise, unless somebody was faster. Tells the ticket that is there.
fn settle(ticket: i64, slot: &Line, promise: i64) -> i64 {
    let settled = slot.number::<TICKET>().compare_exchange(promise, ticket, SeqCst, SeqCst);
    settled.map_or_else(|found| found, |_| ticket)
}

/// A slot's key with the ticket that belongs to it.
fn look(slot: &Line) -> (Site, i64) {
    loop {
        let ticket = slot.number::<TICKET>().load(SeqCst);
        let family = slot.number::<FAMILY>().load(SeqCst);
        let network = slot.number::<NETWORK>().load(SeqCst);
        if slot.number::<TICKET>().load(SeqCst) == ticket {
            return (Site { family, network }, ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::sys::poll;
    use crate::sys::process::{self, End};
    use crate::sys::signal::Signal;

    const LIMIT: usize = 2;

    /// With a child in each place.
    fn crowd(places: usize, limit: usize) -> Crowd {
        let crowd = Crowd::new(places, limit).unwrap();
        crowd.seat(places - 1);
        crowd
    }

    fn client(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn one_more_than_the_limit_is_too_many() {
        let crowd = crowd(4, LIMIT);
        assert!(crowd.admits(0, client(1)));
        assert!(crowd.admits(1, client(1)));
        assert!(!crowd.admits(2, client(1)));
        assert!(crowd.admits(3, client(2)), "another client");
        crowd.leave(0);
        assert!(crowd.admits(2, client(1)));
        assert!(!crowd.admits(0, client(1)));
        // A child serves one client: it is asked anew where the first was a proxy.
        assert!(crowd.admits(1, client(1)));
    }

    /// What one child does next, step by step, in any order with the others.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// Goes on to admit this client: announces it, takes a ticket, counts.
        On(usize, u8),
        /// Its client leaves, or somebody kills it, half way or not.
        Leave(usize),
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum At {
        Nowhere,
        Announced(u8, i64),
        Ticketed(u8, i64),
        Admitted(u8),
    }

    fn step(places: usize) -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..places, 1_u8..3).prop_map(|(place, number)| Step::On(place, number)),
            1 => (0..places).prop_map(Step::Leave),
        ]
    }

    fn go_on(crowd: &Crowd, place: usize, number: u8, at: At) -> At {
        match at {
            At::Nowhere => At::Announced(number, crowd.announce(place, Site::of(client(number)))),
            At::Announced(number, promise) => {
                At::Ticketed(number, settle(crowd.next(), &crowd.slots[place], promise))
            }
            At::Ticketed(number, ticket)
                if crowd.before(Site::of(client(number)), ticket) < crowd.limit =>
            {
                At::Admitted(number)
            }
            At::Ticketed(..) => {
                crowd.leave(place);
                At::Nowhere
            }
            At::Admitted(_) => at,
        }
    }

    proptest! {
        /// Whatever overtakes whatever, no client has more than its limit, and none is refused while
        /// fewer than that are there or on their way.
        #[test]
        fn steps_in_any_order(steps in prop::collection::vec(step(4), 0..60)) {
            let crowd = crowd(4, LIMIT);
            let mut at = [At::Nowhere; 4];
            for step in steps {
                match step {
                    Step::On(place, number) => {
                        let before = at[place];
                        at[place] = go_on(&crowd, place, number, before);
                        if let (At::Ticketed(number, _), At::Nowhere) = (before, at[place]) {
                            let others = at.iter().filter(|one| matches!(one, At::Announced(n, _)
                                | At::Ticketed(n, _) | At::Admitted(n) if *n == number));
                            prop_assert!(others.count() >= LIMIT, "{at:?}");
                        }
                    }
                    Step::Leave(place) => {
                        crowd.leave(place);
                        at[place] = At::Nowhere;
                    }
                }
                for number in 1..3 {
                    let inside = at.iter().filter(|one| **one == At::Admitted(number)).count();
                    prop_assert!(inside <= LIMIT, "{at:?}");
                }
            }
        }

        /// One after the other, the limit is met exactly.
        #[test]
        fn a_model_decides_alike(steps in prop::collection::vec(step(6), 0..100)) {
            let crowd = crowd(6, LIMIT);
            let mut model: [Option<u8>; 6] = [None; 6];
            for step in steps {
                match step {
                    Step::On(place, number) => {
                        model[place] = None;
                        let inside = model.iter().flatten().filter(|n| **n == number).count();
                        let admitted = crowd.admits(place, client(number));
                        prop_assert_eq!(admitted, inside < LIMIT);
                        model[place] = admitted.then_some(number);
                    }
                    Step::Leave(place) => {
                        crowd.leave(place);
                        model[place] = None;
                    }
                }
            }
        }
    }

    /// Serves the same client again and again, and leaves with 1 where too many did so at once.
    fn serve(crowd: &Crowd, place: usize, inside: &Line) -> i32 {
        for _ in 0..3000 {
            if crowd.admits(place, client(1)) {
                let now = inside.number::<0>().fetch_add(1, SeqCst) + 1;
                if now > i64::try_from(LIMIT).unwrap() {
                    return 1;
                }
                // Lets the others run.
                std::thread::yield_now();
                inside.number::<0>().fetch_sub(1, SeqCst);
                inside.number::<1>().fetch_add(1, SeqCst);
                crowd.leave(place);
            }
        }
        0
    }

    #[test]
    fn processes_at_once_meet_the_limit() {
        const CHILDREN: usize = 6;
        let crowd = crowd(CHILDREN, LIMIT);
        let inside = SharedLines::new(1).unwrap();
        let fork = |place| process::fork(|| serve(&crowd, place, &inside[0])).unwrap();
        let children: Vec<_> = (0..CHILDREN).map(fork).collect();
        for child in children {
            assert_eq!(ended(child), End::Code(0));
        }
        assert!(inside[0].number::<1>().load(SeqCst) > 0, "somebody was served");
        assert!(crowd.slots.iter().all(|slot| slot.number::<TICKET>().load(SeqCst) == 0));
    }

    #[test]
    fn a_child_that_is_killed_counts_until_its_parent_knows() {
        let crowd = crowd(2, 1);
        let served = SharedLines::new(1).unwrap();
        let child = process::fork(|| {
            served[0].number::<0>().store(i64::from(crowd.admits(0, client(1))), SeqCst);
            loop {
                std::thread::yield_now();
            }
        })
        .unwrap();
        while served[0].number::<0>().load(SeqCst) == 0 {
            std::thread::yield_now();
        }
        process::kill(child, Signal::SIGKILL).unwrap();
        assert_eq!(ended(child), End::Signal(9));
        assert!(!crowd.admits(1, client(1)));
        crowd.leave(0);
        assert!(crowd.admits(1, client(1)));
    }

    /// Waits for the end of a child.
    fn ended(child: process::Pid) -> End {
        loop {
            if let Some(end) = process::reap(child).unwrap() {
                return end;
            }
            poll::pause(Duration::from_millis(1)).unwrap();
        }
    }
}
