//! Connections that are closed here and that a copy of this process still has.
//!
//! Whoever forks in a callback and does not exec leaves such a copy. The kernel goes on to tell of a connection
//! that the copy has, and cannot be asked to stop that by whoever has closed it; so the loop would turn without end
//! as long as something is to be read there. A new set knows nothing of it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::event_loop::{BELL, GATE, PARENT, Turns};
use super::server::MuxServer;
use crate::sys::poll::PollSet;

/// A set with all that is waited for beside clients.
///
/// # Errors
/// Where there is no descriptor, or no memory for it.
pub(super) fn new_set(
    bell: &OwnedFd,
    listeners: Option<&impl AsFd>,
    parent: Option<&OwnedFd>,
) -> io::Result<PollSet> {
    let set = PollSet::new()?;
    set.add(bell, BELL)?;
    if let Some(listeners) = listeners {
        set.add(listeners, GATE)?;
    }
    if let Some(parent) = parent {
        set.add_end_of(parent, PARENT)?;
    }
    Ok(set)
}

impl<S: MuxServer> Turns<'_, S> {
    /// Waits by a new set where the kernel has told of the same that is nobody's `before` and in this turn. Once it
    /// may tell of who was closed in that very turn.
    pub(super) fn leave_strangers(&mut self, before: &[u64]) {
        if !before.iter().any(|number| self.strangers.contains(number)) {
            return;
        }
        // Where there is no descriptor for it there may be one in the next turn.
        if let Ok(set) = self.set_of_all() {
            self.set = set;
        }
    }

    fn set_of_all(&self) -> io::Result<PollSet> {
        let set = new_set(&self.bell, self.gate.set(), self.parent.as_ref())?;
        for client in self.clients.iter() {
            if let (Some(stream), Some(interest)) = (client.conn.stream(), client.interest) {
                set.add_for(&stream, interest, client.id.number())?;
            }
        }
        Ok(set)
    }
}
