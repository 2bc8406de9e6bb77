//! The phases between the options and serving.

use netserver_options::BuiltIn;

use super::privileges::Privileges;
use super::secure::{Secured, secure};
use crate::declared::Declared;
use crate::error::Result;
use crate::guard;
use crate::handler::Hooks;
use crate::info::ServerInfo;
use crate::inherit::Inheritance;
use crate::launcher;
use crate::listener::Listeners;
use crate::personality::{Personality, Running, Stop};
use crate::pid_file::PidFile;
use crate::proto::{Endpoint, Factory};

/// The options are known, the addresses are resolved, nothing is bound.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) info: ServerInfo,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Sockets that are bound already.
    pub(crate) inheritance: Inheritance,
    /// The program's own protocol.
    pub(crate) proto: Option<Factory>,
    /// The personality that was chosen; `None` for somebody's own.
    pub(crate) personality: Option<BuiltIn>,
    /// The pid file, once it is claimed.
    pub(crate) pid_file: Option<PidFile>,
    pub(crate) privileges: Privileges,
}

/// Every listener is bound, with the privileges of the start.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(super) info: ServerInfo,
    listeners: Listeners,
    personality: Option<BuiltIn>,
    pid_file: Option<PidFile>,
    pub(super) privileges: Privileges,
}

/// Everything before the loop is done.
#[derive(Debug)]
pub(crate) struct Ready {
    running: Running,
    personality: Option<BuiltIn>,
    pid_file: Option<PidFile>,
}

impl Configured {
    /// With nothing that is bound, or claimed, yet.
    pub(crate) fn new(
        info: ServerInfo,
        endpoints: Vec<Endpoint>,
        proto: Option<Factory>,
        personality: Option<BuiltIn>,
        privileges: Privileges,
    ) -> Self {
        let (inheritance, pid_file) = (Inheritance::default(), None);
        Self { info, endpoints, inheritance, proto, personality, pid_file, privileges }
    }

    /// Claims the pid file, which no second server gets past, and runs the `post_configure_hook`.
    pub(crate) fn post_configure<S: Hooks>(mut self, server: &mut S) -> Result<Self> {
        self.pid_file =
            self.info.options().pid_file().map(|path| PidFile::claim(path)).transpose()?;
        let hook = guard::run(|| server.post_configure_hook(&self.info));
        hook.map_err(|failure| failure.of("post_configure_hook"))?;
        Ok(self)
    }

    /// Binds every listener, or none.
    pub(crate) fn bind(self) -> Result<Bound> {
        let Self { info, endpoints, inheritance, proto, personality, privileges, pid_file } = self;
        let (program, name, pid) = (info.program(), info.personality(), std::process::id());
        log::info!("{program} (type {name}) starting! pid({pid})");
        let file = info.options().port_file().map(AsRef::as_ref);
        let listeners = Listeners::bind(&endpoints, proto, inheritance, file)?;
        let info = info.listening_on(listeners.listening().cloned().collect());
        Ok(Bound { info, listeners, personality, pid_file, privileges })
    }
}

impl Bound {
    /// Goes to the background, where that is asked for: the process that was started waits there until
    /// the server serves. Says in the pid file which process that is.
    pub(crate) fn background(self) -> Result<Self> {
        if self.info.goes_to_background() {
            launcher::part(self.info.program(), self.info.options().strict())?;
        }
        self.pid_file.iter().try_for_each(PidFile::write)?;
        Ok(self)
    }

    /// Runs the `post_bind_hook`, the last with the privileges of the start, and gives those up.
    pub(crate) fn post_bind<S: Hooks>(self, server: &mut S) -> Result<Secured> {
        let hook = guard::run(|| server.post_bind_hook(&self.info));
        hook.map_err(|failure| failure.of("post_bind_hook"))?;
        secure(self)
    }
}

impl Secured {
    /// Runs the `pre_loop_hook`.
    pub(crate) fn pre_loop<S: Hooks>(self, server: &mut S) -> Result<Ready> {
        let Bound { info, listeners, personality, pid_file, .. } = self.into_bound();
        let hook = guard::run(|| server.pre_loop_hook(&info));
        hook.map_err(|failure| failure.of("pre_loop_hook"))?;
        Ok(Ready { running: Running::new(info, listeners), personality, pid_file })
    }
}

impl Ready {
    /// Hands over to the personality that was chosen, which serves and closes.
    pub(crate) fn serve<S>(self, server: &mut S) -> Result<Stop>
    where
        S: Declared,
        S::Personality: Personality<S>,
    {
        let Self { running, personality, pid_file } = self;
        let outcome = match personality {
            Some(other) if personality != S::Personality::BUILT_IN => {
                S::Personality::serve_as(other, server, running)
            }
            _ => S::Personality::serve(server, running),
        };
        // It goes when nobody serves any more.
        drop(pid_file);
        outcome
    }
}
