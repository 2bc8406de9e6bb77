//! Keys of other programs: what somebody who knows them means.
//!
//! Takes in a name that is none of ours, hands on the one that is. Names that are only misspelt are
//! not its business.

use netserver_options::{BuiltIn, find};

use super::personality::ANY;

/// Words of other servers, and the option that is the same.
const WORDS: [(&[&str], &str); 8] = [
    (&["type", "mode", "kind", "model", "server", "flavor"], "personality"),
    (
        &["workers", "processes", "children", "max_children", "max_clients", "threads"],
        "max_servers",
    ),
    (&["address", "addr", "bind", "bind_addr", "listen_addr", "socket", "url"], "port"),
    (&["interface", "ip", "hostname", "server_name"], "host"),
    (&["backlog", "queue"], "listen"),
    (&["timeout", "client_timeout"], "read_timeout"),
    (&["config", "conf", "config_file", "configuration"], "conf_file"),
    (&["log", "level", "verbosity", "debug", "verbose"], "log_level"),
];

/// The key that somebody means who writes `name`.
pub(super) fn key(name: &str) -> Option<&'static str> {
    let found = WORDS.iter().find(|(words, _)| words.contains(&name));
    found.map(|(_, key)| *key).filter(|key| *key == "personality" || find(key).is_some())
}

/// A personality, or all of them.
#[derive(Clone, Copy)]
pub(super) enum Meant {
    One(BuiltIn),
    Any,
}

impl Meant {
    /// The name in an attribute.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One(one) => one.name(),
            Self::Any => ANY,
        }
    }

    /// The name of its type in the runtime, where there is one.
    pub(super) const fn type_name(self) -> Option<&'static str> {
        match self {
            Self::One(one) => Some(one.type_name()),
            Self::Any => None,
        }
    }
}

/// The personality that is spelt like this but for case and `_`: `PreFork`, `pre_fork`.
pub(super) fn personality(name: &str) -> Option<Meant> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let all = BuiltIn::ALL.iter().copied().map(Meant::One).chain([Meant::Any]);
    all.into_iter().find(|one| plain(one.name()) == plain(name))
}
