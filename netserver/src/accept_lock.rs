//! Whose turn it is to wait for a client, where the children of a pool take turns (`serialize`).
//!
//! A lock of the kernel's belongs to the process that took it: whatever ends the child gives it back, and
//! no process that it has started keeps it. The other two are a number in shared memory, which says whose turn it is, and a pipe,
//! from which the others read until somebody writes to it. The number alone counts, so that a byte too
//! many or one that was lost with its reader does no harm: whoever reads one looks at the number, and the
//! parent sets right what a dead child has left, and wakes the next. Nobody waits to write, whatever
//! another one has done to the pipe. Neither way needs a name of a file, so that both are the same behind
//! a `chroot`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use netserver_options::Serialize;

use crate::sys::memory::SharedLines;
use crate::sys::{descriptor, signal};

/// The numbers in the shared line: whose turn it is, one more than its place, or 0; and how many wait.
const OWNER: usize = 0;
const WAITING: usize = 1;

/// What the children of a pool share.
#[derive(Debug)]
pub(crate) enum AcceptLock {
    /// A file to be locked.
    File(OwnedFd),
    /// A number, and what is read while it is another's turn.
    Number(Turns),
}

/// Whose turn it is, as a number.
#[derive(Debug)]
pub(crate) struct Turns {
    line: SharedLines,
    read: OwnedFd,
    write: OwnedFd,
}

impl AcceptLock {
    /// `None` where no turns are taken.
    ///
    /// # Errors
    /// Where the kernel has no memory or descriptor for it.
    pub(crate) fn new(how: Serialize) -> io::Result<Option<Self>> {
        match how {
            Serialize::None => Ok(None),
            Serialize::Flock => {
                Ok(Some(Self::File(descriptor::nameless_file(c"netserver accept lock")?)))
            }
            Serialize::Pipe | Serialize::Semaphore => {
                let (read, write) = descriptor::waiting_pipe()?;
                Ok(Some(Self::Number(Turns { line: SharedLines::new(1)?, read, write })))
            }
        }
    }

    /// What the child of that place takes its turns by.
    pub(crate) fn of_child(&self, place: usize) -> Taker<'_> {
        match self {
            Self::File(file) => Taker::File(file),
            Self::Number(turns) => Taker::Number(turns, owner_of(place)),
        }
    }

    /// The child of that place has ended: it is not its turn any more, and somebody else's.
    pub(crate) fn left_by(&self, place: usize) {
        if let Self::Number(turns) = self {
            let _ = turns.owner().compare_exchange(owner_of(place), 0, SeqCst, SeqCst);
            // It may have taken with it what was to wake another.
            turns.wake_one();
        }
    }
}

fn owner_of(place: usize) -> i64 {
    i64::try_from(place).map_or(i64::MAX, |place| place + 1)
}

impl Turns {
    fn owner(&self) -> &AtomicI64 {
        self.line[0].number::<OWNER>()
    }

    fn waiting(&self) -> &AtomicI64 {
        self.line[0].number::<WAITING>()
    }

    fn wake_one(&self) {
        if self.owner().load(SeqCst) == 0 && self.waiting().load(SeqCst) > 0 {
            // Where there is no room for it many others are there to be read.
            let _ = descriptor::nudge(&self.write);
        }
    }

    /// Waits for its turn. Tells whether it is, which it is not where a stop has begun.
    fn take(&self, me: i64) -> io::Result<bool> {
        loop {
            if self.owner().compare_exchange(0, me, SeqCst, SeqCst).is_ok() {
                return Ok(true);
            }
            self.waiting().fetch_add(1, SeqCst);
            // Whoever had it may have gone before this one was counted.
            let taken = self.owner().compare_exchange(0, me, SeqCst, SeqCst).is_ok();
            let read = if taken { Ok(0) } else { descriptor::read(&self.read, &mut [0]) };
            self.waiting().fetch_sub(1, SeqCst);
            if taken {
                return Ok(true);
            }
            if !signal::accepts() {
                // What it has read was for somebody who goes on.
                self.wake_one();
                return Ok(false);
            }
            match read {
                // A child that is not itself any more has turned it, for all of them.
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    // Where a stop has taken it away that is seen next.
                    let _ = descriptor::wait_again(&self.read);
                }
                Err(err) if err.kind() != io::ErrorKind::Interrupted => return Err(err),
                _ => {}
            }
        }
    }
}

/// What one child takes its turns by.
#[derive(Debug)]
pub(crate) enum Taker<'a> {
    File(&'a OwnedFd),
    Number(&'a Turns, i64),
}

impl Taker<'_> {
    /// What it waits on, for a stop to end.
    pub(crate) fn waits_on(&self) -> BorrowedFd<'_> {
        match self {
            Self::File(file) => file.as_fd(),
            Self::Number(turns, ..) => turns.read.as_fd(),
        }
    }

    /// Waits for its turn, which lasts as long as what is handed out; `None` where a stop has begun.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn take(&self) -> io::Result<Option<Turn<'_>>> {
        let taken = match self {
            Self::Number(turns, me) => turns.take(*me)?,
            Self::File(file) => loop {
                match descriptor::lock(file) {
                    Err(_) if !signal::accepts() => break false,
                    Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                    Err(err) => return Err(err),
                    Ok(()) => break true,
                }
            },
        };
        // Not made where it is none: its end would be that of another's turn.
        Ok(taken.then(|| Turn(self)))
    }
}

/// It is this child's turn.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Taker<'a>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        match self.0 {
            // It fails once a stop has taken the descriptor away, and the lock with it.
            Taker::File(file) => drop(descriptor::unlock(file)),
            Taker::Number(turns, _) => {
                turns.owner().store(0, SeqCst);
                turns.wake_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::{self, End};

    fn locks() -> [AcceptLock; 3] {
        [Serialize::Flock, Serialize::Semaphore, Serialize::Pipe]
            .map(|how| AcceptLock::new(how).unwrap().unwrap())
    }

    /// Children count one number up, each step in two parts, which only turns make one.
    #[test]
    fn one_at_a_time() {
        const ROUNDS: i64 = 2_000;
        for lock in locks() {
            let shared = SharedLines::new(1).unwrap();
            let children: Vec<_> = (0..4)
                .map(|place| {
                    process::fork(|| {
                        let taker = lock.of_child(place);
                        for _ in 0..ROUNDS {
                            let turn = taker.take().unwrap();
                            let before = shared[0].number::<0>().load(SeqCst);
                            std::thread::yield_now();
                            shared[0].number::<0>().store(before + 1, SeqCst);
                            drop(turn);
                        }
                        0
                    })
                    .unwrap()
                })
                .collect();
            for child in children {
                assert_eq!(ended(child), End::Code(0));
            }
            assert_eq!(shared[0].number::<0>().load(SeqCst), 4 * ROUNDS, "{lock:?}");
        }
    }

    #[test]
    fn whoever_ends_in_its_turn_gives_it_back() {
        for lock in locks() {
            let first = process::fork(|| {
                std::mem::forget(lock.of_child(0).take().unwrap());
                7
            });
            assert_eq!(ended(first.unwrap()), End::Code(7));
            lock.left_by(0);
            let second = process::fork(|| i32::from(lock.of_child(1).take().unwrap().is_none()));
            assert_eq!(ended(second.unwrap()), End::Code(0), "{lock:?}");
        }
    }

    #[test]
    fn without_turns_there_is_no_lock() {
        assert!(AcceptLock::new(Serialize::None).unwrap().is_none());
    }

    fn ended(child: process::Pid) -> End {
        loop {
            if let Some(end) = process::reap(child).unwrap() {
                return end;
            }
            crate::sys::poll::pause(std::time::Duration::from_millis(1)).unwrap();
        }
    }

    /// What a child that is not itself any more does to the pipe, and to the numbers.
    #[test]
    fn nobody_waits_to_wake_another() {
        for how in [Serialize::Semaphore, Serialize::Pipe] {
            let lock = AcceptLock::new(how).unwrap().unwrap();
            let AcceptLock::Number(turns) = &lock else { panic!("a file") };
            while descriptor::write(&turns.write, &[0; 4096]).is_ok() {}
            descriptor::wait_again(&turns.write).unwrap();
            turns.waiting().store(1, SeqCst);
            let taker = lock.of_child(1);
            drop(taker.take().unwrap());
            lock.left_by(0);
        }
    }
}
