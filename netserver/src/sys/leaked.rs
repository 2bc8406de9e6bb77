//! A value that stands for as long as the process, and that another one may take the place of.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

/// None, or a value that is never freed. Nothing is locked: a fork at any moment leaves it whole.
#[derive(Debug)]
pub(crate) struct Leaked<T: 'static>(AtomicPtr<T>);

impl<T: Send + Sync + 'static> Leaked<T> {
    pub(crate) const fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value that was set last.
    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: it is null, or what `set` has leaked, which nobody changes or frees.
        unsafe { self.0.load(SeqCst).as_ref() }
    }

    /// Sets it. What was set before stays where it is, as somebody may be using it.
    pub(crate) fn set(&self, value: T) {
        self.0.store(Box::leak(Box::new(value)), SeqCst);
    }
}
