//! What all processes of a server know together of its log: what was lost, and whether somebody takes what
//! is written.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use nix::libc;

use crate::sys::memory::SharedLines;

static PAGE: OnceLock<SharedLines> = OnceLock::new();

/// What stands for no error number: a record that was written in part.
const IN_PART: i64 = 0;

/// What says yes on the page: nothing that a child may have left there that has lost its mind.
const YES: i64 = i64::from_be_bytes(*b"log: yes");

/// What one lost record counts: as above, any other number of it is nobody's.
const ONE: i64 = 1_000_003;

/// The one of this process and of those that it forks from here on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page(&'static SharedLines);

impl Page {
    /// # Errors
    /// Where there is no memory for it.
    pub(super) fn begin() -> io::Result<Self> {
        if PAGE.get().is_none() {
            // Somebody else may have set it meanwhile, which is as good.
            let _ = PAGE.set(SharedLines::new(1)?);
        }
        let page = PAGE.get().ok_or_else(|| io::Error::other("no memory"))?;
        let page = Self(page);
        for number in [page.lost(), page.why(), page.blocked(), page.cut(), page.failed()] {
            number.store(0, SeqCst);
        }
        Ok(page)
    }

    fn lost(self) -> &'static AtomicI64 {
        self.0[0].number::<0>()
    }

    fn why(self) -> &'static AtomicI64 {
        self.0[0].number::<1>()
    }

    fn blocked(self) -> &'static AtomicI64 {
        self.0[0].number::<2>()
    }

    fn cut(self) -> &'static AtomicI64 {
        self.0[0].number::<3>()
    }

    /// When whoever takes the records could not be reached for the last time.
    pub(super) fn failed(self) -> &'static AtomicI64 {
        self.0[0].number::<4>()
    }

    /// How often there was another file.
    pub(super) fn epoch(self) -> &'static AtomicI64 {
        self.0[0].number::<5>()
    }

    /// So many records did not go through, or only in part where there is no error.
    pub(super) fn lose(self, count: i64, err: Option<&io::Error>) {
        let why = err.map_or(IN_PART, |err| i64::from(err.raw_os_error().unwrap_or(libc::EIO)));
        if why != IN_PART || self.why().load(SeqCst) == IN_PART {
            self.why().store(why, SeqCst);
        }
        self.lost().fetch_add(count.saturating_mul(ONE), SeqCst);
    }

    /// How many records were lost since it was last asked. Whoever asks tells.
    pub(super) fn take_lost(self) -> i64 {
        // Most of the time there are none, and nobody else has to be kept from looking.
        let lost = self.lost().load(SeqCst);
        let lost = if lost == 0 { 0 } else { self.lost().swap(0, SeqCst) };
        if lost > 0 && lost % ONE == 0 { lost / ONE } else { 0 }
    }

    /// Why they were.
    pub(super) fn reason(self) -> String {
        match self.why().load(SeqCst) {
            IN_PART => "they could be written only in part".into(),
            number => match i32::try_from(number).unwrap_or(libc::EIO) {
                libc::EAGAIN => "nobody took them in time".into(),
                number => io::Error::from_raw_os_error(number).to_string(),
            },
        }
    }

    /// Whether it has been waited in vain for somebody to take what is written.
    pub(super) fn is_blocked(self) -> bool {
        self.blocked().load(SeqCst) == YES
    }

    pub(super) fn set_blocked(self, blocked: bool) {
        if self.is_blocked() != blocked {
            self.blocked().store(if blocked { YES } else { 0 }, SeqCst);
        }
    }

    /// The last record was cut off: the next one has to end it first.
    pub(super) fn note_cut(self) {
        self.cut().store(YES, SeqCst);
    }

    /// Whether there is one to be ended. Whoever asks ends it. Any other number is a hostile child's.
    pub(super) fn take_cut(self) -> bool {
        self.cut().load(SeqCst) == YES && self.cut().swap(0, SeqCst) == YES
    }
}
