//! The way back from a restart: until the new image serves, it can become the one before again.
//!
//! Takes in what was handed on, and has a second descriptor of each; hands on nothing. A trial run has shown
//! just now that the options are good: what fails after it is mostly the server's own code, in a hook. The
//! image before had such code, too, and it has worked there.

use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::handover::{self, Estate, Handover};
use crate::own_file;
use crate::started::{self, Started};
use crate::stop::Stage;
use crate::sys::descriptor::{self, Private};
use crate::sys::image::Image;
use crate::sys::mask;
use crate::sys::process;
use crate::sys::signal;

/// The image before, as it would be run, and all that it is to have.
#[derive(Debug)]
struct WayBack {
    started: Started,
    /// The file of its program.
    program: Private<OwnedFd>,
    words: Vec<(&'static str, String)>,
    kept: Vec<Private<OwnedFd>>,
    generation: u32,
    /// By when this image has to serve.
    until: Instant,
}

static WAY: Mutex<Option<WayBack>> = Mutex::new(None);

fn way() -> MutexGuard<'static, Option<WayBack>> {
    WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens it, where there is an image to go back to. From here on no file of the server is removed.
pub(crate) fn open(handed: &Handover, started: &Started) {
    let Some(before) = &handed.before_it else { return };
    match WayBack::new(handed, before, started) {
        Ok(back) => {
            own_file::hold(true);
            // A hook that never returns is ended by the alarm.
            let late = Error::new(TOO_LATE);
            match back.image(&late).and_then(|image| Ok((image, back.started.folder()?))) {
                Ok((image, folder)) => signal::arm(image, &back.numbers(), folder, back.until),
                Err(err) => log::warn!("a start that hangs is not ended: {err}"),
            }
            *way() = Some(back);
        }
        Err(err) => log::warn!("there is no way back to the image before: {err}"),
    }
}

/// Closes it: this image serves.
pub(crate) fn close() {
    if way().take().is_some() {
        signal::disarm();
        own_file::hold(false);
    }
}

const TOO_LATE: &str = "it has not come to serve within restart_timeout";

/// Errs where this image should serve by now.
///
/// # Errors
/// As said.
pub(crate) fn hold_time() -> Result<()> {
    if way().as_ref().is_some_and(|back| back.until <= Instant::now()) {
        return Err(Error::new(TOO_LATE));
    }
    Ok(())
}

/// How long this image has until it has to serve, where there is a way back.
pub(crate) fn left() -> Option<Duration> {
    way().as_ref().map(|back| back.until.saturating_duration_since(Instant::now()))
}

/// Whether it is open still: this image was not seen to serve.
pub(crate) fn is_open() -> bool {
    way().is_some()
}

/// Goes it, as this image cannot serve; the image before logs why. Comes back where there is none, or a stop
/// has come, or it cannot be gone.
pub(crate) fn go(why: &Error) {
    let Some(back) = way().take() else { return };
    signal::disarm();
    process::print_all();
    let blocked = mask::Blocked::all();
    let failed = if signal::stage() == Stage::Serving {
        signal::hand_on_hup();
        let Err(err) = back.become_it(why);
        Some(err)
    } else {
        None
    };
    drop(blocked);
    own_file::hold(false);
    if let Some(err) = failed {
        log::error!("cannot go back to the image before: {err}");
    }
}

impl WayBack {
    fn new(
        handed: &Handover,
        (program, conf): &(OwnedFd, Option<OwnedFd>),
        started: &Started,
    ) -> io::Result<Self> {
        let second = |of: &OwnedFd| descriptor::duplicate(of.as_fd());
        let program = second(program)?;
        let conf = conf.as_ref().map(second).transpose()?;
        let sockets =
            handed.sockets.iter().map(|(socket, deed)| Ok((second(socket)?, deed.clone())));
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let pid_file = handed.pid_file.as_ref();
        let pid_file =
            pid_file.map(|(file, path)| Ok::<_, io::Error>((second(file)?, path))).transpose()?;
        let ends = handed.ends.iter().map(second).collect::<io::Result<Vec<_>>>()?;
        let generation = handed.before.saturating_add(1);
        let estate = Estate {
            generation,
            sockets: sockets.iter().map(|(socket, deed)| (socket.as_fd(), deed.clone())).collect(),
            pid_file: pid_file.as_ref().map(|(file, path)| (file.as_fd(), path.as_path())),
            children: handed.children.clone(),
            ends: ends.iter().map(AsFd::as_fd).collect(),
            program: Some(started.program()),
            // Without one there is nothing that could have changed.
            conf: Some(conf.as_ref().unwrap_or(&program).as_fd()),
            ..Estate::default()
        };
        let words = estate.words(process::this());
        let started = started.clone();
        // An exec finds it by its number, and closes it then.
        let (program, conf) = match conf {
            Some(conf) => (program, conf),
            None => (second(&program)?, program),
        };
        let files = pid_file.map(|(file, _)| file).into_iter().chain([conf]);
        let kept = sockets.into_iter().map(|(socket, _)| socket).chain(files).chain(ends);
        let limit = Duration::from_secs(handed.limit.unwrap_or(60).into());
        Ok(Self {
            until: Instant::now() + limit,
            started,
            program: Private::new(program),
            words,
            kept: kept.map(Private::new).collect(),
            generation,
        })
    }

    /// The numbers of all that it keeps.
    fn numbers(&self) -> Vec<RawFd> {
        self.kept.iter().map(|one| one.as_fd().as_raw_fd()).collect()
    }

    fn image(&self, why: &Error) -> io::Result<Image> {
        let generation = self.generation;
        let why = format!(
            "cannot serve as generation {generation}, so the one before goes on: {}",
            why.chain()
        );
        let mut words = self.words.clone();
        words.push(handover::reason(&why));
        let path = format!("/proc/self/fd/{}", self.program.as_fd().as_raw_fd());
        self.started.image_of(Path::new(&path), &words)
    }

    fn become_it(&self, why: &Error) -> io::Result<Infallible> {
        let image = self.image(why)?;
        let before = self.started.enter()?;
        let kept: Vec<_> = self.kept.iter().map(AsFd::as_fd).collect();
        let outcome = image.become_it(&kept);
        started::leave_for(before);
        outcome
    }
}
