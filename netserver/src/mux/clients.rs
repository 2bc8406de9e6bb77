//! All connections of a loop, each by its number.

use std::fmt;
use std::time::Instant;

use super::client::Client;
use super::wheel::Wheel;

/// One connection of this process, for as long as there is any trace of it: numbers are not used again.
///
/// They go on in the order in which clients came, and begin anew in each process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    serial: u64,
    place: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serial.fmt(f)
    }
}

impl ConnId {
    /// As a number for the kernel to tell it by. The place alone would do for one that is still there; the
    /// rest tells it from another one there, that came in the same turn.
    #[inline]
    pub(super) fn number(self) -> u64 {
        (self.serial << 32) | u64::from(self.place)
    }
}

/// Places from here on are none, so that there are numbers that no connection has.
const MOST: u32 = u32::MAX - 16;

/// All connections.
#[derive(Debug)]
pub(super) struct Clients {
    places: Vec<Place>,
    free: Vec<u32>,
    last: u64,
    /// The places that are to be looked at, at the latest when whoever is there has to be.
    wheel: Wheel<u32>,
    /// Those that somebody else has written to or closed, each once.
    pub(super) touched: Vec<ConnId>,
}

/// Where a connection is, one after the other.
#[derive(Debug)]
struct Place {
    /// None where there is none, and while it is lent.
    client: Option<Box<Client>>,
    /// When it is to be looked at next, if at all. It outlasts a client, so that each place has one entry in
    /// the wheel and not one of each who was there.
    scheduled: Option<Instant>,
    /// The latest one that an earlier one has taken the place of, for as long as it is in the wheel: it need not
    /// be put in again.
    later: Option<Instant>,
}

impl Clients {
    pub(super) fn new(now: Instant) -> Self {
        let wheel = Wheel::new(now);
        Self { places: Vec::new(), free: Vec::new(), last: 0, wheel, touched: Vec::new() }
    }

    /// Has it be looked at by then.
    #[inline]
    pub(super) fn schedule(&mut self, id: ConnId, due: Instant) {
        let Some(place) = self.places.get_mut(id.place as usize) else { return };
        if place.scheduled.is_some_and(|at| at <= due) {
            return;
        }
        if place.scheduled.is_none() && place.later.is_some_and(|at| at <= due) {
            place.scheduled = place.later.take();
            return;
        }
        place.later = place.later.max(place.scheduled);
        place.scheduled = Some(due);
        self.wheel.insert(id.place, due);
    }

    /// When one is to be looked at next; it may be a little earlier.
    pub(super) fn next(&self) -> Option<Instant> {
        self.wheel.next()
    }

    /// Those that are to be looked at by now.
    pub(super) fn expired(&mut self, now: Instant, into: &mut Vec<ConnId>) {
        let mut expired = Vec::new();
        self.wheel.expired(now, &mut expired);
        for number in expired {
            let Some(place) = self.places.get_mut(number as usize) else { continue };
            place.later = place.later.filter(|at| *at > now);
            // One that was found to be wanted earlier has another entry.
            if place.scheduled.is_none_or(|at| at > now) {
                continue;
            }
            place.scheduled = None;
            into.extend(place.client.as_deref().map(|client| client.id));
        }
    }

    /// Takes one in; `None` where there are as many as there can be.
    pub(super) fn insert(&mut self, client: impl FnOnce(ConnId) -> Client) -> Option<ConnId> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => self.one_more()?,
        };
        self.last += 1;
        let id = ConnId { serial: self.last, place };
        self.places.get_mut(place as usize)?.client = Some(Box::new(client(id)));
        Some(id)
    }

    fn one_more(&mut self) -> Option<u32> {
        let place = u32::try_from(self.places.len()).ok().filter(|place| *place < MOST)?;
        self.places.push(Place { client: None, scheduled: None, later: None });
        Some(place)
    }

    #[inline]
    pub(super) fn get(&self, id: ConnId) -> Option<&Client> {
        let client = self.places.get(id.place as usize)?.client.as_deref();
        client.filter(|client| client.id == id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Client> {
        let client = self.places.get_mut(id.place as usize)?.client.as_deref_mut();
        client.filter(|client| client.id == id)
    }

    /// The one of that number, if it is still there.
    #[inline]
    pub(super) fn of_number(&self, number: u64) -> Option<ConnId> {
        let place = usize::try_from(number & u64::from(u32::MAX)).ok()?;
        let client = self.places.get(place)?.client.as_deref()?;
        (client.id.number() == number).then_some(client.id)
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Box<Client>> {
        self.get(id)?;
        self.free.push(id.place);
        self.places.get_mut(id.place as usize)?.client.take()
    }

    /// Lends one, while something is called for it and may change others.
    #[inline]
    pub(super) fn lend(&mut self, id: ConnId) -> Option<Box<Client>> {
        self.get(id)?;
        self.places.get_mut(id.place as usize)?.client.take()
    }

    /// Takes back one that was lent.
    #[inline]
    pub(super) fn give_back(&mut self, client: Box<Client>) {
        if let Some(place) = self.places.get_mut(client.id.place as usize) {
            place.client = Some(client);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// What was stamped with the one time has the other.
    pub(super) fn restamp(&mut self, before: Instant, after: Instant) {
        for client in self.places.iter_mut().filter_map(|place| place.client.as_deref_mut()) {
            for time in [&mut client.read, &mut client.wrote] {
                if *time == before {
                    *time = after;
                }
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Client> {
        self.places.iter().filter_map(|place| place.client.as_deref())
    }

    pub(super) fn ids(&self) -> Vec<ConnId> {
        self.iter().map(|client| client.id).collect()
    }

    /// Changes another one than the one that is called for: it is seen to at the end of the turn. Tells
    /// whether it is there, and open.
    #[inline]
    pub(super) fn touch(&mut self, id: ConnId, change: impl FnOnce(&mut Client)) -> bool {
        let place = self.places.get_mut(id.place as usize);
        let Some(client) = place.and_then(|place| place.client.as_deref_mut()) else {
            return false;
        };
        let is_open = client.id == id && client.is_open();
        if is_open {
            touch(client, &mut self.touched, change);
        }
        is_open
    }

    /// The same with all.
    pub(super) fn touch_all(&mut self, change: impl Fn(&mut Client)) {
        let all = self.places.iter_mut().filter_map(|place| place.client.as_deref_mut());
        for client in all.filter(|client| client.is_open()) {
            touch(client, &mut self.touched, &change);
        }
    }
}

#[inline]
fn touch(client: &mut Client, touched: &mut Vec<ConnId>, change: impl FnOnce(&mut Client)) {
    change(client);
    if !std::mem::replace(&mut client.touched, true) {
        touched.push(client.id);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;
    use crate::accepted::Accepted;
    use crate::address::Address;
    use crate::buffer::Buffers;
    use crate::connection::Connection;
    use crate::mux::client::{Bounds, Phase};
    use crate::wire::{LOOK, Limits};

    fn come(clients: &mut Clients, now: Instant) -> ConnId {
        let (stream, _) = UnixStream::pair().unwrap();
        let accepted = Accepted::nonblocking(OwnedFd::from(stream), Address::UNKNOWN);
        let none = Duration::ZERO;
        let limits = Limits { read: none, write: none, request: none, handshake: none, line: 0 };
        let conn = Connection::looped(accepted, "unix", limits, Buffers::empty());
        let client = |id| Client { met: true, ..Client::new(id, conn, 0, now) };
        clients.insert(client).unwrap()
    }

    #[test]
    fn whoever_comes_to_a_place_is_not_taken_for_who_was_there() {
        let now = Instant::now();
        let mut clients = Clients::new(now);
        let first = come(&mut clients, now);
        assert_eq!(clients.of_number(first.number()), Some(first));
        clients.remove(first).unwrap();
        let second = come(&mut clients, now);
        assert_eq!((second.place, second > first), (first.place, true));
        // What the kernel has told of the first one, in the turn in which it left.
        assert_eq!(clients.of_number(first.number()), None);
        assert!(clients.get(first).is_none() && clients.lend(first).is_none());
        assert!(!clients.touch(first, |client| client.output.push(b"to the first")));
        assert!(clients.remove(first).is_none());
        assert!(clients.get(second).unwrap().output.is_empty());
        assert_eq!(second.to_string(), "2");
    }

    #[test]
    fn others_are_changed_once_and_seen_to_once() {
        let now = Instant::now();
        let mut clients = Clients::new(now);
        let [one, two, three] = [(); 3].map(|()| come(&mut clients, now));
        let lent = clients.lend(one).unwrap();
        assert_eq!(clients.ids(), [two, three]);
        clients.touch_all(|client| client.output.push(b"x"));
        assert!(clients.touch(two, |client| client.output.push(b"y")));
        clients.give_back(lent);
        let unsent = |id| clients.get(id).unwrap().output.unsent();
        assert_eq!([unsent(one), unsent(two), unsent(three)], [&b""[..], b"xy", b"x"]);
        assert_eq!(clients.touched, [two, three]);
    }

    #[test]
    fn a_place_is_looked_at_when_it_was_last_asked_for_and_not_before() {
        let now = Instant::now();
        let mut clients = Clients::new(now);
        let id = come(&mut clients, now);
        let at = |seconds| now + Duration::from_secs(seconds);
        let mut due = Vec::new();
        clients.schedule(id, at(10));
        clients.schedule(id, at(5));
        clients.schedule(id, at(7));
        clients.expired(at(4), &mut due);
        assert!(due.is_empty());
        clients.expired(at(6), &mut due);
        assert_eq!(due, [id]);
        // It is asked for another time, and looked at when it was first asked for, as that is still known.
        clients.schedule(id, at(20));
        clients.expired(at(11), &mut due);
        assert_eq!(due, [id, id]);
        clients.schedule(id, at(20));
        clients.expired(at(19), &mut due);
        assert_eq!(due, [id, id]);
        clients.remove(id).unwrap();
        let next = come(&mut clients, now);
        clients.schedule(next, at(30));
        // The entry that the first one has left stands for the place.
        clients.expired(at(21), &mut due);
        assert_eq!(due, [id, id, next]);
    }

    #[test]
    fn nobody_looks_whether_a_client_has_all_that_is_known_to() {
        let now = Instant::now();
        let mut clients = Clients::new(now);
        let id = come(&mut clients, now);
        let client = clients.get_mut(id).unwrap();
        let until = now + Duration::from_secs(30);
        let none = Duration::ZERO;
        let bounds = Bounds { read: none, write: none, line: 0, unsent: 0 };
        client.phase = Phase::Parting(until);
        assert_eq!(client.due(&bounds, now), Some(now + LOOK));
        client.has_all = true;
        assert_eq!(client.due(&bounds, now), Some(until));
    }

    /// Its limit is far away, and something else comes up each second.
    #[test]
    fn a_place_that_is_looked_at_often_has_few_entries() {
        let start = Instant::now();
        let mut clients = Clients::new(start);
        let id = come(&mut clients, start);
        let limit = start + Duration::from_secs(3600);
        let mut looks = 0;
        for second in 1..3600 {
            clients.schedule(id, limit);
            let now = start + Duration::from_secs(second);
            clients.schedule(id, now);
            let mut due = Vec::new();
            clients.expired(now, &mut due);
            assert_eq!(due, [id], "{second}");
            looks += 1;
        }
        clients.schedule(id, limit);
        let mut entries = Vec::new();
        clients.wheel.expired(limit + Duration::from_secs(1), &mut entries);
        assert!(entries.len() <= 2, "{} after {looks}", entries.len());
    }
}
