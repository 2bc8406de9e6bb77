//! How a program starts its server.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use crate::declared::{Declared, FromOptions};
use crate::error::{Error, Result};
use crate::fatal;
use crate::handler::Hooks;
use crate::lifecycle::{self, Given};
use crate::logger::{self, complain};
use crate::options::own::OwnOptions;
use crate::options::set::Texts;
use crate::personality::{Personality, Stop};
use crate::sys::file_size;

/// A server that is to run, with options that the program sets itself.
///
/// ```no_run
/// # use netserver::prelude::*;
/// # struct Echo;
/// # #[net_server(personality = "single")]
/// # impl Echo {
/// #     fn process_request(&mut self, _: &mut Connection) -> io::Result<()> { Ok(()) }
/// # }
/// fn main() -> ExitCode {
///     netserver::Server::new(Echo).set("port", ["8080", "8081"]).run()
/// }
/// ```
pub struct Server<S> {
    origin: Origin<S>,
    object: Vec<(String, Texts)>,
}

/// Without the values that were set: some may be secret.
impl<S: fmt::Debug> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<&str> = self.object.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Server").field("origin", &self.origin).field("set", &set).finish()
    }
}

/// Where the server's value comes from.
#[derive(Debug)]
enum Origin<S> {
    /// The program made it.
    Value(S),
    /// It is made from its own options, once they are known.
    Options(fn(&OwnOptions) -> Result<S>),
}

impl<S> Server<S>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    /// A server without options of the program's own. Where it has some this does not compile: it is
    /// made from them.
    ///
    /// ```compile_fail,E0080
    /// use netserver::prelude::*;
    ///
    /// #[net_server(personality = "single", port = 0)]
    /// struct Greeter {
    ///     #[option(default = "hello")]
    ///     greeting: String,
    /// }
    ///
    /// #[net_server]
    /// impl Greeter {
    ///     fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
    ///         writeln!(conn, "{}", self.greeting)
    ///     }
    /// }
    ///
    /// Greeter { greeting: "hi".into() }.run();
    /// ```
    pub const fn new(value: S) -> Self {
        const {
            assert!(
                !S::FROM_OPTIONS,
                "a server with options of its own is made from them: write `Greeter::run()`, or `Greeter::server().set(..)`"
            );
        }
        Self { origin: Origin::Value(value), object: Vec::new() }
    }

    /// A server that is built from its own options, at the end of `configure`.
    pub fn from_options() -> Self
    where
        S: FromOptions,
    {
        Self { origin: Origin::Options(S::from_options), object: Vec::new() }
    }

    /// Sets an option from the source "object", the strongest there is. It is checked when the
    /// server runs.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Texts>) -> Self {
        self.object.push((name.to_owned(), value.into()));
        self
    }

    /// Runs the server until it is told to stop. The code is 0 where it stopped as asked, or
    /// answered `--help` or the like; 1 where it could not start or not go on, or a process had to be killed; 2
    /// where an option was wrong. Why is on standard error.
    pub fn run(self) -> ExitCode {
        self.run_with::<&str, Texts>([])
    }

    /// As [`run`](Self::run), with further options from the source "run arguments": weaker than
    /// the command line, stronger than the conf file.
    pub fn run_with<N, V>(self, arguments: impl IntoIterator<Item = (N, V)>) -> ExitCode
    where
        N: AsRef<str>,
        V: Into<Texts>,
    {
        let _outlived = file_size::outlive();
        let mut words = std::env::args_os();
        let program = words.next().unwrap_or_default();
        let name = Path::new(&program).file_name().unwrap_or(program.as_os_str());
        let given = Given {
            program: name.to_string_lossy().into_owned(),
            object: self.object,
            words: words.collect(),
            started: Err(std::io::ErrorKind::NotFound.into()),
            conf: None,
            trial: false,
            pid_file: None,
            managed: std::env::var_os("NOTIFY_SOCKET").is_some_and(|path| !path.is_empty()),
            arguments: arguments
                .into_iter()
                .map(|(name, value)| (name.as_ref().to_owned(), value.into()))
                .collect(),
        };
        let program = given.program.clone();
        match lifecycle::run(
            |own| match self.origin {
                Origin::Value(value) => Ok(value),
                Origin::Options(build) => build(own),
            },
            given,
        ) {
            Ok(Stop::AsAsked) => ExitCode::SUCCESS,
            Ok(Stop::Killed) => ExitCode::FAILURE,
            Err(err) => failed(&program, &err),
        }
    }
}

/// Says why a server did not run, and tells the code for it.
fn failed(program: &str, err: &Error) -> ExitCode {
    if err.is_option() {
        complain(program, &err.chain());
        return ExitCode::from(2);
    }
    let (text, is_logged) = (fatal::text(err), log::log_enabled!(log::Level::Error));
    if is_logged {
        log::error!("{text}");
    }
    if !is_logged || logger::is_elsewhere() {
        complain(program, &text);
    }
    ExitCode::FAILURE
}

/// `Echo.run()`: short for [`Server::new(Echo).run()`](Server::run).
pub trait Run: Sized {
    /// As [`Server::run`].
    fn run(self) -> ExitCode
    where
        Self: Declared + Hooks,
        Self::Personality: Personality<Self>,
    {
        Server::new(self).run()
    }

    /// As [`Server::run_with`].
    fn run_with<N, V>(self, arguments: impl IntoIterator<Item = (N, V)>) -> ExitCode
    where
        Self: Declared + Hooks,
        Self::Personality: Personality<Self>,
        N: AsRef<str>,
        V: Into<Texts>,
    {
        Server::new(self).run_with(arguments)
    }
}

impl<S: Hooks> Run for S {}
