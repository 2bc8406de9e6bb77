//! What a server declares of itself: its personality, and the options of its attribute.

use netserver_options::OptionSpec;

use crate::error::Result;
use crate::options::own::OwnOptions;
use crate::options::set::Texts;

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
        Self { version, about, options: Vec::new(), own: &[] }
    }

    /// Sets an option. The name and the value are checked when the server starts; those in an
    /// attribute were checked by the compiler.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Into<Texts>) -> Self {
        self.options.push((name, value.into()));
        self
    }

    /// Declares options of the server's own: they have the same sources and the same checks as all
    /// others.
    #[must_use]
    pub const fn own(mut self, own: &'static [OptionSpec]) -> Self {
        self.own = own;
        self
    }
}
