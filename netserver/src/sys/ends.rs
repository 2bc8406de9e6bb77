//! The descriptors that a stop takes away from a process, so that a blocked call ends at once.
//!
//! A worker that waits for a connection is woken by replacing every descriptor that it waits on by one
//! that is good for nothing: accept fails at once, whether it was entered or not, and that costs a worker
//! no further system call. Its listeners are gone with it, so that no client waits for a process that
//! takes no more. A connection that is cut has `/dev/null` in its place.

use std::cell::Cell;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};
use std::thread;

use nix::libc;

use super::descriptor;
use super::noted::Noted;
use super::own::own;
use crate::stop::Stage;

/// What replaces others: `NULL` is `/dev/null`; `NOTHING` is the same opened for nothing at all, on which
/// every call fails. Children have them from their parent.
static NULL: Noted = Noted::none();
static NOTHING: Noted = Noted::none();

/// While it lives, there is something to replace others by.
pub(super) struct Replacements {
    _null: OwnedFd,
    _nothing: OwnedFd,
}

impl Replacements {
    pub(super) fn new() -> io::Result<Self> {
        let (null, nothing) = (descriptor::null()?, descriptor::nothing()?);
        NULL.note(null.as_fd());
        NOTHING.note(nothing.as_fd());
        Ok(Self { _null: null, _nothing: nothing })
    }
}

impl Drop for Replacements {
    fn drop(&mut self) {
        NULL.forget();
        NOTHING.forget();
    }
}

/// Lends `/dev/null`: the one that a server has had since its start, as there may be none at that path
/// any more.
pub(crate) fn with_null<T>(use_it: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
    match NULL.number() {
        ..0 => use_it(descriptor::null()?.as_fd()),
        // SAFETY: the thread that the server runs in has noted it, and forgets it before it is closed.
        number => use_it(unsafe { BorrowedFd::borrow_raw(number) }),
    }
}

/// Ends every wait for a connection: for good, but where there are spares.
pub(super) fn end_waiting() {
    end(&own().waiting);
}

/// Takes the spares, too.
pub(super) fn end_spares() {
    end(&own().spares);
}

fn end(known: &AtomicPtr<Vec<RawFd>>) {
    // SAFETY: it is null, or what a `Waiting` or a `Spares` of this thread has borrowed, which puts another
    // one here before it goes.
    let known = unsafe { known.load(SeqCst).as_ref() };
    let nothing = NOTHING.number();
    known.into_iter().flatten().for_each(|descriptor| put_over(nothing, *descriptor));
}

/// Replaces a descriptor by another: whoever is blocked on it is interrupted by this very signal,
/// whoever comes later meets what the other one is.
fn put_over(other: RawFd, descriptor: RawFd) {
    if other >= 0 && descriptor >= 0 {
        // SAFETY: both are open descriptors of this process, as whoever made the second known holds
        // it for as long. It closes the replacement as it would have closed the original.
        unsafe { libc::dup3(other, descriptor, libc::O_CLOEXEC) };
    }
}

/// Ends every connection that is served.
pub(super) fn cut_serving() {
    own().serving.lend(cut);
    // SAFETY: it is null, or a place, which stands for as long as the process.
    let mut next = unsafe { own().others_serving.load(SeqCst).as_ref() };
    while let Some(place) = next {
        place.serving.lend(cut);
        next = place.next;
    }
}

/// Where one thread after the other has the connection that it serves, in a process that serves in several:
/// on a line of its own, as each is written to all the time.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Place {
    serving: Noted,
    /// The one that was made before it.
    next: Option<&'static Self>,
}

thread_local! {
    /// That of this thread, where it serves beside others.
    static PLACE: Cell<Option<&'static Place>> = const { Cell::new(None) };
}

impl Place {
    /// One more, which stands until the process ends: there are as many as there were ever threads at a time.
    /// For the thread alone that the server runs in.
    pub(crate) fn add() -> &'static Self {
        // SAFETY: it is null, or another place.
        let next = unsafe { own().others_serving.load(SeqCst).as_ref() };
        let place: &'static Self = Box::leak(Box::new(Self { serving: Noted::none(), next }));
        own().others_serving.store(ptr::from_ref(place).cast_mut(), SeqCst);
        place
    }

    /// From here on what the calling thread serves is there.
    pub(crate) fn take(&'static self) {
        PLACE.set(Some(self));
    }
}

/// Ends a connection for whoever reads or writes it, in other threads and processes too: with a
/// reset where that can be had, as half a reply must not look like a whole one.
fn cut(descriptor: RawFd) {
    if descriptor < 0 {
        return;
    }
    // An address of the family AF_UNSPEC, which is 0: connecting to it ends what is connected.
    let nowhere = [0_u16; 8];
    // SAFETY: the address lives in this frame and is 16 bytes, which the kernel copies.
    let result = unsafe { libc::connect(descriptor, nowhere.as_ptr().cast(), 16) };
    if result != 0 {
        // Somebody else waits for it: its end is a reset once all have let go of it.
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // SAFETY: the value lives in this frame and is 8 bytes, which the kernel copies.
        unsafe {
            libc::setsockopt(
                descriptor,
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const at_once).cast(),
                8,
            )
        };
        // SAFETY: it asks nothing of its caller; on what is no socket it fails.
        unsafe { libc::shutdown(descriptor, libc::SHUT_RDWR) };
    }
    put_over(NULL.number(), descriptor);
}

/// Descriptors that `'a` keeps open, for the handler to know.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    descriptors: Vec<RawFd>,
    lent: PhantomData<BorrowedFd<'a>>,
}

impl<'a> Known<'a> {
    #[inline]
    pub(crate) fn new(descriptors: impl IntoIterator<Item = BorrowedFd<'a>>) -> Self {
        let descriptors = descriptors.into_iter().map(|descriptor| descriptor.as_raw_fd());
        Self { descriptors: descriptors.collect(), lent: PhantomData }
    }
}

/// While it lives, a stop takes these descriptors away, and not those it would have
/// otherwise: their turn comes, if a stop has begun, when this goes. It must not be forgotten.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    before: *mut Vec<RawFd>,
    known: PhantomData<&'a Known<'a>>,
}

impl<'a> Waiting<'a> {
    /// From here on; at once where the stop has begun.
    #[inline]
    pub(crate) fn on(known: &'a Known<'a>) -> Self {
        let before = own().waiting.swap((&raw const known.descriptors).cast_mut(), SeqCst);
        end_waiting_if_stopped();
        Self { before, known: PhantomData }
    }
}

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        own().waiting.store(self.before, SeqCst);
        end_waiting_if_stopped();
    }
}

#[inline]
fn end_waiting_if_stopped() {
    if !own().accepts() {
        end_waiting();
    }
}

/// While it lives, these are put back where a call has taken what they are spares of, and a stop takes them,
/// too.
#[derive(Debug)]
pub(crate) struct Spares<'a>(PhantomData<&'a Known<'a>>);

impl<'a> Spares<'a> {
    /// From here on; a stop that has begun takes them at once.
    pub(crate) fn are(known: &'a Known<'a>) -> Self {
        own().spares.store((&raw const known.descriptors).cast_mut(), SeqCst);
        if !own().stage().accepts() {
            end_spares();
        }
        Self(PhantomData)
    }
}

impl Drop for Spares<'_> {
    fn drop(&mut self) {
        own().spares.store(ptr::null_mut(), SeqCst);
    }
}

/// While it lives, a quick stop cuts a stream and puts `/dev/null` over it. It must go before the
/// stream is closed, and does not while it is being cut: its number may be another's then.
#[derive(Debug)]
pub(crate) struct Cuttable(&'static Noted);

impl Cuttable {
    /// Makes `stream` known, and cuts it at once where a quick stop has begun.
    #[inline]
    pub(crate) fn new(stream: BorrowedFd<'_>) -> Self {
        let serving = PLACE.get().map_or(&own().serving, |place| &place.serving);
        serving.note(stream);
        if own().stage() >= Stage::Quick {
            cut(stream.as_raw_fd());
        }
        Self(serving)
    }
}

impl Drop for Cuttable {
    #[inline]
    fn drop(&mut self) {
        // In a copy of the process nobody is there to be waited for.
        while !self.0.try_forget() && !own().is_copy() {
            thread::yield_now();
        }
    }
}
