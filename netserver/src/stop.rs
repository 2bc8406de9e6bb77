//! How a stop goes on: from mild to hard, by signals and by time. Pure.
//!
//! The same steps hold for a parent, which sends them to its children, and for a process that serves
//! alone, which takes them itself.

use std::time::Duration;

/// How far a stop has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    /// It serves.
    Serving,
    /// No new connections; those in progress are finished.
    Graceful,
    /// Connections in progress are cut.
    Quick,
    /// Whoever is left is killed.
    Kill,
}

/// What makes a stop begin or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// TERM or QUIT.
    Graceful,
    /// INT.
    Quick,
    /// The server's own code asked, perhaps more than once.
    Asked,
    /// The time of a stage is over.
    TimeOver,
}

/// What a process does with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Is on its way to serve: a first event is remembered for then, a second one ends it, as
    /// whatever it waits for may never come.
    Starting,
    /// Manages children.
    Parent,
    /// Serves alone.
    Alone,
    /// Serves under a parent, which times its stop. TERM may come to it often: a service manager
    /// sends it to all processes, and the parent does so again.
    Child,
}

impl Stage {
    /// The stage after this one.
    pub(crate) const fn harder(self) -> Self {
        match self {
            Self::Serving => Self::Graceful,
            Self::Graceful => Self::Quick,
            Self::Quick | Self::Kill => Self::Kill,
        }
    }

    /// The stage that `event` leads to.
    pub(crate) fn after(self, role: Role, event: Event) -> Self {
        match (role, event) {
            (_, Event::Asked) | (Role::Child, Event::Graceful) => self.max(Self::Graceful),
            (Role::Starting, _) if self > Self::Serving => Self::Kill,
            (Role::Child, Event::Quick) => self.max(Self::Quick),
            (_, Event::Quick) if self < Self::Quick => Self::Quick,
            _ => self.harder(),
        }
    }

    /// The stage of that number, the last one for any that is none.
    #[inline]
    pub(crate) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Serving,
            1 => Self::Graceful,
            2 => Self::Quick,
            _ => Self::Kill,
        }
    }
}

/// How long each stage of a stop may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// For requests in progress to finish.
    pub(crate) graceful: Duration,
    /// For requests that were cut to return.
    pub(crate) quick: Duration,
}

impl Timing {
    /// After how long `stage` is over; `None` where it has no end of its own.
    pub(crate) const fn of(&self, stage: Stage) -> Option<Duration> {
        match stage {
            Stage::Graceful => Some(self.graceful),
            Stage::Quick => Some(self.quick),
            Stage::Serving | Stage::Kill => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Role, Stage};

    #[test]
    fn every_event_in_every_stage() {
        use Stage::{Graceful, Kill, Quick, Serving};
        // After TERM or QUIT, after INT, after its time; in each stage.
        let table = [
            (Role::Starting, [Graceful, Kill, Kill], [Quick, Kill, Kill], [Graceful, Kill, Kill]),
            (Role::Parent, [Graceful, Quick, Kill], [Quick, Quick, Kill], [Graceful, Quick, Kill]),
            (Role::Alone, [Graceful, Quick, Kill], [Quick, Quick, Kill], [Graceful, Quick, Kill]),
            (
                Role::Child,
                [Graceful, Graceful, Quick],
                [Quick, Quick, Quick],
                [Graceful, Quick, Kill],
            ),
        ];
        for (role, graceful, quick, time_over) in table {
            for (at, stage) in [Serving, Graceful, Quick].into_iter().enumerate() {
                let after = |event| stage.after(role, event);
                assert_eq!(after(Event::Graceful), graceful[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::Quick), quick[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::TimeOver), time_over[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::Asked), stage.max(Graceful), "{role:?} {stage:?}");
            }
        }
    }

    #[test]
    fn a_stage_is_its_number() {
        for stage in [Stage::Serving, Stage::Graceful, Stage::Quick, Stage::Kill] {
            assert_eq!(Stage::from_number(stage as u8), stage);
        }
    }
}
