//! Waiting: for descriptors, for a time, or for a signal, whichever comes first.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// A descriptor is ready.
    Ready,
    /// A signal was handled.
    Signal,
    /// The time is over.
    Time,
}

/// Waits until `descriptor` takes or gives bytes, with signals as they are.
pub(crate) fn ready(
    descriptor: &impl AsFd,
    direction: Direction,
    limit: Option<Duration>,
) -> io::Result<Woken> {
    let flags = match direction {
        Direction::Read => PollFlags::POLLIN,
        Direction::Write => PollFlags::POLLOUT,
    };
    wait(&mut [PollFd::new(descriptor.as_fd(), flags)], limit)
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// Waits for a time that a signal ends.
pub(crate) fn pause(limit: Duration) -> io::Result<Woken> {
    wait(&mut [], Some(limit))
}

fn wait(set: &mut [PollFd<'_>], limit: Option<Duration>) -> io::Result<Woken> {
    // The kernel knows no longer time.
    const LONGEST: Duration = Duration::from_secs(i32::MAX.unsigned_abs() as u64);
    let limit = limit.map(|limit| TimeSpec::from_duration(limit.min(LONGEST)));
    match ppoll(set, limit, None) {
        Ok(0) => Ok(Woken::Time),
        Ok(_) => Ok(Woken::Ready),
        Err(Errno::EINTR) => Ok(Woken::Signal),
        Err(errno) => Err(errno.into()),
    }
}

/// A set of descriptors to wait for, each known by a number.
#[derive(Debug)]
pub(crate) struct PollSet(Epoll);

impl AsFd for PollSet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

impl PollSet {
    /// An empty set. It belongs to the process that made it: a set made before a fork would be
    /// shared.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?))
    }

    /// Adds what many processes wait for: one of them is woken, not all.
    pub(crate) fn add_shared(&self, descriptor: &impl AsFd, number: u64) -> io::Result<()> {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLEXCLUSIVE;
        Ok(self.0.add(descriptor, EpollEvent::new(flags, number))?)
    }

    /// Adds what this process alone waits for.
    pub(crate) fn add(&self, descriptor: &impl AsFd, number: u64) -> io::Result<()> {
        Ok(self.0.add(descriptor, EpollEvent::new(EpollFlags::EPOLLIN, number))?)
    }

    /// Adds a pipe to write to, which is never written to here: it is ready once nobody is left to read.
    pub(crate) fn add_end_of(&self, pipe: &impl AsFd, number: u64) -> io::Result<()> {
        // Errors are always waited for.
        Ok(self.0.add(pipe, EpollEvent::new(EpollFlags::empty(), number))?)
    }

    /// Adds what this process waits for in that way.
    pub(crate) fn add_for(
        &self,
        descriptor: &impl AsFd,
        interest: Interest,
        number: u64,
    ) -> io::Result<()> {
        Ok(self.0.add(descriptor, EpollEvent::new(interest.flags(), number))?)
    }

    /// Waits in another way for what was added.
    pub(crate) fn change(
        &self,
        descriptor: &impl AsFd,
        interest: Interest,
        number: u64,
    ) -> io::Result<()> {
        Ok(self.0.modify(descriptor, &mut EpollEvent::new(interest.flags(), number))?)
    }

    /// Waits for that one no longer.
    pub(crate) fn remove(&self, descriptor: &impl AsFd) -> io::Result<()> {
        Ok(self.0.delete(descriptor)?)
    }

    /// The number of a descriptor that is ready, or `None` after a signal or when the time is over.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> io::Result<Option<u64>> {
        let mut events = [EpollEvent::empty()];
        match self.0.wait(&mut events, milliseconds(limit)) {
            Ok(count) => Ok(events[..count].first().map(EpollEvent::data)),
            Err(Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits as [`wait`](Self::wait), for as many as there is room for.
    pub(crate) fn wait_for_many(
        &self,
        events: &mut Events,
        limit: Option<Duration>,
    ) -> io::Result<()> {
        events.count = 0;
        match self.0.wait(&mut events.room, milliseconds(limit)) {
            Ok(count) => events.count = count,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }
}

/// Whole milliseconds, rounded up: a wait of nothing again and again is none.
fn milliseconds(limit: Option<Duration>) -> EpollTimeout {
    let limit = limit.map(|limit| limit.as_nanos().div_ceil(1_000_000));
    limit.map_or(EpollTimeout::NONE, |limit| {
        i32::try_from(limit).map_or(EpollTimeout::MAX, |limit| {
            EpollTimeout::try_from(limit).unwrap_or(EpollTimeout::MAX)
        })
    })
}

/// What a descriptor is waited for. Its failure, and the end of both its ways, is always told as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    Nothing,
    Read,
    Write,
    Both,
}

impl Interest {
    pub(crate) fn of(reads: bool, writes: bool) -> Self {
        match (reads, writes) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Read,
            (false, true) => Self::Write,
            (true, true) => Self::Both,
        }
    }

    fn flags(self) -> EpollFlags {
        match self {
            Self::Nothing => EpollFlags::empty(),
            Self::Read => EpollFlags::EPOLLIN,
            Self::Write => EpollFlags::EPOLLOUT,
            Self::Both => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
        }
    }
}

/// Room for what one wait tells.
#[derive(Debug)]
pub(crate) struct Events {
    room: Vec<EpollEvent>,
    count: usize,
}

/// What a wait tells of one descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) number: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// It has failed, or nothing goes either way any more.
    pub(crate) over: bool,
}

impl Events {
    pub(crate) fn new(most: usize) -> Self {
        Self { room: vec![EpollEvent::empty(); most], count: 0 }
    }

    /// What the last wait has told of one.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<Ready> {
        let event = self.room[..self.count].get(at)?;
        let flags = event.events();
        Some(Ready {
            number: event.data(),
            readable: flags.contains(EpollFlags::EPOLLIN),
            writable: flags.contains(EpollFlags::EPOLLOUT),
            over: flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP),
        })
    }
}
