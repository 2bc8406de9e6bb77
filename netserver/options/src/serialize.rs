//! How the children of a pool take turns to accept.

use crate::kind::Choices;

/// What lets one child at a time wait for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serialize {
    /// Nothing: the kernel wakes one of those that wait.
    None,
    /// A lock of the kernel's on a file without a name.
    Flock,
    /// An event counter, which its waiters read.
    Semaphore,
    /// A pipe, which its waiters read.
    Pipe,
}

impl Choices for Serialize {
    fn named() -> Vec<(&'static str, Self)> {
        vec![
            ("none", Self::None),
            ("flock", Self::Flock),
            ("semaphore", Self::Semaphore),
            ("pipe", Self::Pipe),
        ]
    }
}
