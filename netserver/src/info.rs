//! What a server knows of itself once it is configured: for its hooks to look at.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::options::Options;
use crate::proto::Endpoint;

/// A server's options, addresses and arguments, lent to its hooks.
///
/// It is the same in the parent and in every child.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    program: String,
    personality: &'static str,
    options: Rc<Options>,
    args: Rc<[OsString]>,
    listening: Rc<[Endpoint]>,
}

impl ServerInfo {
    pub(crate) fn new(
        program: String,
        personality: &'static str,
        options: Options,
        args: Vec<OsString>,
    ) -> Self {
        let listening = Rc::default();
        Self { program, personality, options: Rc::new(options), args: args.into(), listening }
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
