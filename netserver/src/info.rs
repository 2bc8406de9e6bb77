//! What a server knows of itself once it is configured: for its hooks to look at.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use netserver_options::BuiltIn;

use crate::access::Rules;
use crate::child::{self, Message, Speak};
use crate::error::{Error, Result};
use crate::launcher;
use crate::listener::Listening;
use crate::logger;
use crate::notify;
use crate::options::Options;
use crate::options::merge::{Effective, Merged};
use crate::stop::{Stage, Timing};
use crate::sys::signal;
use crate::way_back;

/// A server's options, addresses and arguments, lent to its hooks.
///
/// It is the same in the parent and in every child.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    program: String,
    personality: &'static str,
    options: Arc<Options>,
    effective: Arc<[Effective]>,
    args: Arc<[OsString]>,
    listening: Arc<[Listening]>,
    rules: Arc<Rules>,
    generation: u32,
}

impl ServerInfo {
    pub(crate) fn new(
        program: String,
        personality: &'static str,
        merged: Merged,
        rules: Rules,
        args: Vec<OsString>,
    ) -> Self {
        let (options, effective) = (Arc::new(merged.options), merged.effective.into());
        let (args, listening, rules) = (args.into(), Arc::default(), Arc::new(rules));
        Self { program, personality, options, effective, args, listening, rules, generation: 1 }
    }

    /// The same with what was bound.
    pub(crate) fn listening_on(mut self, listening: Arc<[Listening]>) -> Self {
        self.listening = listening;
        self
    }

    /// The same of another generation.
    pub(crate) fn of_generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    /// Who may connect.
    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The name that the program was called by, without its folder.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The name of the personality that serves.
    pub fn personality(&self) -> &'static str {
        self.personality
    }

    /// Which image of the server this is: 1 where it was started just so, and one more after each restart.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The effective options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same, each by its name and with its source; the server's own first.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }

    /// Stops the whole server as TERM does: the request in progress is finished. It does so at once, without
    /// `drain_delay`, as the program itself has decided. A handler that may do so keeps a clone of this
    /// value. To ask again changes nothing.
    ///
    /// # Errors
    /// In a child where `no_close_by_child` is on, which it is by default; and where no server runs in
    /// this process: nothing happens then.
    pub fn server_close(&self) -> Result<()> {
        if signal::is_child() && self.options.no_close_by_child() {
            return Err(Error::new("a child cannot stop the server: no_close_by_child is on"));
        }
        signal::ask_to_stop().map_err(|err| Error::because("cannot stop the server", err))
    }

    /// Whether this process takes no more clients, as the server stops, or another child takes the place of
    /// this one at a restart: a handler whose client stays may say goodbye, and return before it is cut.
    pub fn is_stopping(&self) -> bool {
        !signal::stage().accepts()
    }

    /// Says something to the parent, which hears it in `child_is_talking_hook`. Where the parent has
    /// not heard what was said before, it waits for up to a second.
    ///
    /// # Errors
    /// `NotConnected` without `child_communication`, and in a process that is no child of a server;
    /// `TimedOut` where the parent did not listen; `InvalidInput` over
    /// [`Message::LONGEST`] bytes; `BrokenPipe` and the like where it is gone.
    pub fn tell_parent(&self, what: &impl Speak) -> io::Result<()> {
        child::tell_parent(what)
    }

    /// What the parent has said to this child ([`Child::tell`](crate::Child::tell)) and was not heard
    /// yet: waits for it up to `limit`, which may be 0. `None` where there is nothing.
    ///
    /// # Errors
    /// `NotConnected` without `child_communication`, and in a process that is no child of a server;
    /// what the kernel says, where the parent is gone.
    pub fn hear_parent(&self, limit: Duration) -> io::Result<Option<Message>> {
        child::hear_parent(limit)
    }

    /// Whether the server goes to the background.
    pub(crate) fn goes_to_background(&self) -> bool {
        self.options.background() || self.options.setsid()
    }

    /// With a log of its own, or in the background, this process has no more to say where it was started.
    ///
    /// # Errors
    /// Where there is no descriptor left.
    #[inline]
    pub(crate) fn take_streams(&self) -> Result<()> {
        // With `inet` standard input and output are the client.
        let has_log = logger::is_elsewhere() && self.personality != BuiltIn::Inet.name();
        if self.goes_to_background() || has_log {
            let taken = logger::take_stdio();
            taken.map_err(|err| Error::because("cannot take the standard streams away", err))?;
        }
        Ok(())
    }

    /// Clients are served from here on: whoever waits for that is told. To say it again changes nothing.
    ///
    /// # Errors
    /// As [`take_streams`](Self::take_streams), and where whoever waited for it has gone.
    pub(crate) fn ready(&self) -> Result<()> {
        self.take_streams()?;
        way_back::close();
        // A stop has come first: nobody is served.
        if signal::stage() == Stage::Serving {
            launcher::ready()?;
            notify::ready();
        }
        Ok(())
    }

    /// The same in a process that serves clients itself: whoever gets the better of its handler must find no
    /// folder that leads out of `chroot`.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub(crate) fn ready_alone(&self) -> Result<()> {
        if self.options.chroot().is_some() {
            logger::let_go_of_directory();
        }
        self.ready()
    }

    /// How long each stage of a stop may take.
    pub(crate) fn stop_timing(&self) -> Timing {
        let options = &self.options;
        Timing {
            drain: options.drain_delay(),
            graceful: options.graceful_timeout(),
            quick: options.kill_timeout(),
        }
    }

    /// The words of the command line that are no options, and all behind `--`.
    pub fn args(&self) -> &[OsString] {
        &self.args
    }

    /// What is listened on, in the order of the `port` option and with the port that the system chose
    /// where 0 was asked for; none before it is bound.
    pub fn listeners(&self) -> impl Iterator<Item = &Listening> {
        self.listening.iter()
    }
}
