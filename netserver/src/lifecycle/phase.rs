//! The phases between the options and serving.

use netserver_options::BuiltIn;

use super::privileges::Privileges;
use super::secure::{Secured, secure};
use crate::declared::Declared;
use crate::error::Result;
use crate::guard;
use crate::handler::Hooks;
use crate::handover::{Handed, Handover};
use crate::info::ServerInfo;
use crate::inherit::Inheritance;
use crate::launcher;
use crate::listener::{Listener, Listeners};
use crate::personality::{Personality, Running, Stop};
use crate::pid_file::PidFile;
use crate::proto::{Endpoint, Factory};
use crate::restart::Restart;
use crate::started::Started;

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
    /// The pid file, once it is claimed; and the one that the image before had, where it is another.
    pub(crate) pid_file: Option<PidFile>,
    former_pid_file: Option<PidFile>,
    pub(crate) privileges: Privileges,
    /// How it was started, for a restart.
    pub(crate) started: std::io::Result<Started>,
    /// What its conf file was.
    pub(crate) conf: Option<Vec<u8>>,
    /// What the image before has handed on, where there was one.
    pub(crate) handed: Option<Handover>,
}

/// Every listener is bound, with the privileges of the start.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(super) info: ServerInfo,
    listeners: Listeners,
    personality: Option<BuiltIn>,
    pub(super) restart: Restart,
    elders: Handed,
    pub(super) privileges: Privileges,
}

/// Everything before the loop is done.
#[derive(Debug)]
pub(crate) struct Ready {
    running: Running,
    personality: Option<BuiltIn>,
}

impl Configured {
    /// With nothing that is bound, or claimed, yet.
    pub(crate) fn new(
        info: ServerInfo,
        endpoints: Vec<Endpoint>,
        proto: Option<Factory>,
        personality: Option<BuiltIn>,
        privileges: Privileges,
        (started, conf): (std::io::Result<Started>, Option<Vec<u8>>),
    ) -> Self {
        let (inheritance, pid_file, handed) = (Inheritance::default(), None, None);
        Self {
            info,
            endpoints,
            inheritance,
            proto,
            personality,
            pid_file,
            former_pid_file: None,
            privileges,
            started,
            conf,
            handed,
        }
    }

    /// With what the image before has handed on.
    ///
    /// # Errors
    /// A descriptor that clients cannot come to.
    pub(crate) fn after(mut self, handed: Option<Handover>) -> Result<Self> {
        let Some(mut handed) = handed else { return Ok(self) };
        let sockets = std::mem::take(&mut handed.sockets);
        self.inheritance = self.inheritance.with_handed(sockets)?;
        self.info = self.info.of_generation(handed.before.saturating_add(1));
        self.handed = Some(handed);
        Ok(self)
    }

    /// In a trial run: binds what the image before has not, for that.
    ///
    /// # Errors
    /// What cannot be bound.
    pub(crate) fn bind_others(self) -> Result<Vec<Listener>> {
        Listeners::bind_others(&self.endpoints, self.proto, self.inheritance)
    }

    /// Claims the pid file, which no second server gets past, and runs the `post_configure_hook`.
    pub(crate) fn post_configure<S: Hooks>(mut self, server: &mut S) -> Result<Self> {
        let path = self.info.options().pid_file().map(AsRef::as_ref);
        let handed = self.handed.as_mut().and_then(|handed| handed.pid_file.take());
        (self.pid_file, self.former_pid_file) = match handed {
            Some(handed) => PidFile::take_over(handed, path)?,
            None => (path.map(PidFile::claim).transpose()?, None),
        };
        let hook = guard::run(|| server.post_configure_hook(&self.info));
        hook.map_err(|failure| failure.of("post_configure_hook"))?;
        Ok(self)
    }

    /// Binds every listener, or none; after a restart those that are not there yet.
    pub(crate) fn bind<S: Hooks>(self, server: &mut S) -> Result<Bound> {
        let Self { info, endpoints, inheritance, proto, personality, privileges, pid_file, .. } =
            self;
        let (program, name, pid) = (info.program(), info.personality(), std::process::id());
        if self.handed.is_some() {
            let generation = info.generation();
            log::info!("{program} (type {name}) restarted as generation {generation}! pid({pid})");
            let hook = guard::run(|| server.restart_open_hook(&info));
            hook.map_err(|failure| failure.of("restart_open_hook"))?;
        } else {
            log::info!("{program} (type {name}) starting! pid({pid})");
        }
        let handed = self.handed.unwrap_or_default();
        let elders = (handed.children, handed.ends);
        let limit = info.options().restart_timeout();
        let restart = Restart::new(
            self.started,
            (pid_file, self.former_pid_file),
            self.conf,
            info.generation(),
            limit,
        );
        let file = info.options().port_file().map(AsRef::as_ref);
        let listeners = Listeners::bind(&endpoints, proto, inheritance)?;
        let listeners = if restart.is_restarted() {
            listeners.tell_again(file)
        } else {
            listeners.tell(file)?
        };
        let info = info.listening_on(listeners.listening().cloned().collect());
        Ok(Bound { info, listeners, personality, restart, elders, privileges })
    }
}

impl Bound {
    /// Goes to the background, where that is asked for: the process that was started waits there until
    /// the server serves. Says in the pid file which process that is.
    pub(crate) fn background(self) -> Result<Self> {
        // A server that restarts is there already.
        if self.info.goes_to_background() && !self.restart.is_restarted() {
            launcher::part(self.info.program(), self.info.options().strict())?;
        }
        self.restart.write_pid_file()?;
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
        let Bound { info, listeners, personality, restart, elders, .. } = self.into_bound();
        let hook = guard::run(|| server.pre_loop_hook(&info));
        hook.map_err(|failure| failure.of("pre_loop_hook"))?;
        Ok(Ready { running: Running::new(info, listeners, restart, elders), personality })
    }
}

impl Ready {
    /// Hands over to the personality that was chosen, which serves and closes.
    pub(crate) fn serve<S>(self, server: &mut S) -> Result<Stop>
    where
        S: Declared,
        S::Personality: Personality<S>,
    {
        let Self { running, personality } = self;
        match personality {
            Some(other) if personality != S::Personality::BUILT_IN => {
                S::Personality::serve_as(other, server, running)
            }
            _ => S::Personality::serve(server, running),
        }
    }
}
