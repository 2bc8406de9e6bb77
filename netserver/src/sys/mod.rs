//! The operating system: every call that Rust cannot check, behind a function that can be.
//!
//! Knows nothing of servers, options or clients; of a stop only its stages. What it offers:
//!
//! | module | what it offers |
//! |---|---|
//! | [`clock`] | local time of day |
//! | [`descriptor`] | pipes, `/dev/null`, reading and writing |
//! | [`mask`] | which signals are blocked |
//! | [`memory`] | memory shared between parent and children |
//! | [`poll`] | waiting for descriptors, with a time limit, ended by a signal |
//! | [`process`] | fork, wait, kill, leave |
//! | [`signal`] | the one handler, how far a stop has gone, the descriptors it replaces |

#![allow(unsafe_code, reason = "the only module that may")]

pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod mask;
pub(crate) mod memory;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod signal;
