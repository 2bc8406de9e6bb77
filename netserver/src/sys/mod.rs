//! The operating system: every call that Rust cannot check, behind a function that can be.
//!
//! Knows nothing of servers, options or clients; of a stop only its stages. What it offers:
//!
//! | module | what it offers |
//! |---|---|
//! | [`account`] | users and groups by their names |
//! | [`clock`] | local time of day |
//! | [`descriptor`] | pipes, `/dev/null`, reading and writing |
//! | [`ends`] | the descriptors that a stop takes away |
//! | [`file_size`] | the limit of a file's size |
//! | [`folder`] | folders that are open |
//! | [`handed`] | a descriptor that is handed to other processes |
//! | [`image`] | another program in this process |
//! | [`leaked`] | a value that stands for as long as the process |
//! | [`manager`] | what a service manager has given |
//! | [`mask`] | which signals are blocked |
//! | [`memory`] | memory shared between parent and children |
//! | [`origin`] | who has sent a signal |
//! | [`own`] | what a process knows of itself, and no copy of it does |
//! | [`passed`] | what whoever has started this program has passed to it |
//! | [`poll`] | waiting for descriptors, with a time limit, ended by a signal |
//! | [`privilege`] | users, groups and capabilities, and the way down |
//! | [`process`] | fork, wait, kill, leave |
//! | [`resolve`] | names of addresses and addresses of names, in a thread apart |
//! | [`service`] | ports of services |
//! | [`signal`] | the one handler, and how far a stop has gone |
//! | [`socket`] | accepting, datagrams and their addresses |
//! | [`task`] | what each thread of the process is |

#![allow(unsafe_code, reason = "the only module that may")]

pub(crate) mod account;
pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod ends;
pub(crate) mod file_size;
pub(crate) mod folder;
pub(crate) mod handed;
pub(crate) mod image;
pub(crate) mod leaked;
pub(crate) mod manager;
pub(crate) mod mask;
pub(crate) mod memory;
mod noted;
mod origin;
mod own;
pub(crate) mod passed;
pub(crate) mod poll;
pub(crate) mod privilege;
pub(crate) mod process;
pub(crate) mod resolve;
pub(crate) mod service;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod task;
