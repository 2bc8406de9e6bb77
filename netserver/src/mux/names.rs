//! The names that clients have, while the loop goes on.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use super::clients::ConnId;
use crate::lookup::{self, Found};
use crate::sys::descriptor;

/// Looks for names.
#[derive(Debug)]
pub(super) struct Names {
    /// What wakes the loop.
    bell: Arc<OwnedFd>,
    tell: Sender<(ConnId, Found)>,
    told: Receiver<(ConnId, Found)>,
}

impl Names {
    pub(super) fn new(bell: &Arc<OwnedFd>) -> Self {
        let (tell, told) = mpsc::channel();
        Self { bell: Arc::clone(bell), tell, told }
    }

    /// Asks for the name of that address. What is found is told later, if ever.
    ///
    /// # Errors
    /// Where nobody can be asked.
    pub(super) fn ask(&self, id: ConnId, address: IpAddr) -> Result<(), lookup::Unconfirmed> {
        let (bell, tell) = (Arc::clone(&self.bell), self.tell.clone());
        lookup::begin(address, move |found| {
            // Nobody listens where the loop has ended.
            if tell.send((id, found)).is_ok() {
                descriptor::strike(&bell);
            }
        })
    }

    /// What was found since the last call.
    pub(super) fn found(&self) -> Option<(ConnId, Found)> {
        self.told.try_recv().ok()
    }
}
