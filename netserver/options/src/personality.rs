//! The built-in personalities, and sets of them.

/// How connections are given to processes, of those that come with netserver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// One process, one connection at a time.
    Single,
    /// One process, whose standard input is its one client.
    Inet,
    /// A process for each connection.
    Fork,
    /// A pool of so many processes, each serving one connection at a time.
    PreForkSimple,
    /// A managed pool of processes, each serving one connection at a time.
    PreFork,
    /// One process with one loop, for all connections at once.
    Multiplex,
    /// A managed pool of threads in one process, each serving one connection at a time.
    Thread,
}

impl BuiltIn {
    /// All of them, in the order in which messages name them.
    pub const ALL: &'static [Self] = &[
        Self::Single,
        Self::Inet,
        Self::Fork,
        Self::PreForkSimple,
        Self::PreFork,
        Self::Multiplex,
        Self::Thread,
    ];

    /// Whether it serves only who is made for it, so that a server names it to have it: the others need no
    /// more than a handler.
    pub const fn is_particular(self) -> bool {
        matches!(self, Self::Multiplex | Self::Thread)
    }

    /// The name in an attribute and after `--server_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Inet => "inet",
            Self::Fork => "fork",
            Self::PreForkSimple => "prefork_simple",
            Self::PreFork => "prefork",
            Self::Multiplex => "multiplex",
            Self::Thread => "thread",
        }
    }

    /// The name of its type in `netserver::personality`.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Single => "Single",
            Self::Inet => "Inet",
            Self::Fork => "Fork",
            Self::PreForkSimple => "PreForkSimple",
            Self::PreFork => "PreFork",
            Self::Multiplex => "Multiplex",
            Self::Thread => "Thread",
        }
    }

    /// The personality of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// A set of built-in personalities: where an option has an effect, or a default holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(u16);

impl Scope {
    /// Every built-in personality, and anybody's own.
    pub const ALL: Self = Self(u16::MAX);
    /// Those that need no more than a handler, so that any server may be served by them.
    pub const UNNAMED: Self = Self::of(BuiltIn::Single)
        .or(Self::of(BuiltIn::Inet))
        .or(Self::of(BuiltIn::Fork))
        .or(Self::PREFORKS);
    /// Only [`BuiltIn::PreFork`].
    pub const PREFORK: Self = Self::of(BuiltIn::PreFork);
    /// Only [`BuiltIn::Multiplex`].
    pub const MULTIPLEX: Self = Self::of(BuiltIn::Multiplex);
    /// Those with a pool of processes that each serve one connection.
    pub const PREFORKS: Self = Self::PREFORK.or(Self::of(BuiltIn::PreForkSimple));
    /// Those whose pool, of processes or threads, grows and shrinks.
    pub const MANAGED: Self = Self::PREFORK.or(Self::of(BuiltIn::Thread));
    /// Those that serve so many connections at a time, each by a process or thread of its own.
    pub const COUNTED: Self = Self::PREFORKS.or(Self::of(BuiltIn::Fork)).or(Self::MANAGED);
    /// Those whose children are there before clients come.
    pub const POOLS: Self = Self::PREFORKS.or(Self::MANAGED).or(Self::MULTIPLEX);
    /// Those with a parent and children.
    pub const FORKING: Self = Self::POOLS.or(Self::of(BuiltIn::Fork));
    /// Those that listen: all, and anybody's own, but [`BuiltIn::Inet`].
    pub const LISTENING: Self = Self(!Self::of(BuiltIn::Inet).0);
    /// Those whose every connection has a process of its own while it lasts.
    pub const APART: Self =
        Self(Self::LISTENING.0 & !Self::of(BuiltIn::Thread).0 & !Self::MULTIPLEX.0);
    /// Those that call `process_request`: all, and anybody's own, but [`BuiltIn::Multiplex`].
    pub const REQUESTS: Self = Self(!Self::MULTIPLEX.0);

    /// The set of this one alone.
    pub const fn of(one: BuiltIn) -> Self {
        Self(1 << one as u16)
    }

    /// Either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `one` is in the set.
    pub const fn contains(self, one: BuiltIn) -> bool {
        self.0 & Self::of(one).0 != 0
    }

    /// Whether any personality is in both sets.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names in the set, for a message: "`a`, `b` or `c`".
    pub fn names(self) -> String {
        let names = BuiltIn::ALL.iter().filter(|one| self.contains(**one)).map(|one| one.name());
        one_of(names)
    }
}

impl From<BuiltIn> for Scope {
    fn from(one: BuiltIn) -> Self {
        Self::of(one)
    }
}

/// "`a`, `b` or `c`".
pub fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_its_members() {
        let all = "`single`, `inet`, `fork`, `prefork_simple`, `prefork`, `multiplex` or `thread`";
        assert_eq!(Scope::ALL.names(), all);
        assert_eq!(Scope::LISTENING.names(), all.replace("`inet`, ", ""));
        assert_eq!(Scope::PREFORKS.names(), "`prefork_simple` or `prefork`");
        assert_eq!(Scope::MANAGED.names(), "`prefork` or `thread`");
        assert_eq!(Scope::APART.names(), "`single`, `fork`, `prefork_simple` or `prefork`");
        assert_eq!(Scope::COUNTED.names(), "`fork`, `prefork_simple`, `prefork` or `thread`");
        let unnamed = |one: &BuiltIn| Scope::UNNAMED.contains(*one);
        assert!(BuiltIn::ALL.iter().all(|one| unnamed(one) != one.is_particular()));
        assert!(!Scope::PREFORK.contains(BuiltIn::Single));
        assert_eq!(one_of(["a", "b", "c"].into_iter()), "`a`, `b` or `c`");
    }
}
