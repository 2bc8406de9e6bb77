//! The bytes of one stream as they come and go, under the time limits of the options.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::buffer::SIZE;
use crate::options::Options;
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::ends::Cuttable;
use crate::sys::poll::{self, Direction, Woken};
use crate::sys::signal;
use crate::sys::socket::{self, Blocking};

/// The time and room that a connection may take, from the options. 0 stands for no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) read: Duration,
    pub(crate) write: Duration,
    pub(crate) request: Duration,
    pub(crate) handshake: Duration,
    pub(crate) line: usize,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            read: options.read_timeout(),
            write: options.write_timeout(),
            request: options.request_timeout(),
            handshake: options.handshake_timeout(),
            line: usize::try_from(options.max_line()).unwrap_or(usize::MAX),
        }
    }

    /// How long one call may wait.
    #[inline]
    pub(crate) fn one(&self, direction: Direction) -> Duration {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }

    /// What a stream has from its listener: the shorter of what holds for one call and for all.
    #[inline]
    pub(crate) fn kernels(&self, direction: Direction) -> Option<Duration> {
        [self.one(direction), self.request].into_iter().filter(|limit| !limit.is_zero()).min()
    }
}

/// When everything has to be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    /// The time that there was, and what for.
    time: Duration,
    what: &'static str,
}

impl Deadline {
    /// After `time`, or never where that is 0.
    #[inline]
    pub(crate) fn after(time: Duration, what: &'static str) -> Option<Self> {
        if time.is_zero() {
            return None;
        }
        let at = Instant::now().checked_add(time)?;
        Some(Self { at, time, what })
    }

    /// When that is.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    #[cold]
    pub(crate) fn is_over(&self) -> io::Error {
        let Self { time, what, .. } = self;
        io::Error::new(io::ErrorKind::TimedOut, format!("the {what} took longer than {time:?}"))
    }
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Wire {
    // Before the stream, as it must go first. None where the process has many, and ends them itself.
    cuttable: Option<Cuttable>,
    stream: OwnedFd,
    /// Some where it is not the stream that is written to.
    output: Option<OwnedFd>,
    blocking: Blocking,
    limits: Limits,
    deadline: Option<Deadline>,
    /// When the first read begins, where that is known without a look at the clock.
    since: Option<Instant>,
    seen: Seen,
    sent: usize,
    /// Whether the last write took a part only, and all its time.
    late: bool,
    /// Whether the last bytes wait for the end of the stream.
    last: bool,
}

/// What is known of the input that the kernel may still hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nobody has asked.
    Nothing,
    /// The last read took all there was room for.
    Some,
    /// The last read took less, or met the end.
    All,
}

impl Wire {
    #[inline]
    pub(crate) fn new(stream: OwnedFd, blocking: Blocking, limits: Limits) -> Self {
        Self {
            cuttable: (blocking != Blocking::AtOnce).then(|| Cuttable::new(stream.as_fd())),
            stream,
            output: None,
            blocking,
            limits,
            deadline: None,
            since: None,
            seen: Seen::Nothing,
            sent: 0,
            late: false,
            last: false,
        }
    }

    /// Two ends, neither of which is a socket. They may wait, so it is asked before each call.
    pub(crate) fn pipes(input: OwnedFd, output: OwnedFd, limits: Limits) -> Self {
        Self { output: Some(output), ..Self::new(input, Blocking::Never, limits) }
    }

    /// What is read from or written to.
    #[inline]
    fn end(&self, direction: Direction) -> &OwnedFd {
        match (direction, &self.output) {
            (Direction::Write, Some(output)) => output,
            _ => &self.stream,
        }
    }

    /// Has every call end by then. Whoever calls it at once sees to that himself.
    #[inline]
    pub(crate) fn end_by(&mut self, deadline: Option<Deadline>) {
        self.deadline = deadline;
    }

    /// Has the first read be timed from then on, which is now or a moment ago. The kernel holds it to its
    /// time; only one that a signal interrupts may have less of it, by what came before the read.
    #[inline]
    pub(crate) fn begin_at(&mut self, since: Instant) {
        self.since = Some(since);
    }

    /// When everything has to be over.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Has the stream be used by other descriptors as well, to read from and to write to, by programs that
    /// expect it to wait for its client. Nobody counts what goes there.
    pub(crate) fn lend(&mut self) -> io::Result<(BorrowedFd<'_>, BorrowedFd<'_>)> {
        if self.blocking == Blocking::Never && self.output.is_none() {
            let socket = SockRef::from(&self.stream);
            socket.set_read_timeout(self.limits.kernels(Direction::Read))?;
            socket.set_write_timeout(self.limits.kernels(Direction::Write))?;
            socket.set_nonblocking(false)?;
            self.blocking = Blocking::Timed;
        }
        (self.sent, self.seen) = (usize::MAX, Seen::Some);
        Ok((self.end(Direction::Read).as_fd(), self.end(Direction::Write).as_fd()))
    }

    /// Whether the last bytes wait for the end of the stream.
    #[inline]
    pub(crate) fn ends_with_reply(&self) -> bool {
        self.last
    }

    /// Whether anything was sent.
    #[inline]
    pub(crate) fn has_sent(&self) -> bool {
        self.sent > 0
    }

    /// One read or write, made again where a signal interrupted it, until its time since `start` is over.
    /// One that cannot wait has no start: its time would begin with an interruption.
    #[inline]
    fn within(
        &mut self,
        direction: Direction,
        mut start: Option<Instant>,
        mut call: impl FnMut(&OwnedFd) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut wait_first = self.output.is_some();
        if let Some(deadline) = self.deadline {
            let left = deadline.at.checked_duration_since(*start.get_or_insert_with(Instant::now));
            // A client that never lets a call wait is held to it all the same.
            let Some(left) = left.filter(|left| !left.is_zero()) else {
                return Err(deadline.is_over());
            };
            wait_first |= self.blocking == Blocking::Timed && self.is_shorter(direction, left);
        }
        loop {
            if wait_first {
                self.wait(direction, *start.get_or_insert_with(Instant::now))?;
            }
            let result = call(self.end(direction));
            // The stream may be /dev/null by now: what it says is no end of input and no success.
            cut()?;
            match result {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    // The kernel has waited, perhaps for less than holds for this call.
                    let asked = self.blocking == Blocking::Timed && !wait_first;
                    if asked && start.is_none_or(|start| self.is_over(direction, start)) {
                        return Err(self.timed_out(direction));
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
            // The kernel starts its own limit anew with each call, so the rest of the time is waited
            // for here.
            wait_first = true;
        }
    }

    /// Whether the time that is left is so much shorter than the kernel's own limit that the kernel
    /// would wait for too long.
    #[inline]
    fn is_shorter(&self, direction: Direction, left: Duration) -> bool {
        self.limits.kernels(direction).is_none_or(|kernels| kernels > left + left / 16)
    }

    /// Whether a call that began at `start` has had its time.
    fn is_over(&self, direction: Direction, start: Instant) -> bool {
        let limit = self.limits.one(direction);
        let all = self.deadline.is_some_and(|deadline| deadline.at <= Instant::now());
        all || (!limit.is_zero() && start.elapsed() >= limit)
    }

    /// Waits until a call would not wait.
    #[inline(never)]
    fn wait(&self, direction: Direction, start: Instant) -> io::Result<()> {
        let limit = self.limits.one(direction);
        loop {
            let now = Instant::now();
            let one = (!limit.is_zero()).then(|| (start + limit).saturating_duration_since(now));
            let all = self.deadline.map(|deadline| deadline.at.saturating_duration_since(now));
            match poll::ready(self.end(direction), direction, one.into_iter().chain(all).min())? {
                Woken::Ready => return Ok(()),
                Woken::Time => return Err(self.timed_out(direction)),
                Woken::Signal => cut()?,
            }
        }
    }

    #[cold]
    fn timed_out(&self, direction: Direction) -> io::Error {
        match self.deadline {
            Some(deadline) if deadline.at <= Instant::now() => return deadline.is_over(),
            _ => {}
        }
        let what = match direction {
            Direction::Read => "sent nothing",
            Direction::Write => "took nothing",
        };
        let limit = self.limits.one(direction);
        io::Error::new(io::ErrorKind::TimedOut, format!("the client {what} for {limit:?}"))
    }

    /// One write of the last bytes of a reply, which wait for the end of the stream to go along. `None`
    /// where that is not to be had, or would not be safe: they are written as others are then.
    pub(crate) fn write_last(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
        // To a client that has sent no more than was read nothing can be lost by then.
        let fits = !bytes.is_empty() && bytes.len() <= SIZE && self.sent == 0;
        if !fits || self.output.is_some() || self.seen != Seen::All {
            return None;
        }
        let sent = if self.blocking == Blocking::AtOnce {
            at_once(|| socket::write_more_now(&self.stream, bytes))
        } else {
            self.within(Direction::Write, None, |stream| socket::write_more(stream, bytes))
        };
        self.last = sent.as_ref().is_ok_and(|count| *count == bytes.len());
        self.sent = self.sent.saturating_add(*sent.as_ref().unwrap_or(&0));
        Some(sent)
    }

    /// Has the client get all that was sent, before the stream closes. Where the client has sent what
    /// nobody read, a plain close would be a reset, which takes the rest of a reply with it; so what it
    /// still sends is taken first. `unread`: whether somebody above holds input that nobody took.
    ///
    /// # Errors
    /// Where the client did not take all of it.
    #[inline]
    pub(crate) fn finish(&mut self, unread: bool) -> io::Result<()> {
        if self.last {
            // The bytes leave with the end; whatever the client sends from here on comes too late to take
            // them back.
            let _ = SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
        }
        let socket = self.output.is_none();
        if socket && self.has_sent() && (unread || self.may_lose()) {
            return self.take_the_rest();
        }
        Ok(())
    }

    /// Has the stream close with a reset: half a reply must not look like a whole one. A UNIX socket has
    /// none; its client meets the end.
    pub(crate) fn break_off(&mut self) {
        // Where that fails the connection is gone already.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Closes the stream. What is dropped instead costs more calls where the standard library checks
    /// itself.
    #[inline]
    pub(crate) fn close(self) {
        drop(self.cuttable);
        descriptor::close(self.stream);
        if let Some(output) = self.output {
            descriptor::close(output);
        }
    }

    /// Says that no more comes, where a plain close may lose what was sent. Tells whether it has: then the
    /// rest of what the client sends is to be taken, until it [`has_all`](Self::has_all).
    ///
    /// # Errors
    /// Where the connection is gone.
    pub(crate) fn part(&mut self, unread: bool) -> io::Result<bool> {
        if self.last {
            // As in `finish`.
            SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write)?;
        }
        let lingers = self.has_sent() && (unread || self.may_lose());
        if lingers && !self.last {
            SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write)?;
        }
        Ok(lingers)
    }

    /// Whether all that was sent has reached the client.
    pub(crate) fn has_all(&self) -> io::Result<bool> {
        Ok(socket::unacknowledged(&self.stream)? == 0)
    }

    /// Whether a plain close may lose what was sent.
    #[inline]
    fn may_lose(&mut self) -> bool {
        let waits = match self.sent {
            // Of so much some may be lost on its way, and be wanted again.
            sent if sent > SIZE => socket::unacknowledged(&self.stream),
            // It may wait here for room at the client.
            sent if sent > SHORT => socket::unsent(&self.stream),
            // It is on its way by now, ahead of any reset.
            _ => Ok(0),
        };
        if waits.is_ok_and(|count| count > 0) {
            return true;
        }
        match self.seen {
            Seen::Some => true,
            Seen::All if self.sent <= SIZE => false,
            // Nobody has looked, or so long ago that more may have come.
            Seen::All | Seen::Nothing => {
                let mut scrap = [0; 512];
                socket::read_now(&self.stream, &mut scrap).is_ok_and(|count| count > 0)
            }
        }
    }

    /// Says that no more comes, and takes what the client sends until it has all, and is through
    /// itself, or has had its time.
    #[cold]
    #[inline(never)]
    fn take_the_rest(&mut self) -> io::Result<()> {
        SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write)?;
        let limit = if self.limits.write.is_zero() { LONGEST } else { self.limits.write };
        let mut end = Instant::now() + limit;
        if let Some(deadline) = self.deadline {
            // The parent ends whoever goes on for longer.
            end = end.min(deadline.at);
        }
        let mut has_all = false;
        while signal::stage() < Stage::Quick {
            let goes_on = self.drain();
            if !has_all && socket::unacknowledged(&self.stream)? == 0 {
                has_all = true;
                end = end.min(Instant::now() + AFTER_ALL);
            }
            match goes_on {
                Ok(true) => {}
                // It has ended, and takes what is under way, or it is gone.
                Ok(false) => return Ok(()),
                Err(_) if has_all => return Ok(()),
                Err(err) => return Err(err),
            }
            let left = end.saturating_duration_since(Instant::now());
            // Nobody tells when the client has taken more of it.
            let step = if has_all { left } else { left.min(LOOK) };
            if left.is_zero() {
                break;
            }
            poll::ready(&self.stream, Direction::Read, Some(step))?;
        }
        if has_all {
            return Ok(());
        }
        if let Some(deadline) = self.deadline.filter(|deadline| deadline.at <= Instant::now()) {
            return Err(deadline.is_over());
        }
        let what = format!("the client did not take the rest in {limit:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, what))
    }

    /// Takes what is there, and tells whether more may come.
    pub(crate) fn drain(&self) -> io::Result<bool> {
        let mut scrap = [0; SIZE];
        // So many at once, and then the time is looked at again.
        for _ in 0..64 {
            match socket::read_now(&self.stream, &mut scrap) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(true)
    }
}

/// What a pipe takes at once.
const PIPE: usize = 4096;
/// What every client has room for.
const SHORT: usize = 512;
/// How long a client may take for the rest of a reply where writes have no limit.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);
/// How long a client that has a whole reply may go on before it is closed.
pub(crate) const AFTER_ALL: Duration = Duration::from_secs(1);
/// How often it is looked whether it has.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Read for Wire {
    #[inline]
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = room.len();
        if self.blocking == Blocking::AtOnce {
            let read = at_once(|| socket::read_now(&self.stream, room));
            let rest = read.as_ref().is_ok_and(|count| *count == length);
            self.seen = if rest { Seen::Some } else { Seen::All };
            return read;
        }
        let since = self.since.take().filter(|_| self.deadline.is_none());
        let start = since.unwrap_or_else(Instant::now);
        let read = |stream: &OwnedFd| descriptor::read(stream, room);
        let count = self.within(Direction::Read, Some(start), read)?;
        self.seen = if count == length { Seen::Some } else { Seen::All };
        Ok(count)
    }
}

impl Write for Wire {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.blocking == Blocking::AtOnce {
            let count = at_once(|| socket::write_now(&self.stream, bytes))?;
            self.sent = self.sent.saturating_add(count);
            return Ok(count);
        }
        if self.late {
            return Err(self.timed_out(Direction::Write));
        }
        // A pipe that has room has room for as much.
        let most = if self.output.is_some() { bytes.len().min(PIPE) } else { bytes.len() };
        let bytes = &bytes[..most];
        // Of a long one the kernel would take a part, and wait as long with the next.
        let long = bytes.len() > SIZE;
        // The kernel has room for a first short one.
        let start = (self.sent > 0 || long).then(Instant::now);
        let count = self.within(Direction::Write, start, |stream| {
            if long { socket::write_now(stream, bytes) } else { descriptor::write(stream, bytes) }
        })?;
        self.late = !long
            && count < bytes.len()
            && start.is_some_and(|start| self.is_over(Direction::Write, start));
        self.sent = self.sent.saturating_add(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A call that does not wait, made again where a signal interrupted it.
#[inline]
fn at_once(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// An error once this process was told to stop at once.
#[inline]
fn cut() -> io::Result<()> {
    if signal::stage() == Stage::Quick {
        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server stops"));
    }
    Ok(())
}
