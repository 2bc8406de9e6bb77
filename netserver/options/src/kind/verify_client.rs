//! Whether clients show certificates.

use super::Choices;

/// What clients of TLS have to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyClient {
    /// A certificate, where it is known who may issue them.
    Auto,
    /// Nothing.
    None,
    /// A certificate or nothing.
    Optional,
    /// A certificate.
    Required,
}

impl Choices for VerifyClient {
    fn named() -> Vec<(&'static str, Self)> {
        vec![
            ("auto", Self::Auto),
            ("none", Self::None),
            ("optional", Self::Optional),
            ("required", Self::Required),
        ]
    }
}
