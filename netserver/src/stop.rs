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
    /// It was told to stop, and serves on for `drain_delay`: whoever sends clients may not know yet.
    Draining,
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
            Self::Serving | Self::Draining => Self::Graceful,
            Self::Graceful => Self::Quick,
            Self::Quick | Self::Kill => Self::Kill,
        }
    }

    /// Whether new clients are served.
    #[inline]
    pub(crate) fn accepts(self) -> bool {
        self <= Self::Draining
    }

    /// The stage that `event` leads to; `drains` tells whether there is a time to serve on. It is for
    /// those that serve already: nobody sends clients to a server that has never been ready. Children
    /// are told once it is over.
    pub(crate) fn after(self, role: Role, event: Event, drains: bool) -> Self {
        match (role, event) {
            (Role::Parent | Role::Alone, Event::Graceful) if drains && self == Self::Serving => {
                Self::Draining
            }
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
            1 => Self::Draining,
            2 => Self::Graceful,
            3 => Self::Quick,
            _ => Self::Kill,
        }
    }
}

/// How long each stage of a stop may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// To serve on before it begins; none where a stop begins at once.
    pub(crate) drain: Duration,
    /// For requests in progress to finish.
    pub(crate) graceful: Duration,
    /// For requests that were cut to return.
    pub(crate) quick: Duration,
}

impl Timing {
    /// After how long `stage` is over; `None` where it has no end of its own.
    pub(crate) const fn of(&self, stage: Stage) -> Option<Duration> {
        match stage {
            Stage::Draining => Some(self.drain),
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
                let after = |event| stage.after(role, event, false);
                assert_eq!(after(Event::Graceful), graceful[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::Quick), quick[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::TimeOver), time_over[at], "{role:?} {stage:?}");
                assert_eq!(after(Event::Asked), stage.max(Graceful), "{role:?} {stage:?}");
            }
        }
    }

    #[test]
    fn who_serves_drains_once_before_a_graceful_stop() {
        use Stage::{Draining, Graceful, Kill, Quick, Serving};
        // With a delay: after TERM or QUIT, after INT, after its own code asked.
        let table = [
            (Role::Starting, [Graceful, Quick, Graceful]),
            (Role::Parent, [Draining, Quick, Graceful]),
            (Role::Alone, [Draining, Quick, Graceful]),
            (Role::Child, [Graceful, Quick, Graceful]),
        ];
        for (role, first) in table {
            for (event, wanted) in
                [Event::Graceful, Event::Quick, Event::Asked].into_iter().zip(first)
            {
                assert_eq!(Serving.after(role, event, true), wanted, "{role:?} {event:?}");
            }
            // No later stage knows of it.
            for stage in [Graceful, Quick, Kill] {
                for event in [Event::Graceful, Event::Quick, Event::Asked, Event::TimeOver] {
                    let (with, without) =
                        (stage.after(role, event, true), stage.after(role, event, false));
                    assert_eq!(with, without, "{role:?} {stage:?} {event:?}");
                }
            }
        }
        for role in [Role::Parent, Role::Alone] {
            for event in [Event::Graceful, Event::Asked, Event::TimeOver] {
                assert_eq!(Draining.after(role, event, true), Graceful, "{role:?} {event:?}");
            }
            assert_eq!(Draining.after(role, Event::Quick, true), Quick, "{role:?}");
        }
    }

    #[test]
    fn clients_are_served_until_the_graceful_stop() {
        let accepts = ALL.map(Stage::accepts);
        assert_eq!(accepts, [true, true, false, false, false]);
    }

    const ALL: [Stage; 5] =
        [Stage::Serving, Stage::Draining, Stage::Graceful, Stage::Quick, Stage::Kill];

    #[test]
    fn a_stage_is_its_number() {
        for stage in ALL {
            assert_eq!(Stage::from_number(stage as u8), stage);
        }
    }
}
