//! What both ends of a connection say before the handler's own protocol.

use std::io;

use crate::connection::Connection;

/// A protocol that both ends speak before the handler's own: it tells who the client really is, or
/// what it may do. `proto = Proxied` in the attribute names one.
///
/// ```
/// use netserver::prelude::*;
/// use netserver::Proto;
///
/// /// Clients say a password first.
/// struct Locked;
///
/// impl Proto for Locked {
///     fn handshake(conn: &mut Connection) -> io::Result<()> {
///         match conn.next_line()?.as_deref() {
///             Some("open sesame") => Ok(()),
///             _ => Err(io::Error::other("a wrong password")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no protocol",
    label = "not a protocol",
    note = "implement `netserver::Proto` for it: `fn handshake(conn: &mut Connection) -> io::Result<()>`"
)]
pub trait Proto {
    /// Speaks first.
    ///
    /// *When:* in the worker, right after accept and before every hook; a slow client keeps nobody
    /// else waiting. The time limits are those of the connection.
    ///
    /// # Errors
    /// Are logged and end the connection, of which no hook hears: at level 3 where they are the
    /// connection's own, at level 1 otherwise.
    fn handshake(conn: &mut Connection) -> io::Result<()>;
}

/// What a protocol of somebody's own does first.
pub(crate) type Handshake = fn(&mut Connection) -> io::Result<()>;
