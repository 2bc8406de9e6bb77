//! A child as its parent's hooks know it, and what the two say to each other.
//!
//! A message is one packet on a pair of sockets that only these two have, so that the parent knows by
//! the descriptor who speaks. Neither end ever waits for long: a child that does not listen, or never
//! stops talking, keeps nobody.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::sys::poll::{self, Direction};
use crate::sys::process::{End, Pid};
use crate::sys::{signal, socket};

/// What a child is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildKind {
    /// It serves connections.
    Worker,
    /// It runs `dequeue`.
    Dequeue,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildEnd {
    /// It left with this exit code.
    Code(i32),
    /// The signal of this number ended it.
    Signal(i32),
    /// Another part of the program has waited for it.
    Unknown,
}

impl From<End> for ChildEnd {
    fn from(end: End) -> Self {
        match end {
            End::Code(code) => Self::Code(code),
            End::Signal(number) => Self::Signal(number),
            End::Unknown => Self::Unknown,
        }
    }
}

/// A child, as its parent knows it. A clone is the same child: a parent that wants to tell it something
/// later keeps one.
#[derive(Debug, Clone)]
pub struct Child {
    pid: Pid,
    kind: ChildKind,
    line: Option<Arc<OwnedFd>>,
}

impl Child {
    pub(crate) fn new(pid: Pid, kind: ChildKind, line: Option<OwnedFd>) -> Self {
        Self { pid, kind, line: line.map(Arc::new) }
    }

    /// Its number, which belongs to nobody else before `cleanup_dead_child_hook`.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    pub(crate) fn process(&self) -> Pid {
        self.pid
    }

    /// What it is for.
    pub fn kind(&self) -> ChildKind {
        self.kind
    }

    /// Tells it something, which [`ServerInfo::hear_parent`](crate::ServerInfo::hear_parent) hands out
    /// there. It does not wait.
    ///
    /// # Errors
    /// `NotConnected` without `child_communication`, and in any process but its parent; `WouldBlock`
    /// where the child has not heard what it was told before; `InvalidInput` over [`Message::LONGEST`]
    /// bytes; `BrokenPipe` and the like where it is gone.
    pub fn tell(&self, what: &impl Speak) -> io::Result<()> {
        // In a child its number is another descriptor's by now.
        let line = self.line.as_ref().filter(|_| signal::is_parent()).ok_or_else(no_line)?;
        say(line, &what.to_bytes())
    }

    /// The end of the line at the parent.
    pub(crate) fn line(&self) -> Option<&OwnedFd> {
        self.line.as_deref()
    }
}

/// One message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// The most bytes of a message.
    pub const LONGEST: usize = 64 * 1024;

    /// The bytes as they were sent.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What they stand for.
    ///
    /// # Errors
    /// `InvalidData` where they stand for no such value.
    pub fn read<T: Speak>(&self) -> io::Result<T> {
        T::from_bytes(&self.0).ok_or_else(|| {
            let what = format!("a message of {} bytes that is no such value", self.0.len());
            io::Error::new(io::ErrorKind::InvalidData, what)
        })
    }
}

/// What children and their parent can say to each other: a value, and its bytes.
///
/// ```
/// use netserver::Speak;
///
/// #[derive(Debug, PartialEq)]
/// enum Report { Served(u64), Tired }
///
/// impl Speak for Report {
///     fn to_bytes(&self) -> Vec<u8> {
///         match self {
///             Self::Served(count) => count.to_bytes(),
///             Self::Tired => Vec::new(),
///         }
///     }
///
///     fn from_bytes(bytes: &[u8]) -> Option<Self> {
///         if bytes.is_empty() { Some(Self::Tired) } else { u64::from_bytes(bytes).map(Self::Served) }
///     }
/// }
///
/// assert_eq!(Report::from_bytes(&Report::Served(3).to_bytes()), Some(Report::Served(3)));
/// ```
pub trait Speak: Sized {
    /// The bytes, at most [`Message::LONGEST`] of them.
    fn to_bytes(&self) -> Vec<u8>;

    /// The value of these bytes; `None` where they are no such value. They may be anything: whoever
    /// sent them may have been taken over by a client.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl Speak for String {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
}

impl Speak for Vec<u8> {
    fn to_bytes(&self) -> Vec<u8> {
        self.clone()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

macro_rules! numbers_speak {
    ($($number:ty)+) => {$(
        impl Speak for $number {
            fn to_bytes(&self) -> Vec<u8> {
                self.to_be_bytes().to_vec()
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_be_bytes)
            }
        }
    )+};
}

numbers_speak!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128);

/// A child's end of the line to its parent.
static PARENT: OnceLock<OwnedFd> = OnceLock::new();

/// From here on this process, a child, talks with its parent by `line`.
pub(crate) fn connect_parent(line: OwnedFd) {
    // A process is the child of one parent.
    let _ = PARENT.set(line);
}

/// How long a child waits for a parent that has not heard what it was told before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells the parent something.
pub(crate) fn tell_parent(what: &impl Speak) -> io::Result<()> {
    let (line, bytes) = (PARENT.get().ok_or_else(no_line)?, what.to_bytes());
    let start = Instant::now();
    loop {
        match say(line, &bytes) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                let left = PATIENCE.saturating_sub(start.elapsed());
                if left.is_zero() {
                    let what = format!("the parent has heard nothing for {PATIENCE:?}");
                    return Err(io::Error::new(io::ErrorKind::TimedOut, what));
                }
                poll::ready(line, Direction::Write, Some(left))?;
            }
            said => return said,
        }
    }
}

/// What the parent said next, within `limit`.
pub(crate) fn hear_parent(limit: Duration) -> io::Result<Option<Message>> {
    let line = PARENT.get().ok_or_else(no_line)?;
    let (start, mut room) = (Instant::now(), Vec::new());
    loop {
        match hear(line, &mut room) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                let left = limit.saturating_sub(start.elapsed());
                if left.is_zero() {
                    return Ok(None);
                }
                poll::ready(line, Direction::Read, Some(left))?;
            }
            heard => return heard,
        }
    }
}

fn say(line: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    if bytes.len() > Message::LONGEST {
        let what = format!("a message of over {} bytes", Message::LONGEST);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    // Without it a message of no bytes would look like the end of the line.
    let bytes = [&[MARK], bytes].concat();
    loop {
        match socket::write_now(line, &bytes) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            said => return said.map(drop),
        }
    }
}

/// What each message begins with.
const MARK: u8 = b'1';

/// The next message; `None` once the other end is closed. `room` is kept by whoever hears much.
pub(crate) fn hear(line: &impl AsFd, room: &mut Vec<u8>) -> io::Result<Option<Message>> {
    // With the mark, and one byte more, so that a longer one is seen to be that.
    room.resize(Message::LONGEST + 2, 0);
    loop {
        match socket::read_now(line, room) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
            Ok(0) => return Ok(None),
            Ok(count) if count > Message::LONGEST + 1 || room[0] != MARK => {
                let what = format!("a message of {count} bytes or more that is none");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            Ok(count) => return Ok(Some(Message(room[1..count].to_vec()))),
        }
    }
}

fn no_line() -> io::Error {
    let what =
        "there is no line: child_communication is off, or this process is not its parent or child";
    io::Error::new(io::ErrorKind::NotConnected, what)
}
