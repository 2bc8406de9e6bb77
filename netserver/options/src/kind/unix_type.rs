//! Streams or datagrams, by the names of the sockets.

use super::Choices;

/// What a UNIX socket takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnixType {
    /// Streams, each from one client.
    Stream,
    /// Datagrams.
    Dgram,
}

impl Choices for UnixType {
    fn named() -> Vec<(&'static str, Self)> {
        vec![("sock_stream", Self::Stream), ("sock_dgram", Self::Dgram)]
    }
}
