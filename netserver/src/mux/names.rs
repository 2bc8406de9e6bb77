//! The names that clients have, while the loop goes on.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use super::clients::ConnId;
use crate::lookup::{self, Found, Unconfirmed};
use crate::sys::descriptor;

/// Looks for names: each address is asked for once at a time, however many clients it has.
#[derive(Debug)]
pub(super) struct Names {
    /// What wakes the loop.
    bell: Arc<OwnedFd>,
    tell: Sender<(IpAddr, Found)>,
    told: Receiver<(IpAddr, Found)>,
    /// Whose names are asked for, or will be.
    asked: HashMap<IpAddr, Vec<ConnId>>,
    /// Those that wait for others' lookups to end, and until when.
    queue: VecDeque<(IpAddr, Instant)>,
}

/// Most lookups at a time: a resolver that hangs must not take the memory of the server.
const AT_A_TIME: usize = 64;

impl Names {
    pub(super) fn new(bell: &Arc<OwnedFd>) -> Self {
        lookup::make_room_for(AT_A_TIME);
        let (tell, told) = mpsc::channel();
        let (asked, queue) = (HashMap::new(), VecDeque::new());
        Self { bell: Arc::clone(bell), tell, told, asked, queue }
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
        self.forget_late_ones(now);
        if let Some(others) = self.asked.get_mut(&address) {
            others.push(id);
            return Ok(());
        }
        match self.begin(address) {
            Err(Unconfirmed::Crowded) => self.queue.push_back((address, until)),
            begun => begun?,
        }
        self.asked.insert(address, vec![id]);
        Ok(())
    }

    fn begin(&self, address: IpAddr) -> Result<(), Unconfirmed> {
        let (bell, tell) = (Arc::clone(&self.bell), self.tell.clone());
        lookup::begin(address, move |found| {
            // Nobody listens where the loop has ended.
            if tell.send((address, found)).is_ok() {
                descriptor::strike(&bell);
            }
        })
    }

    /// Those in the queue whose first client waits no longer.
    fn forget_late_ones(&mut self, now: Instant) {
        while let Some((address, _)) = self.queue.front().filter(|(_, until)| *until <= now) {
            self.asked.remove(address);
            self.queue.pop_front();
        }
    }

    /// What was found since the last call, and for whom. Whoever waits for that comes next.
    pub(super) fn found(&mut self, now: Instant) -> Option<(Vec<ConnId>, Found)> {
        let (address, found) = self.told.try_recv().ok()?;
        self.forget_late_ones(now);
        while let Some((next, until)) = self.queue.pop_front() {
            match self.begin(next) {
                Ok(()) => break,
                Err(Unconfirmed::Crowded) => {
                    self.queue.push_front((next, until));
                    break;
                }
                // It is without a name as it would be had it come first.
                Err(why) => drop(self.tell.send((next, Err(why)))),
            }
        }
        Some((self.asked.remove(&address).unwrap_or_default(), found))
    }
}
