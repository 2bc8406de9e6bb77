//! The one table of netserver: every option, every rule between options and every hook, once.
//!
//! Takes in texts, hands on verdicts. It does no I/O and knows no server: the attribute macro asks
//! it at compile time and the runtime asks it at start, so both reject the same value by the same
//! rule in the same words.
//!
//! | module | what it holds |
//! |---|---|
//! | [`table`] | the rows: [`OPTIONS`], [`find`], [`OptionSpec`] |
//! | [`own`] | what a server's own options have to be beside them |
//! | [`kind`] | the typed value parsers a row may name |
//! | [`listen`] | what `port`, `host`, `proto` and `ipv` ask for together |
//! | [`rule`] | relations between two options, and how a default gives way |
//! | [`gone`] | Perl's options that are something else here |
//! | [`hook`] | the methods that a server may have: [`hook::HOOKS`] |
//! | [`access`] | what becomes of a client that no rule matches |
//! | [`facility`] | what part of a system a log is of |
//! | [`serialize`] | how children take turns to accept |
//! | [`personality`] | the built-in personalities and the sets of them |
//! | [`command`] | `--help` and the other words that ask and do not set |

#![forbid(unsafe_code)]

pub mod access;
pub mod command;
pub mod facility;
pub mod gone;
pub mod hook;
pub mod hup;
pub mod kind;
pub mod listen;
pub mod nearest;
pub mod own;
pub mod personality;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
pub mod reference;
pub mod reject;
pub mod rule;
pub mod serialize;
pub mod table;

pub use access::AccessDefault;
pub use facility::Facility;
pub use hup::Hup;
pub use kind::{UnixType, VerifyClient};
pub use nearest::nearest;
pub use personality::{BuiltIn, Scope};
pub use reject::Reject;
pub use serialize::Serialize;
pub use table::{OPTIONS, OptionSpec, Table, find};
