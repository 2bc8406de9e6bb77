//! How children come to the file that their parent has opened anew: it lies in a message that each of them
//! looks at, once it sees that there is another one. Where a hostile child takes the message away the
//! others stay at the old file until the next time.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use super::page::Page;
use crate::sys::descriptor::{self, Private};
use crate::sys::handed;

/// What the parent puts it into, and what children look into.
#[derive(Debug)]
struct Pair {
    /// No child has it.
    gives: Private<OwnedFd>,
    takes: OwnedFd,
}

static PAIR: OnceLock<Pair> = OnceLock::new();

/// The file that this process has; a child begins with that of its parent.
static HAS: AtomicI64 = AtomicI64::new(0);

/// A parent is about to have children.
pub(super) fn begin(page: Page) -> io::Result<()> {
    HAS.store(page.epoch().load(SeqCst), SeqCst);
    if PAIR.get().is_none() {
        let (gives, takes) = descriptor::message_pair()?;
        // Somebody else may have set it meanwhile, which is as good.
        let _ = PAIR.set(Pair { gives: Private::new(gives), takes });
    }
    Ok(())
}

/// Has the children that there are take this one.
pub(super) fn give(file: &impl AsFd, page: Page) -> io::Result<()> {
    let Some(pair) = PAIR.get() else { return Ok(()) };
    handed::take_away(&pair.takes);
    if handed::give(&pair.gives, file).is_err() {
        // A child may have shut it for all: those to come have another.
        let (gives, takes) = descriptor::message_pair()?;
        descriptor::put_over(pair.gives.as_fd(), &gives)?;
        descriptor::put_over(pair.takes.as_fd(), &takes)?;
        handed::give(&pair.gives, file)?;
    }
    HAS.store(page.epoch().fetch_add(1, SeqCst).wrapping_add(1), SeqCst);
    Ok(())
}

/// The file that there is now, where it is another one than this process has. No system call where it is
/// not.
#[inline]
pub(super) fn news(page: Page) -> Option<News> {
    let epoch = page.epoch().load(SeqCst);
    if epoch == HAS.load(SeqCst) {
        return None;
    }
    // In between two there is none: it is looked again at the next record.
    let file = handed::look(&PAIR.get()?.takes).ok()?;
    Some(News { file, epoch })
}

/// Another file.
#[derive(Debug)]
pub(super) struct News {
    pub(super) file: OwnedFd,
    epoch: i64,
}

impl News {
    /// This process has it now.
    pub(super) fn taken(self) {
        HAS.store(self.epoch, SeqCst);
    }
}
