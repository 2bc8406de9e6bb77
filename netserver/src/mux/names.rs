//! The names that clients have, while the loop goes on.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use super::clients::ConnId;
use crate::lookup::{self, Found, Unconfirmed};
use crate::sys::descriptor;

/// Looks for names.
#[derive(Debug)]
pub(super) struct Names {
    /// What wakes the loop.
    bell: Arc<OwnedFd>,
    tell: Sender<(ConnId, Found)>,
    told: Receiver<(ConnId, Found)>,
    /// Those who wait for others' lookups to end, and until when.
    queue: VecDeque<(ConnId, IpAddr, Instant)>,
}

/// Most lookups at a time: a resolver that hangs is to keep nobody waiting but those who ask it, and must not
/// take the memory of the server.
const AT_A_TIME: usize = 64;

impl Names {
    pub(super) fn new(bell: &Arc<OwnedFd>) -> Self {
        lookup::make_room_for(AT_A_TIME);
        let (tell, told) = mpsc::channel();
        Self { bell: Arc::clone(bell), tell, told, queue: VecDeque::new() }
    }

    /// Asks for the name of that address, of somebody who waits for it until then. What is found is told later, if
    /// ever.
    ///
    /// # Errors
    /// Where nobody can be asked.
    pub(super) fn ask(
        &mut self,
        id: ConnId,
        address: IpAddr,
        (now, until): (Instant, Instant),
    ) -> Result<(), Unconfirmed> {
        while self.queue.front().is_some_and(|(_, _, until)| *until <= now) {
            self.queue.pop_front();
        }
        match self.begin(id, address) {
            Err(Unconfirmed::Crowded) => {
                self.queue.push_back((id, address, until));
                Ok(())
            }
            begun => begun,
        }
    }

    fn begin(&self, id: ConnId, address: IpAddr) -> Result<(), Unconfirmed> {
        let (bell, tell) = (Arc::clone(&self.bell), self.tell.clone());
        lookup::begin(address, move |found| {
            // Nobody listens where the loop has ended.
            if tell.send((id, found)).is_ok() {
                descriptor::strike(&bell);
            }
        })
    }

    /// What was found since the last call. Whoever waits for that comes next.
    pub(super) fn found(&mut self, now: Instant) -> Option<(ConnId, Found)> {
        let found = self.told.try_recv().ok()?;
        while let Some((id, address, until)) = self.queue.pop_front() {
            if until <= now {
                continue;
            }
            match self.begin(id, address) {
                Ok(()) => break,
                Err(Unconfirmed::Crowded) => {
                    self.queue.push_front((id, address, until));
                    break;
                }
                // It is without a name as it would be had it come first.
                Err(why) => drop(self.tell.send((id, Err(why)))),
            }
        }
        Some(found)
    }
}
