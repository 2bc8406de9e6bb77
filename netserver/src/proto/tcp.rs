//! TCP: bind.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::Endpoint;
use crate::options::Options;

/// A socket that listens on `endpoint`, with everything set on it that accepted connections
/// inherit, so that it costs no call on each of them.
///
/// # Errors
/// What the kernel says: the address is in use, is not ours, or needs privileges.
pub(crate) fn bind(endpoint: &Endpoint, options: &Options) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(endpoint.address), Type::STREAM, None)?;
    // What a former server left in TIME_WAIT must not keep the next one out.
    socket.set_reuse_address(true)?;
    if let SocketAddr::V6(_) = endpoint.address {
        socket.set_only_v6(!endpoint.dual)?;
    }
    // Writes are gathered before they are made, so there is nothing to wait for.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(options.keepalive())?;
    socket.set_read_timeout(limit(options.read_timeout()))?;
    socket.set_write_timeout(limit(options.write_timeout()))?;
    socket.bind(&endpoint.address.into())?;
    socket.listen(i32::try_from(options.listen()).unwrap_or(i32::MAX))?;
    Ok(socket)
}

/// 0 means no limit.
fn limit(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}
