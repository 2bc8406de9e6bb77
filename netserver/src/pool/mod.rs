//! A managed pool of children.
//!
//! [`plan`] decides from numbers, without a process in sight; [`scoreboard`] is where children say
//! what they do, without a system call; [`crowd`] is whom they serve, and how many the same; [`children`] is the table of those alive; [`child`] is what
//! one runs; [`manager`] is the parent's loop around them; [`watch`] is who wants to know of it.

mod child;
mod children;
mod crowd;
mod manager;
mod plan;
mod scoreboard;
mod watch;

pub(crate) use manager::manage;
pub use plan::Tally;
pub(crate) use watch::Watch;
