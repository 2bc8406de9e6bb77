//! What a process of a server knows of itself, on a page that the kernel wipes in every process that is
//! forked from it, whoever forks it.
//!
//! So a process knows without a system call whether it is a copy, a copy knows nothing that was another's,
//! and a fork copies nothing of it: neither parent nor child has a page to copy when it changes something
//! here. All zeroes stand for a copy that nobody has claimed.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, Ordering::SeqCst};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous};

use super::ends::Place;
use super::noted::Noted;
use crate::stop::{Role, Stage};

/// All of it. What it holds is valid when it is zero.
#[derive(Debug)]
pub(super) struct Own {
    /// Whether this process is no copy, or has a role that was meant for it.
    claimed: AtomicBool,
    role: AtomicU8,
    stage: AtomicU8,
    /// Whether a hook of the parent runs.
    pub(super) in_hook: AtomicBool,
    /// A child's parent.
    pub(super) parent: AtomicI32,
    /// Whether this child's parent may have been gone before it asked to be told of that.
    pub(super) unsure: AtomicBool,
    /// Rung where this child is to look for clients that nobody was woken for.
    pub(super) bell: Noted,
    /// The thread that serves; 0 stands for the first of its process, which it is in every child.
    pub(super) thread: AtomicI32,
    /// What a parent is to do beside its stop: children more or less.
    pub(super) resize: AtomicI32,
    /// Whether HUP has come, and was not looked at.
    pub(super) hup: AtomicBool,
    /// Whether a process that serves alone is called away from its listeners, to look at something.
    pub(super) called: AtomicBool,
    /// Whether whoever manages or serves alone is to open its log anew.
    pub(super) reopen: AtomicBool,
    /// Whether it has begun to drain, and nobody was told of that yet.
    pub(super) drains: AtomicBool,
    /// The end of a pipe that wakes the parent.
    pub(super) wake: Noted,
    /// Whether the parent was woken, and has not looked yet.
    pub(super) woken: AtomicBool,
    /// Whether a stop of this process is timed by its own alarm.
    pub(super) timed: AtomicBool,
    /// The connection that is served, by the thread that the server runs in; and those of others, each in a
    /// place of its own; null stands for none.
    pub(super) serving: Noted,
    pub(super) others_serving: AtomicPtr<Place>,
    /// What a stop ends, as [`Waiting`](super::ends::Waiting) has it; null stands for nothing.
    pub(super) waiting: AtomicPtr<Vec<RawFd>>,
    /// What it ends beside that, of a process that is called away and comes back; null stands for nothing.
    pub(super) spares: AtomicPtr<Vec<RawFd>>,
}

/// That of a process in which there was no server yet.
static NOBODY: Own = Own::new();
static OWN: AtomicPtr<Own> = AtomicPtr::new((&raw const NOBODY).cast_mut());

/// That of the calling process.
#[inline]
pub(super) fn own() -> &'static Own {
    // SAFETY: it is a static, or a page that is never unmapped, aligned, and valid when it is zero.
    unsafe { &*OWN.load(SeqCst) }
}

impl Own {
    const fn new() -> Self {
        Self {
            claimed: AtomicBool::new(false),
            role: AtomicU8::new(Role::Starting as u8),
            stage: AtomicU8::new(Stage::Serving as u8),
            in_hook: AtomicBool::new(false),
            parent: AtomicI32::new(0),
            unsure: AtomicBool::new(false),
            bell: Noted::none(),
            thread: AtomicI32::new(0),
            resize: AtomicI32::new(0),
            hup: AtomicBool::new(false),
            called: AtomicBool::new(false),
            reopen: AtomicBool::new(false),
            drains: AtomicBool::new(false),
            wake: Noted::none(),
            woken: AtomicBool::new(false),
            timed: AtomicBool::new(false),
            serving: Noted::none(),
            others_serving: AtomicPtr::new(ptr::null_mut()),
            waiting: AtomicPtr::new(ptr::null_mut()),
            spares: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The calling process is no copy from here on. What it holds stays as it is.
    ///
    /// # Errors
    /// Where there is no memory for the page, or the kernel knows no such pages.
    pub(super) fn begin() -> io::Result<()> {
        if ptr::eq(OWN.load(SeqCst), &raw const NOBODY) {
            let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
            let bytes = const { NonZeroUsize::new(size_of::<Self>()).unwrap() };
            // SAFETY: a new anonymous mapping touches no memory that anybody has.
            let page = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_PRIVATE) }?;
            // SAFETY: the advice is for what was mapped just now, and is taken before it is used.
            unsafe { madvise(page, bytes.get(), MmapAdvise::MADV_WIPEONFORK) }?;
            OWN.store(page.cast().as_ptr(), SeqCst);
        }
        own().claim();
        Ok(())
    }

    /// It is meant to be what it is, although it was forked. No system call.
    #[inline]
    pub(super) fn claim(&self) {
        self.claimed.store(true, SeqCst);
    }

    /// Whether somebody forked this process from one that has begun, and nobody has claimed it.
    #[inline]
    pub(super) fn is_copy(&self) -> bool {
        !self.claimed.load(SeqCst)
    }

    /// What it does, as far as anybody has said.
    pub(super) fn role(&self) -> Role {
        const ROLES: [Role; 4] = [Role::Starting, Role::Parent, Role::Alone, Role::Child];
        let number = self.role.load(SeqCst);
        ROLES.into_iter().find(|role| *role as u8 == number).unwrap_or(Role::Starting)
    }

    pub(super) fn set_role(&self, role: Role) {
        self.role.store(role as u8, SeqCst);
    }

    /// How far its stop has gone.
    #[inline]
    pub(super) fn stage(&self) -> Stage {
        Stage::from_number(self.stage.load(SeqCst))
    }

    /// Whether it takes new clients at this moment.
    #[inline]
    pub(super) fn accepts(&self) -> bool {
        self.stage().accepts() && !self.called.load(SeqCst)
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, SeqCst);
    }
}
