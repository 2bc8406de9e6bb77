//! What becomes of a client that no rule of `allow` and `deny` matches.

use crate::kind::Choices;

/// What holds where there are rules and none matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessDefault {
    /// The client is served.
    Allow,
    /// The client is turned away.
    Deny,
}

impl Choices for AccessDefault {
    fn named() -> Vec<(&'static str, Self)> {
        vec![("allow", Self::Allow), ("deny", Self::Deny)]
    }
}
