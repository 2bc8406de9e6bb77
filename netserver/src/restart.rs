//! A restart: the server becomes its next image, in the same process, with its listeners open.
//!
//! First a [trial](crate::trial) of that image, while clients are served as before; then, with every signal
//! blocked, the exec. Until that succeeds nothing is given up, so whatever fails the server goes on as it was.

use std::convert::Infallible;
use std::fs::{File, Permissions};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use netserver_options::{BuiltIn, Hup};

use crate::error::{Error, Result};
use crate::handover::{Deed, Elder, Estate};
use crate::info::ServerInfo;
use crate::listener::Listeners;
use crate::notify;
use crate::pid_file::PidFile;
use crate::started::{self, Started};
use crate::stop::Stage;
use crate::sys::descriptor;
use crate::sys::mask;
use crate::sys::passed;
use crate::sys::process;
use crate::sys::signal;
use crate::trial::{Bound, Trial, forget};

/// What a HUP leads to now.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing, or nothing yet.
    Wait,
    /// Children are to be renewed, and the log opened anew.
    Renew,
    /// The server is to [become](Restart::become_next) its next image, which has bound these.
    Become(Bound),
}

/// All that a restart needs, and how far one has come.
#[derive(Debug)]
pub(crate) struct Restart {
    started: std::result::Result<Started, String>,
    pid_file: Option<PidFile>,
    /// That of the image before, until this one serves.
    former: Option<PidFile>,
    generation: u32,
    /// What its conf file was.
    conf: Option<Vec<u8>>,
    /// How long the next image may take until it serves.
    limit: Duration,
    trial: Option<Trial>,
}

impl Restart {
    /// Of a server that was started so, and is the image of that number.
    pub(crate) fn new(
        started: io::Result<Started>,
        (pid_file, former): (Option<PidFile>, Option<PidFile>),
        conf: Option<Vec<u8>>,
        generation: u32,
        limit: Duration,
    ) -> Self {
        let started = started.map_err(|err| err.to_string());
        Self { started, pid_file, former, generation, conf, limit, trial: None }
    }

    /// Says in the pid file which process the server is.
    ///
    /// # Errors
    /// Where the disk is full.
    pub(crate) fn write_pid_file(&self) -> Result<()> {
        self.pid_file.iter().try_for_each(PidFile::write)
    }

    /// Looks what a HUP leads to. Another one during a restart waits: `may_begin` tells whether the one before
    /// is over.
    pub(crate) fn look(
        &mut self,
        info: &ServerInfo,
        listeners: &Listeners,
        may_begin: bool,
    ) -> Step {
        if let Some(trial) = &mut self.trial {
            let Some(outcome) = trial.look() else { return Step::Wait };
            self.trial = None;
            match outcome {
                // A stop comes first.
                Ok((bound, _)) if signal::stage() != Stage::Serving => forget(&bound),
                Ok((bound, next)) if next == SINGLE && info.personality() != SINGLE => {
                    Self::give_up(
                        &bound,
                        "single has no use for the children that there are: stop the server and start it",
                    );
                }
                Ok((bound, _)) => return Step::Become(bound),
                Err(why) => refuse(&why),
            }
        }
        if !may_begin || !signal::take_hup() {
            return Step::Wait;
        }
        match info.options().hup() {
            Hup::Ignore => {
                log::info!("HUP: nothing is done, as hup = ignore");
                Step::Wait
            }
            Hup::Exec if info.options().chroot().is_none() => {
                self.begin(listeners);
                Step::Wait
            }
            Hup::Exec | Hup::Children => Step::Renew,
        }
    }

    /// Whether this image is not the first.
    pub(crate) fn is_restarted(&self) -> bool {
        self.generation > 1
    }

    /// This image serves: what only the one before had goes.
    pub(crate) fn relieve(&mut self) {
        self.former = None;
    }

    /// There will be none any more.
    pub(crate) fn end_trial(&mut self) {
        self.trial = None;
    }

    /// There is no restart after all.
    pub(crate) fn give_up(bound: &Bound, why: &str) {
        forget(bound);
        refuse(why);
    }

    /// Whether a trial goes on, which is to be looked at now and then.
    pub(crate) fn is_tried(&self) -> bool {
        self.trial.is_some()
    }

    fn begin(&mut self, listeners: &Listeners) {
        notify::reloading();
        let begun = self.started().and_then(|started| {
            if passed::is_privileged_by_its_file() {
                return Err(Error::new(
                    "the file of the program gives it privileges, and such a program believes no hand-over: \
                     stop the server and start it",
                ));
            }
            log::info!("HUP: trial run of {}", started.program().display());
            let estate = self.estate(listeners, Vec::new())?;
            Ok(Trial::start(started, estate)?)
        });
        match begun {
            Ok(trial) => self.trial = Some(trial),
            Err(err) => refuse(&err.chain()),
        }
    }

    /// What its conf file was, as a file in memory.
    fn conf_file(&self) -> Option<io::Result<OwnedFd>> {
        let bytes = self.conf.as_ref()?;
        let written = descriptor::nameless_file(c"conf").and_then(|file| {
            let mut file = File::from(file);
            file.write_all(bytes)?;
            // Whoever reads it looks who may change it.
            file.set_permissions(Permissions::from_mode(0o400))?;
            file.rewind()?;
            Ok(file.into())
        });
        Some(written)
    }

    fn started(&self) -> Result<&Started> {
        let unknown =
            |why: &String| Error::new(format!("it is not known how the server was started: {why}"));
        self.started.as_ref().map_err(unknown)
    }

    fn estate<'a>(
        &'a self,
        listeners: &'a Listeners,
        children: Vec<Elder>,
    ) -> io::Result<Estate<'a>> {
        Ok(Estate {
            generation: self.generation,
            sockets: listeners.deeds()?,
            pid_file: self.pid_file.as_ref().map(|file| (file.as_fd(), file.path())),
            children,
            program: self.started.as_ref().ok().map(Started::program),
            ..Estate::default()
        })
    }

    /// The server becomes its next image, which takes over the children, too. It comes back where that
    /// fails, or a stop has come first, and has said why.
    pub(crate) fn become_next(
        &mut self,
        listeners: &Listeners,
        bound: &Bound,
        (children, ends): (Vec<Elder>, Vec<BorrowedFd<'_>>),
    ) {
        process::print_all();
        // What comes from here on is for the next image.
        let blocked = mask::Blocked::all();
        if signal::stage() == Stage::Serving {
            log::info!("HUP: restarting as generation {}", self.generation.saturating_add(1));
            signal::hand_on_hup();
            let Err(err) = self.try_become_next(listeners, bound, (children, ends));
            drop(blocked);
            refuse(&err.chain());
        }
        forget(bound);
    }

    fn try_become_next(
        &self,
        listeners: &Listeners,
        bound: &Bound,
        (children, ends): (Vec<Elder>, Vec<BorrowedFd<'_>>),
    ) -> Result<Infallible> {
        let started = self.started()?;
        let mut estate: Estate<'_> = self.estate(listeners, children)?;
        estate.ends = ends;
        let fresh = |deed: &Deed| Deed { fresh: true, ..deed.clone() };
        let new = bound.iter().map(|(socket, deed)| (socket.as_fd(), fresh(deed)));
        estate.sockets.extend(new);
        // To go back to, should the next image not come to serve. It may do without.
        let (program, conf) = (descriptor::own_program().ok(), self.conf_file().transpose());
        if let (Some(program), Ok(conf)) = (&program, &conf) {
            estate.limit = u32::try_from(self.limit.as_secs().max(1)).ok();
            estate.before_it = Some((program.as_fd(), conf.as_ref().map(AsFd::as_fd)));
        }
        let image = started.image(&estate.words(process::this()))?;
        let kept: Vec<BorrowedFd<'_>> = estate.descriptors();
        let before = started.enter()?;
        let outcome = image.become_it(&kept);
        started::leave_for(before);
        let cannot = format!("cannot run {}", started.program().display());
        outcome.map_err(|err| Error::because(cannot, err))
    }
}

/// The personality that never has any children.
const SINGLE: &str = BuiltIn::Single.name();

/// Why there is no restart, in one record.
fn refuse(why: &str) {
    let why = why.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    log::error!("cannot restart, so the server goes on as it was: {why}");
    notify::ready();
}
