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
}

impl BuiltIn {
    /// All of them, in the order in which messages name them.
    pub const ALL: &'static [Self] =
        &[Self::Single, Self::Inet, Self::Fork, Self::PreForkSimple, Self::PreFork];

    /// The name in an attribute and after `--server_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Inet => "inet",
            Self::Fork => "fork",
            Self::PreForkSimple => "prefork_simple",
            Self::PreFork => "prefork",
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
    /// Only [`BuiltIn::PreFork`].
    pub const PREFORK: Self = Self::of(BuiltIn::PreFork);
    /// Those with a pool of processes.
    pub const PREFORKS: Self = Self::PREFORK.or(Self::of(BuiltIn::PreForkSimple));
    /// Those with a parent and children.
    pub const FORKING: Self = Self::PREFORKS.or(Self::of(BuiltIn::Fork));
    /// Those that listen: all, and anybody's own, but [`BuiltIn::Inet`].
    pub const LISTENING: Self = Self(!Self::of(BuiltIn::Inet).0);

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
        assert_eq!(Scope::ALL.names(), "`single`, `inet`, `fork`, `prefork_simple` or `prefork`");
        assert_eq!(Scope::PREFORKS.names(), "`prefork_simple` or `prefork`");
        assert_eq!(Scope::LISTENING.names(), "`single`, `fork`, `prefork_simple` or `prefork`");
        assert!(!Scope::PREFORK.contains(BuiltIn::Single));
        assert_eq!(one_of(["a", "b", "c"].into_iter()), "`a`, `b` or `c`");
    }
}
