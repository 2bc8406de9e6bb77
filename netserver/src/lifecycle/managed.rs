//! A server that a service manager has started: what it was given, and who wants to hear of it.

use netserver_options::BuiltIn;

use super::phase::Configured;
use crate::error::{Error, Result};
use crate::inherit::Inheritance;
use crate::notify;
use crate::sys::manager::FromManager;

impl Configured {
    /// Takes what was given.
    ///
    /// # Errors
    /// A descriptor that clients cannot come to.
    pub(crate) fn under(mut self, manager: FromManager) -> Result<Self> {
        notify::begin(&manager);
        if manager.left {
            log::warn!(
                "the service manager's variables stay in the environment, as there is a thread that may \
                 be reading it: start threads in child_init_hook"
            );
        }
        if manager.unheard {
            log::warn!(
                "LISTEN_FDS or NOTIFY_SOCKET is for this process, which takes no sockets and tells nobody that it \
                 serves: it was built without netserver's feature `systemd`"
            );
        }
        let given = manager.descriptors;
        let given = given.map_err(|err| Error::because("cannot take the given sockets", err))?;
        // Its one client is standard input, and sees the end of the connection when that is closed.
        if self.personality != Some(BuiltIn::Inet) {
            self.inheritance = Inheritance::of(given)?;
        }
        Ok(self)
    }
}
