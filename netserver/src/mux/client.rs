//! What a loop keeps of one connection.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::clients::ConnId;
use super::output::{Output, is_pressed};
use crate::accepted;
use crate::connection::Connection;
use crate::options::Options;
use crate::serve::Terms;
use crate::sys::poll::Interest;
use crate::wire;

/// The most that is sent to one client before others have their turn.
const SHARE: usize = 256 * 1024;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its protocol speaks first.
    Greeting,
    /// Its name is looked for, until then.
    Naming(Instant),
    /// It is read from and written to.
    Served,
    /// All was sent, and what it still sends is taken until that time.
    Parting(Instant),
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// Not yet.
    No,
    /// Once all is sent.
    Sent,
    /// At once, and with a reset where anything was sent: half a reply must not look like a whole one.
    AtOnce,
}

/// The time and room that connections may take. 0 stands for no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) read: Duration,
    pub(super) write: Duration,
    pub(super) line: usize,
    pub(super) unsent: usize,
}

impl Bounds {
    pub(super) fn of(terms: &Terms, options: &Options) -> Self {
        let limits = terms.limits();
        let unsent = usize::try_from(options.max_unsent()).unwrap_or(usize::MAX);
        Self { read: limits.read, write: limits.write, line: limits.line, unsent }
    }
}

/// One connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may be with any other")]
pub(super) struct Client {
    pub(super) id: ConnId,
    pub(super) conn: Connection,
    /// The place of its listener among all.
    pub(super) listener: usize,
    /// Whether it speaks first, and its last bytes may wait for the end of the connection to go along.
    pub(super) speaks_first: bool,
    pub(super) phase: Phase,
    pub(super) leave: Leave,
    /// Whether `mux_connection` was called, and `mux_close` is still to be.
    pub(super) met: bool,
    /// Whether `post_process_request_hook` is to be called, and whether the client was allowed.
    pub(super) hook: Option<bool>,
    /// The address that it counts for.
    pub(super) counted: Option<IpAddr>,
    pub(super) admitted: bool,
    /// Whether its input has ended.
    pub(super) ended: bool,
    /// Whether it is written to after that.
    pub(super) stays: bool,
    /// Whether `mux_stopping` was called.
    pub(super) told: bool,
    /// Whether the log tells already why it ends: what follows from that is no news.
    pub(super) given_up: bool,
    /// Whether somebody else has changed it, and it is in the list of those.
    pub(super) touched: bool,
    /// Whether it had no room for what was last to be sent.
    pub(super) full: bool,
    /// Whether the last try to send took nothing.
    pub(super) stalled: bool,
    /// Whether it is not read from, as too much is to be sent.
    pub(super) pressed: bool,
    /// Whether it has all that was sent, when it is looked for that.
    pub(super) has_all: bool,
    /// What came and was not taken, and how much of it has no line end.
    pub(super) input: Vec<u8>,
    pub(super) searched: usize,
    pub(super) output: Output,
    /// How the kernel waits for it; `None` where it does not.
    pub(super) interest: Option<Interest>,
    /// When `mux_timeout` is to be called.
    pub(super) timer: Option<Instant>,
    /// When something last came, or was last begun to be read.
    pub(super) read: Instant,
    /// When something was last sent, or was last begun to be.
    pub(super) wrote: Instant,
}

impl Client {
    pub(super) fn new(id: ConnId, conn: Connection, listener: usize, now: Instant) -> Self {
        Self {
            id,
            conn,
            listener,
            speaks_first: false,
            phase: Phase::Greeting,
            leave: Leave::No,
            met: false,
            hook: None,
            counted: None,
            admitted: true,
            ended: false,
            stays: false,
            told: false,
            given_up: false,
            touched: false,
            full: false,
            stalled: false,
            pressed: false,
            has_all: false,
            input: Vec::new(),
            searched: 0,
            output: Output::default(),
            interest: None,
            timer: None,
            read: now,
            wrote: now,
        }
    }

    /// Whether callbacks are called for it, and may write to it.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.met && self.leave == Leave::No
    }

    #[inline]
    pub(super) fn leave(&mut self, how: Leave) {
        if self.leave != Leave::AtOnce {
            self.leave = how;
        }
    }

    /// Whether it is read from.
    #[inline]
    pub(super) fn is_read(&self) -> bool {
        self.phase == Phase::Served && self.is_open() && !self.ended && !self.pressed
    }

    /// Whether anything waits to be sent.
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        !self.output.is_empty() || self.conn.is_stuck()
    }

    /// Looks whether too much is to be sent for more to be read. Tells whether that was so until now.
    #[inline]
    pub(super) fn press(&mut self, most: usize, now: Instant) -> bool {
        let pressed = is_pressed(self.output.len(), most);
        let lifted = self.pressed && !pressed;
        if lifted {
            self.read = now;
        }
        self.pressed = pressed;
        lifted
    }

    /// Sends what waits to be, as far as there is room. Whoever takes it as fast as it is sent has another
    /// turn for the rest, once that is no more than what may wait, `most`: beyond that it is to be seen what
    /// the client does not take.
    ///
    /// # Errors
    /// Where the client takes no more, ever.
    #[inline]
    pub(super) fn send(&mut self, now: Instant, most: usize) -> io::Result<()> {
        let mut sent_now = 0;
        // A packet is sent whole.
        let is_last = self.speaks_first && self.leave == Leave::Sent && self.input.is_empty();
        let piece = if self.conn.is_datagram() { usize::MAX } else { SHARE };
        while !self.full && self.is_behind() {
            let unsent = self.output.unsent();
            let last = is_last.then(|| self.conn.send_last(unsent)).flatten();
            let sent = if let Some(sent) = last {
                sent
            } else if unsent.is_empty() {
                self.conn.unstick().map(|()| 0)
            } else {
                self.conn.send_now(&unsent[..unsent.len().min(piece)])
            };
            match sent {
                Ok(count) => {
                    self.output.advance(count);
                    self.stalled = false;
                    sent_now += count;
                    let rest_may_wait = most == 0 || self.output.len() <= most;
                    // The kernel tells at once that there is room.
                    self.full |= sent_now >= SHARE && rest_may_wait && self.is_behind();
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    self.full = true;
                    // All tries that take nothing have one time.
                    if std::mem::replace(&mut self.stalled, true) {
                        return Ok(());
                    }
                }
                Err(err) => return Err(err),
            }
            self.wrote = now;
        }
        Ok(())
    }

    /// What is to be waited for.
    #[inline]
    pub(super) fn wants(&self) -> Interest {
        match self.phase {
            Phase::Greeting if self.conn.wants_room() => Interest::Write,
            Phase::Greeting | Phase::Parting(_) => Interest::Read,
            Phase::Naming(_) => Interest::Nothing,
            Phase::Served => Interest::of(self.is_read(), self.full),
        }
    }

    /// When nobody has read for too long.
    pub(super) fn read_until(&self, bounds: &Bounds) -> Option<Instant> {
        let limited = self.is_read() && !bounds.read.is_zero();
        limited.then(|| self.read.checked_add(bounds.read)).flatten()
    }

    /// When nothing was taken for too long.
    pub(super) fn write_until(&self, bounds: &Bounds) -> Option<Instant> {
        let limited = self.is_behind() && !bounds.write.is_zero();
        limited.then(|| self.wrote.checked_add(bounds.write)).flatten()
    }

    /// When everything has to be over.
    pub(super) fn over_at(&self) -> Option<Instant> {
        self.conn.deadline().map(|deadline| deadline.at())
    }

    /// When it is to be looked at next.
    #[inline]
    pub(super) fn due(&self, bounds: &Bounds, now: Instant) -> Option<Instant> {
        let own = match self.phase {
            Phase::Greeting => None,
            Phase::Naming(until) => Some(until),
            // The kernel tells of what else it sends.
            Phase::Parting(until) if self.has_all => Some(until),
            Phase::Parting(until) => Some(until.min(now + wire::LOOK)),
            Phase::Served => {
                let timer = self.timer.filter(|_| self.is_open());
                // Nobody tells when a client has room for a packet.
                let again = self.full && self.conn.is_datagram();
                let again = again.then(|| now + accepted::AGAIN);
                let ends = self.read_until(bounds).into_iter().chain(self.write_until(bounds));
                ends.chain(timer).chain(again).min()
            }
        };
        own.into_iter().chain(self.over_at()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 10,000 silent ones this is what the loop has, beside a few bytes for each place.
    #[test]
    fn a_silent_client_is_small() {
        let size = size_of::<Client>();
        assert!(size <= 768, "{size}");
    }
}
