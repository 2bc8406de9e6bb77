//! What a server declares of itself: its personality, and the options of its attribute.

use netserver_options::kind::{Choice, Kind};
use netserver_options::{BuiltIn, OptionSpec, Reject, Scope};

use crate::error::Result;
use crate::options::args::Unknown;
use crate::options::own::OwnOptions;
use crate::options::set::Texts;
use crate::proto::{Factory, Proto};

/// A server's declaration. The attribute `#[net_server(…)]` writes it; by hand it gives exactly the
/// same server.
///
/// ```
/// use netserver::prelude::*;
/// use netserver::{Declaration, Declared, Hooks, NetServer, personality};
///
/// struct Daytime;
///
/// impl Declared for Daytime {
///     type Personality = personality::Single;
///
///     fn declaration() -> Declaration {
///         Declaration::new(env!("CARGO_PKG_VERSION"), "Tells the time.").set("port", 13)
///     }
/// }
///
/// impl Hooks for Daytime {}
///
/// impl NetServer for Daytime {
///     fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
///         writeln!(conn, "{:?}", std::time::SystemTime::now())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it is served",
    label = "no personality",
    note = "write `#[net_server(personality = \"prefork\")]` on the impl block that has `process_request`"
)]
pub trait Declared: Sized {
    /// How connections are given to processes: one of [`personality`](crate::personality), or
    /// anybody's.
    type Personality;

    /// Whether its value is made from its own options, at the start, and nobody else may make one:
    /// a value of another origin would not be what `--print-config` says. The attribute sets it on a
    /// struct with `#[option]` fields.
    const FROM_OPTIONS: bool = false;

    /// Version, description and options.
    fn declaration() -> Declaration;
}

/// Version, description and options of a server, the latter from the source "attribute".
#[derive(Debug, Clone)]
pub struct Declaration {
    pub(crate) version: &'static str,
    pub(crate) about: &'static str,
    pub(crate) options: Vec<(&'static str, Texts)>,
    pub(crate) own: &'static [OptionSpec],
    pub(crate) personality_by_default: bool,
    /// Those that its options may be for, beside its own; none where that is the only one.
    personalities: &'static [&'static str],
    pub(crate) proto: Option<Factory>,
    pub(crate) unknown: Unknown,
    pub(crate) env_prefix: Option<&'static str>,
}

/// A server that is built from its own options, at the end of `configure`. The attribute on a struct
/// with `#[option]` fields writes it.
pub trait FromOptions: Sized {
    /// The server, with each option in its field.
    ///
    /// # Errors
    /// Where an option has no value, or one that its type refuses.
    fn from_options(options: &OwnOptions) -> Result<Self>;
}

impl Declaration {
    /// A server of that version, with what `--help` says of it first.
    pub const fn new(version: &'static str, about: &'static str) -> Self {
        Self {
            version,
            about,
            options: Vec::new(),
            own: &[],
            personality_by_default: false,
            personalities: &[],
            proto: None,
            unknown: Unknown::Refused,
            env_prefix: None,
        }
    }

    /// Sets an option. The name and the value are checked when the server starts, and so is whether the
    /// server's [personality](Declared::Personality) has a use for it, or one of the other
    /// [`personalities`](Self::personalities); those in an attribute were checked by the compiler.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Into<Texts>) -> Self {
        self.options.push((name, value.into()));
        self
    }

    /// Says that nobody wrote the personality: it serves as no other was asked for, and
    /// `--print-config` names "default" as its source. The attribute says so where it has no
    /// `personality`, and for `multitype`.
    #[must_use]
    pub const fn personality_by_default(mut self) -> Self {
        self.personality_by_default = true;
        self
    }

    /// Says which personalities `--server_type` is expected to choose from: an option may be for any of
    /// them, and is left out where another one serves. The names are checked when the server starts. The
    /// attribute says so for a list of personalities, and for `multitype`, where it is all of them.
    #[must_use]
    pub const fn personalities(mut self, named: &'static [&'static str]) -> Self {
        self.personalities = named;
        self
    }

    /// Those that its options may be for, of a server whose own one is `first`.
    ///
    /// # Errors
    /// The first name that is none.
    pub(crate) fn scope(&self, first: BuiltIn) -> Result<Scope, Reject> {
        self.personalities.iter().try_fold(Scope::of(first), |scope, name| {
            Ok(scope.or(Scope::of(Choice::<BuiltIn>::parse(name)?)))
        })
    }

    /// Leaves words of the command line that are no options to the server, in
    /// [`ServerInfo::args`](crate::ServerInfo::args), where they would be errors: for a program that
    /// reads them itself. The attribute says `unknown_options = "pass"`.
    #[must_use]
    pub const fn pass_unknown_options(mut self) -> Self {
        self.unknown = Unknown::Passed;
        self
    }

    /// Has options set by the environment, too: with the prefix `ECHO`, `ECHO_MAX_SERVERS=9` sets
    /// `max_servers`, weaker than the command line and stronger than all that follows. Each line of a
    /// variable is one value of an option that repeats; one without a value sets nothing. The attribute
    /// says `env_prefix = "ECHO"`.
    #[must_use]
    pub const fn env_prefix(mut self, prefix: &'static str) -> Self {
        self.env_prefix = Some(prefix);
        self
    }

    /// Has every port for which nobody names a protocol speak this one; it is made once for each of
    /// them.
    #[must_use]
    pub const fn proto(mut self, make: fn() -> Box<dyn Proto>) -> Self {
        self.proto = Some(make);
        self
    }

    /// Declares options of the server's own: they have the same sources and the same checks as all
    /// others. A name that is taken, or a default that its own kind or range refuses, ends the
    /// start with exit code 2.
    #[must_use]
    pub const fn own(mut self, own: &'static [OptionSpec]) -> Self {
        self.own = own;
        self
    }
}
