//! What a server knows of itself once it is configured: for its hooks to look at.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::handshake::Handshake;
use crate::options::Options;
use crate::options::merge::{Effective, Merged};
use crate::proto::Endpoint;
use crate::stop::Timing;
use crate::sys::signal;

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
    listening: Arc<[Endpoint]>,
    handshake: Option<Handshake>,
}

impl ServerInfo {
    pub(crate) fn new(
        program: String,
        personality: &'static str,
        merged: Merged,
        args: Vec<OsString>,
    ) -> Self {
        let (options, effective) = (Arc::new(merged.options), merged.effective.into());
        let (args, listening) = (args.into(), Arc::default());
        Self { program, personality, options, effective, args, listening, handshake: None }
    }

    /// The same with what a protocol does first.
    pub(crate) fn beginning_with(mut self, handshake: Option<Handshake>) -> Self {
        self.handshake = handshake;
        self
    }

    pub(crate) fn handshake(&self) -> Option<Handshake> {
        self.handshake
    }

    /// The same with what was bound.
    pub(crate) fn listening_on(mut self, endpoints: Vec<Endpoint>) -> Self {
        self.listening = endpoints.into();
        self
    }

    /// The name that the program was called by, without its folder.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The name of the personality that serves.
    pub fn personality(&self) -> &'static str {
        self.personality
    }

    /// The effective options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same, each by its name and with its source; the server's own first.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }

    /// Stops the whole server as TERM does: the request in progress is finished. A handler that may
    /// do so keeps a clone of this value. To ask again changes nothing.
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

    /// How long each stage of a stop may take.
    pub(crate) fn stop_timing(&self) -> Timing {
        let options = &self.options;
        Timing { graceful: options.graceful_timeout(), quick: options.kill_timeout() }
    }

    /// The words of the command line that are no options, and all behind `--`.
    pub fn args(&self) -> &[OsString] {
        &self.args
    }

    /// The addresses that are listened on, in the order of the `port` option, with the port that
    /// the system chose where 0 was asked for; none before they are bound.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listening.iter().map(|endpoint| endpoint.address)
    }
}
