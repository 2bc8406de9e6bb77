//! What a HUP leads to.

use crate::kind::Choices;

/// What the server does at a HUP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hup {
    /// It begins anew, in the same process, with its listeners.
    Exec,
    /// Its children are renewed, and its log is opened anew.
    Children,
    /// Nothing.
    Ignore,
}

impl Choices for Hup {
    fn named() -> Vec<(&'static str, Self)> {
        vec![("exec", Self::Exec), ("children", Self::Children), ("ignore", Self::Ignore)]
    }
}
