//! One annotated impl block becomes a real Unix server.
//!
//! Perl's Net::Server let anyone turn one method into a daemon: options, many ports, a pool of
//! processes, hooks at every phase. This is that engine for Rust, declared by one attribute and
//! checked at compile time.
//!
//! ```no_run
//! use netserver::prelude::*;
//!
//! struct Echo;
//!
//! #[net_server(personality = "prefork", port = 20203)]
//! impl Echo {
//!     fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
//!         while let Some(line) = conn.next_line()? {
//!             writeln!(conn, "You said \"{line}\"")?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     Echo.run()
//! }
//! ```
//!
//! [attribute.md]: net_server
//! [hooks.md]: #hooks
//! [personalities.md]: #personalities
//! [ports.md]: #ports-and-protocols
//! [service_managers.md]: #service-managers
// Links between pages, which are files for whoever reads them as such. A definition that comes first counts.
#![doc = include_str!("../docs/getting_started.md")]
#![doc = include_str!("../docs/personalities.md")]
#![doc = include_str!("../docs/process_flow.md")]
#![doc = include_str!("../docs/hooks.md")]
#![doc = include_str!("../docs/multiplex.md")]
#![doc = include_str!("../docs/ports.md")]
#![doc = include_str!("../docs/daemon.md")]
#![doc = include_str!("../docs/signals.md")]
#![doc = include_str!("../docs/restart.md")]
#![doc = include_str!("../docs/security.md")]
#![doc = include_str!("../docs/privileges.md")]
#![doc = include_str!("../docs/log.md")]
#![doc = include_str!("../docs/service_managers.md")]
#![doc = include_str!("../docs/values.md")]
#![doc = include_str!("../docs/options.md")]
#![doc = include_str!("../docs/testing.md")]
#![doc = include_str!("../docs/performance.md")]
#![doc = include_str!("../docs/extending.md")]
#![doc = include_str!("../docs/coming_from_net_server.md")]
#![doc = include_str!("../docs/coming_from_others.md")]
#![deny(unsafe_code)]

// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// In the order of the data: a module uses only what stands above it, and a test holds it to that.
mod stop;
mod sys;
mod error;
mod caution;
#[cfg(feature = "tls")]
mod tls;
mod plain_file;
mod logger;
mod notify;
mod drain;
mod own_file;
mod pid_file;
mod launcher;
mod options;
mod identity;
mod access;
mod lookup;
mod address;
mod buffer;
mod accepted;
mod wire;
mod channel;
mod seat;
mod connection;
mod stdio;
pub mod proto;
mod started;
mod child;
mod handover;
mod way_back;
mod inherit;
mod listener;
mod trial;
mod accept_lock;
mod acceptor;
mod info;
mod restart;
mod handler;
mod guard;
mod fatal;
mod report;
mod serve;
mod worker;
mod mux;
mod pool;
mod threads;
pub mod personality;
mod declared;
mod lifecycle;
mod server;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
#[doc(hidden)]
pub mod __private;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

pub use accepted::Accepted;
pub use address::Address;
pub use buffer::Buffers;
pub use child::{Child, ChildEnd, ChildKind, Message, Speak};
pub use connection::Connection;
pub use declared::{Declaration, Declared, FromOptions};
pub use error::{AnyError, Error, OptionError, Result};
pub use handler::{Hooks, NetServer};
pub use info::ServerInfo;
pub use listener::Listening;
pub use mux::{ConnId, Input, Mux, MuxServer};
pub use options::Options;
pub use options::merge::Effective;
pub use options::own::OwnOptions;
pub use options::set::{OptionSet, Texts};
pub use proto::Proto;
pub use server::{Run, Server};
pub use sys::socket::PeerCred;
#[cfg(feature = "tls")]
pub use tls::Tls;

/// Makes the variants of an enum the values of an option.
///
/// Each is called as it is in the program, in lower case and with `-` between its words: `DarkBlue` is
/// `dark-blue`; `#[option_value(name = "..")]` calls it otherwise. The first paragraph of its
/// documentation is what `--help` says of it. A default that is none of them is an error of the compiler,
/// and one at the start names the nearest. `#[option_value(crate = path)]` on the enum says where this
/// crate is, for one that re-exports it.
///
/// ```
/// use netserver::prelude::*;
///
/// #[derive(Debug, Clone, OptionValue)]
/// enum Language {
///     /// As in London.
///     BritishEnglish,
///     #[option_value(name = "de")]
///     German,
/// }
///
/// #[net_server(personality = "prefork")]
/// struct Greeter {
///     /// What to greet in.
///     #[option(default = "british-english")]
///     language: Language,
/// }
/// # #[net_server]
/// # impl Greeter { fn process_request(&mut self) { let _ = &self.language; } }
/// # assert_eq!(Language::German.name(), "de");
/// ```
pub use netserver_macros::OptionValue;
#[doc = include_str!("../docs/attribute.md")]
pub use netserver_macros::net_server;
/// Options from code, for [`Run::run_with`] and [`Server::run_with`]: names and values are checked by
/// the compiler, in the words of the attribute. A literal is written as in the attribute, and so is an
/// expression. Options of the server's own are not known here; [`Server::set`] takes them.
///
/// ```no_run
/// # use netserver::prelude::*;
/// # struct Echo;
/// # #[net_server(personality = "prefork")]
/// # impl Echo {
/// #     fn process_request(&mut self, _: &mut Connection) -> io::Result<()> { Ok(()) }
/// # }
/// const WORKERS: u32 = 20;
///
/// fn main() -> ExitCode {
///     Echo.run_with(options! { port: ["8080", "8081/tcp"], max_servers: WORKERS })
/// }
/// ```
pub use netserver_macros::options;
pub use netserver_options::kind::{OptionValue, PatternValue as Pattern};
pub use netserver_options::{OptionSpec, Reject};
