//! The place of a worker among others.

use std::net::IpAddr;

/// Where a worker says what it does.
pub(crate) trait Seat {
    /// It waits for its first connection.
    fn ready(&mut self);

    /// A connection was accepted.
    fn busy(&mut self);

    /// Whether one more connection of the client of this address may be served. If so it counts until
    /// the seat is idle.
    fn admits(&mut self, address: IpAddr) -> bool;

    /// The connection is closed. Tells whether another may be served.
    fn idle(&mut self) -> bool;
}

/// A worker that nobody watches; it goes on for as long as what it holds says so.
#[derive(Debug)]
pub(crate) struct Alone<F>(pub(crate) F);

impl<F: FnMut() -> bool> Seat for Alone<F> {
    fn ready(&mut self) {}

    fn busy(&mut self) {}

    fn admits(&mut self, _: IpAddr) -> bool {
        true
    }

    fn idle(&mut self) -> bool {
        self.0()
    }
}
