//! What both ends of a TLS connection agreed on, for handlers.

use super::session::Session;

/// What both ends of a TLS connection agreed on.
#[derive(Debug, Clone, Copy)]
pub struct Tls<'a>(&'a Session);

impl<'a> Tls<'a> {
    pub(crate) const fn new(session: &'a Session) -> Self {
        Self(session)
    }

    /// The host name that the client asked for, in lower case (SNI).
    pub fn server_name(&self) -> Option<&'a str> {
        self.0.sni()
    }

    /// The protocol that is spoken inside (ALPN), where the client offered any.
    pub fn alpn(&self) -> Option<&'a [u8]> {
        self.0.alpn()
    }

    /// The certificates that the client has shown and that were found right, its own first, as DER.
    /// Empty where it has shown none.
    pub fn peer_certificates(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.0.peer_certificates()
    }

    /// `TLSv1.3` or `TLSv1.2`.
    pub fn version(&self) -> &'static str {
        self.0.protocol_version().unwrap_or("unknown")
    }

    /// The name of the cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub fn cipher_suite(&self) -> &'static str {
        self.0.cipher_suite().unwrap_or("unknown")
    }
}
