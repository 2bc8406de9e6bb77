//! How the server is, told to the service manager that wants to hear it (`NOTIFY_SOCKET`).
//!
//! Takes in where that is, and hands nothing on. Only the process that began is heard: whatever a child
//! calls here says nothing. Without the feature `systemd` nobody wants to hear anything.

#[cfg(not(feature = "systemd"))]
mod nobody;
#[cfg(feature = "systemd")]
mod teller;

#[cfg(not(feature = "systemd"))]
pub(crate) use nobody::{alive, begin, is_watched, ready, reloading, stopping, until_alive};
#[cfg(feature = "systemd")]
pub(crate) use teller::{alive, begin, is_watched, ready, reloading, stopping, until_alive};
