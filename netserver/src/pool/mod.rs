//! Children, and the parent that manages them.
//!
//! [`plan`] decides from numbers, and [`policy`] by it for the table of children, [`roster`], both without
//! a process in sight; [`scoreboard`] is where children say what they do, without a system call, and
//! [`crowd`] whom they serve; [`child`] is what one runs. [`parent`] forks, reaps and sees off, with
//! [`ears`] for what wakes it, [`elders`] of before a restart, and an eye on [`strangers`]; [`pooled`] and [`forker`] are its two ways to
//! give connections to children; [`watch`] is who wants to know of it.

mod child;
mod crowd;
mod ears;
mod elders;
mod forker;
mod parent;
mod plan;
mod policy;
mod pooled;
mod roster;
mod scoreboard;
#[cfg(test)]
mod simulation;
mod strangers;
mod succession;
mod watch;

/// What a parent has beside its server: who watches, what it restarts with, and whom it has from before.
pub(crate) type Aside = (Option<Watch>, crate::restart::Restart, crate::handover::Handed);

pub(crate) use forker::on_demand;
pub(crate) use parent::MORE;
#[cfg(test)]
pub(crate) use plan::AFTER_FAILURE;
pub use plan::Tally;
pub(crate) use plan::{Limits, Plan, Times};
pub(crate) use pooled::{constant, managed, one};
pub(crate) use scoreboard::{Doing, Scoreboard};
pub(crate) use watch::Watch;
