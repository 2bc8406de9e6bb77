//! All bound sockets of a server.
//!
//! Takes in endpoints, hands on sockets that listen. The set is bound whole or not at all, and is
//! never shut down: that would end it for every process that shares it. It ends when it is closed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::Socket;

use crate::error::{Error, Result};
use crate::options::Options;
use crate::proto::{Endpoint, tcp};

/// One bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: Socket,
    /// With the port that the system chose where 0 was asked for.
    endpoint: Endpoint,
}

/// All bound sockets.
#[derive(Debug)]
pub(crate) struct Listeners(Vec<Listener>);

impl Listeners {
    /// Binds every endpoint.
    ///
    /// # Errors
    /// The first one that cannot be bound; those before it are closed again.
    pub(crate) fn bind(endpoints: &[Endpoint], options: &Options) -> Result<Self> {
        endpoints.iter().map(|endpoint| bind(endpoint, options)).collect::<Result<_>>().map(Self)
    }

    /// What is listened on, in the order of the `port` option.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        self.0.iter().map(|listener| listener.endpoint).collect()
    }

    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(|listener| listener.socket.as_fd())
    }

    pub(crate) fn as_slice(&self) -> &[Listener] {
        &self.0
    }
}

fn bind(endpoint: &Endpoint, options: &Options) -> Result<Listener> {
    let cannot = |err: io::Error| Error::because(format!("cannot listen on {endpoint}"), err);
    let socket = tcp::bind(endpoint, options).map_err(cannot)?;
    let address = socket.local_addr().map_err(cannot)?;
    let address = address.as_socket().unwrap_or(endpoint.address);
    let endpoint = Endpoint { address, ..*endpoint };
    let (port, host, ipv) = (address.port(), endpoint.host(), endpoint.ipv());
    log::info!("Binding to TCP port {port} on host {host} with IPv{ipv}");
    Ok(Listener { socket, endpoint })
}
