//! What all processes of a server know together of its log: what was lost, and whether somebody takes what
//! is written.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use nix::libc;

use crate::sys::clock;
use crate::sys::memory::SharedLines;

static PAGE: OnceLock<SharedLines> = OnceLock::new();

/// How much of each second may go by in waiting for somebody who does not take what is written.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
const WINDOW: i64 = 1_000_000_000;

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
        for number in
            [page.lost(), page.why(), page.window(), page.spent(), page.cut(), page.failed()]
        {
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

    /// When the time began of which a part may be spent waiting.
    fn window(self) -> &'static AtomicI64 {
        self.0[0].number::<2>()
    }

    /// How much of it was, in nanoseconds.
    fn spent(self) -> &'static AtomicI64 {
        self.0[0].number::<6>()
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

    /// How long all processes together may still wait now for somebody to take what is written.
    pub(super) fn patience(self) -> Duration {
        let now = clock::monotonic();
        let since = now.wrapping_sub(self.window().load(SeqCst));
        if !(0..WINDOW).contains(&since) {
            self.window().store(now, SeqCst);
            self.spent().store(0, SeqCst);
        }
        let spent = u64::try_from(self.spent().load(SeqCst)).unwrap_or(0);
        PATIENCE.saturating_sub(Duration::from_nanos(spent))
    }

    /// So long was waited.
    pub(super) fn waited(self, time: Duration) {
        self.spent().fetch_add(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX), SeqCst);
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
