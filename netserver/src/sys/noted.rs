//! A descriptor that the handler of signals knows, which may run in another thread than whoever notes it.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

/// The number of a descriptor, or none. None is 0 in memory: what was wiped notes nothing.
#[derive(Debug)]
pub(super) struct Noted(AtomicI32);

/// In place of the number while the handler uses it.
const BORROWED: i32 = -1;

impl Noted {
    pub(super) const fn none() -> Self {
        Self(AtomicI32::new(0))
    }

    /// Whoever notes it keeps it open until it is forgotten.
    #[inline]
    pub(super) fn note(&self, descriptor: BorrowedFd<'_>) {
        self.0.store(descriptor.as_raw_fd().saturating_add(1), SeqCst);
    }

    #[inline]
    pub(super) fn forget(&self) {
        self.0.store(0, SeqCst);
    }

    /// The same, unless the handler has borrowed it at this moment. Tells whether it was forgotten.
    #[inline]
    pub(super) fn try_forget(&self) -> bool {
        let noted = self.0.load(SeqCst);
        noted != BORROWED && self.0.compare_exchange(noted, 0, SeqCst, SeqCst).is_ok()
    }

    /// Lends its number to the handler: nobody forgets it meanwhile, and closes it. Where there is none, or
    /// it changes just now, nothing is lent.
    pub(super) fn lend(&self, to: impl FnOnce(RawFd)) {
        let noted = self.0.load(SeqCst);
        if noted > 0 && self.0.compare_exchange(noted, BORROWED, SeqCst, SeqCst).is_ok() {
            to(noted - 1);
            self.0.store(noted, SeqCst);
        }
    }

    /// Its number; -1 stands for none.
    #[inline]
    pub(super) fn number(&self) -> RawFd {
        self.0.load(SeqCst) - 1
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_the_handler_uses_is_not_forgotten_meanwhile() {
        let noted = Noted::none();
        noted.lend(|number| panic!("{number} was never noted"));
        assert!(noted.try_forget());
        let descriptor = std::io::stdin();
        noted.note(descriptor.as_fd());
        std::thread::scope(|scope| {
            let ((begun, begins), (over, ends)) = (mpsc::channel(), mpsc::channel::<()>());
            let noted = &noted;
            scope.spawn(move || {
                noted.lend(|number| {
                    begun.send(number).unwrap();
                    ends.recv().unwrap();
                });
            });
            assert_eq!(begins.recv().unwrap(), descriptor.as_fd().as_raw_fd());
            assert!(!noted.try_forget());
            noted.lend(|_| panic!("it is lent already"));
            over.send(()).unwrap();
        });
        assert_eq!(noted.number(), descriptor.as_fd().as_raw_fd());
        assert!(noted.try_forget());
        assert_eq!(noted.number(), -1);
    }
}
