//! A program that has no service manager to tell.

use std::time::Duration;

use crate::sys::manager::FromManager;

pub(crate) fn begin(_manager: &FromManager) {}

pub(crate) fn ready() {}

pub(crate) fn stopping() {}

pub(crate) fn reloading() {}

#[inline]
pub(crate) fn alive() {}

#[inline]
pub(crate) fn is_watched() -> bool {
    false
}

#[inline]
pub(crate) fn until_alive() -> Option<Duration> {
    None
}
