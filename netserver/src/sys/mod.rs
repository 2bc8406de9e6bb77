//! The operating system: every call that Rust cannot check, behind a function that can be.
//!
//! Knows nothing of servers, options or clients; of a stop only its stages. What it offers:
//!
//! | module | what it offers |
//! |---|---|
//! | [`account`] | users and groups by their names |
//! | [`clock`] | local time of day |
//! | [`descriptor`] | pipes, `/dev/null`, reading and writing |
//! | [`mask`] | which signals are blocked |
//! | [`memory`] | memory shared between parent and children |
//! | [`poll`] | waiting for descriptors, with a time limit, ended by a signal |
//! | [`process`] | fork, wait, kill, leave |
//! | [`resolve`] | names of addresses and addresses of names, in a thread apart |
//! | [`service`] | ports of services |
//! | [`signal`] | the one handler, how far a stop has gone, the descriptors it replaces |
//! | [`socket`] | accepting, datagrams and their addresses |

#![allow(unsafe_code, reason = "the only module that may")]

pub(crate) mod account;
pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod mask;
pub(crate) mod memory;
mod noted;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod resolve;
pub(crate) mod service;
pub(crate) mod signal;
pub(crate) mod socket;
