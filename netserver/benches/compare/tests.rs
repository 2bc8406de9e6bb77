//! What is compared with what, and the goals. Names of servers are those of `contestants`.

use std::fmt;

use crate::load::Talk;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Connections, requests or datagrams a second.
    Rate,
    /// Microseconds that 99 of 100 clients do not exceed.
    P99,
    /// Microseconds of the server's processes for each connection.
    Time,
    /// System calls for each connection.
    Calls,
    /// Switches to another process for each connection.
    Switches,
    /// Page faults for each connection.
    Faults,
    /// KiB that an idle child has to itself after it served.
    Private,
    /// Milliseconds from the start to the first reply.
    Start,
}

impl Figure {
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Rate => "served/s",
            Self::P99 => "p99, µs",
            Self::Time => "server's time, µs each",
            Self::Calls => "system calls each",
            Self::Switches => "switches each",
            Self::Faults => "page faults each",
            Self::Private => "private memory of a child, KiB",
            Self::Start => "start to first reply, ms",
        }
    }
}

/// What a figure has to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// Ours over the other's, by the median.
    AtLeast(f64),
    AtMost(f64),
    /// As far from 1 as this.
    Within(f64),
    /// Ours, whatever the other's is.
    OursAtMost(f64),
    /// What ours has more than the other.
    MoreAtMost(f64),
}

impl Goal {
    /// Held against the other's figure, ours, and the ratio of each pair's median.
    pub(crate) fn is_met(self, other: f64, ours: f64, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
            Self::Within(distance) => (ratio - 1.0).abs() <= distance,
            Self::OursAtMost(most) => ours <= most,
            Self::MoreAtMost(more) => ours - other <= more,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "B/A ≥ {least}"),
            Self::AtMost(most) => write!(f, "B/A ≤ {most}"),
            Self::Within(distance) => write!(f, "B/A = 1 ± {distance}"),
            Self::OursAtMost(most) => write!(f, "B ≤ {most}"),
            Self::MoreAtMost(more) => write!(f, "B − A ≤ {more}"),
        }
    }
}

/// How it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One load after the other, in turns.
    Pairs,
    /// By perf, while a load runs.
    Counts,
    /// Children after a load.
    Memory,
    /// Started again and again, in turns.
    Starts,
}

/// A test: two servers, a load, and what B has to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) way: Way,
    pub(crate) a: &'static str,
    pub(crate) b: &'static str,
    pub(crate) talk: Talk,
    pub(crate) clients: usize,
    pub(crate) children: usize,
    pub(crate) goals: &'static [(Figure, Goal)],
}

const fn test(
    name: &'static str,
    way: Way,
    (a, b): (&'static str, &'static str),
    goals: &'static [(Figure, Goal)],
) -> Test {
    Test { name, way, a, b, talk: Talk::Short, clients: 16, children: 8, goals }
}

const fn pairs(
    name: &'static str,
    a: &'static str,
    b: &'static str,
    goals: &'static [(Figure, Goal)],
) -> Test {
    test(name, Way::Pairs, (a, b), goals)
}

const fn counts(
    name: &'static str,
    a: &'static str,
    b: &'static str,
    goals: &'static [(Figure, Goal)],
) -> Test {
    test(name, Way::Counts, (a, b), goals)
}

impl Test {
    const fn keep(self) -> Self {
        Self { talk: Talk::Keep, clients: 64, ..self }
    }

    const fn children(self, children: usize) -> Self {
        Self { children, ..self }
    }
}

use Figure::{Calls, Faults, P99, Private, Rate, Start, Switches, Time};
use Goal::{AtLeast, AtMost, MoreAtMost, OursAtMost, Within};

/// Every test, the control first.
pub(crate) const ALL: &[Test] = &[
    pairs("control", "floor prefork", "floor prefork, again", &[(Rate, Within(0.01))]),
    pairs(
        "prefork",
        "floor prefork",
        "netserver prefork",
        &[(Rate, AtLeast(0.97)), (P99, AtMost(1.1))],
    ),
    pairs(
        "prefork client_first",
        "floor prefork",
        "netserver prefork, client_first",
        &[(Rate, AtLeast(1.12))],
    ),
    pairs(
        "prefork client_first, both",
        "floor prefork, client_first",
        "netserver prefork, client_first",
        &[],
    ),
    pairs(
        "prefork spare limits",
        "netserver prefork_simple",
        "netserver prefork, spare limits",
        &[(Rate, AtLeast(0.98))],
    ),
    pairs(
        "prefork 4 ports",
        "floor prefork, 4 ports",
        "netserver prefork, 4 ports",
        &[(Rate, AtLeast(0.97))],
    ),
    pairs(
        "prefork 256 ports",
        "netserver prefork, 4 ports",
        "netserver prefork, 256 ports",
        &[(Rate, AtLeast(0.95))],
    ),
    pairs("prefork 2000 children", "floor prefork", "netserver prefork", &[(Time, AtMost(1.15))])
        .children(2000),
    pairs(
        "prefork Unix",
        "floor prefork, Unix",
        "netserver prefork, Unix",
        &[(Rate, AtLeast(0.97))],
    ),
    pairs("single", "floor single", "netserver single", &[(Rate, AtLeast(0.97))]),
    pairs("fork", "floor fork", "netserver fork", &[(Rate, AtLeast(0.95))]),
    pairs("thread", "floor threads", "netserver thread", &[(Rate, AtLeast(0.97))]),
    pairs(
        "thread and std",
        "std thread per connection",
        "netserver thread",
        &[(Rate, AtLeast(1.4))],
    ),
    pairs("multiplex", "floor epoll", "netserver multiplex", &[(Rate, AtLeast(0.95))]),
    pairs("multiplex and tokio", "tokio current_thread", "netserver multiplex", &[]),
    pairs("multiplex keep-alive", "floor epoll", "netserver multiplex", &[(Rate, AtLeast(0.95))])
        .keep(),
    pairs(
        "multiplex and tokio, keep-alive",
        "tokio current_thread",
        "netserver multiplex",
        &[(Rate, AtLeast(1.0))],
    )
    .keep(),
    pairs(
        "multiplex Unix",
        "floor epoll, Unix",
        "netserver multiplex, Unix",
        &[(Rate, AtLeast(0.97))],
    ),
    pairs("prefork, plain build", "floor prefork", "netserver prefork, plain build", &[]),
    pairs("multiplex, plain build", "floor epoll", "netserver multiplex, plain build", &[]),
    pairs("UDP", "floor UDP", "netserver single, UDP", &[(Rate, AtLeast(0.97))]),
    pairs("Perl single", "Net::Server Single", "netserver single", &[(Rate, AtLeast(2.3))]),
    pairs("Perl fork", "Net::Server Fork", "netserver fork", &[(Rate, AtLeast(8.0))]),
    pairs(
        "Perl prefork_simple",
        "Net::Server PreForkSimple",
        "netserver prefork_simple",
        &[(Rate, AtLeast(2.4))],
    ),
    pairs(
        "Perl prefork",
        "Net::Server PreFork",
        "netserver prefork",
        &[(Rate, AtLeast(2.8)), (Time, AtMost(0.25))],
    ),
    pairs(
        "Perl multiplex",
        "Net::Server Multiplex",
        "netserver multiplex",
        &[(Rate, AtLeast(2.4))],
    ),
    pairs("Apache, a file by HTTP", "Apache prefork", "netserver prefork", &[]),
    counts(
        "prefork calls",
        "floor prefork",
        "netserver prefork",
        &[(Calls, OursAtMost(4.05)), (Switches, OursAtMost(1.3))],
    ),
    counts(
        "prefork 4 ports calls",
        "floor prefork, 4 ports",
        "netserver prefork, 4 ports",
        &[(Calls, OursAtMost(5.15))],
    ),
    counts(
        "fork calls",
        "floor fork",
        "netserver fork",
        &[(Calls, OursAtMost(11.0)), (Faults, OursAtMost(30.0))],
    ),
    counts("thread calls", "floor threads", "netserver thread", &[(Calls, OursAtMost(4.05))]),
    counts(
        "multiplex keep-alive calls",
        "floor epoll",
        "netserver multiplex",
        &[(Calls, OursAtMost(2.3))],
    )
    .keep(),
    counts("UDP calls", "floor UDP", "netserver single, UDP", &[(Calls, OursAtMost(2.01))]),
    test(
        "prefork memory",
        Way::Memory,
        ("floor prefork", "netserver prefork"),
        &[(Private, OursAtMost(64.0))],
    ),
    test("Perl memory", Way::Memory, ("Net::Server PreFork", "netserver prefork"), &[]),
    test("Apache memory", Way::Memory, ("Apache prefork", "netserver prefork"), &[]),
    test(
        "prefork start",
        Way::Starts,
        ("floor prefork", "netserver prefork"),
        &[(Start, MoreAtMost(2.0))],
    ),
    test(
        "prefork start, 2000 children",
        Way::Starts,
        ("floor prefork", "netserver prefork"),
        &[(Start, MoreAtMost(2.0))],
    )
    .children(2000),
    test("Perl start", Way::Starts, ("Net::Server PreFork", "netserver prefork"), &[]),
];
