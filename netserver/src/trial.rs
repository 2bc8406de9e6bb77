//! A trial run of the image that a restart would lead to: whether it reads its options, and can have every
//! port. Both sides of it: the server, which goes on serving meanwhile, and the image that is tried.
//!
//! What the image has bound it hands back, so that nothing is left to be bound once the server has become
//! it. Whatever it does, it ends: after [`LIMIT`], or with the server.

use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::handover::{Deed, Estate};
use crate::listener::{Listener, own_file};
use crate::started::Started;
use crate::sys::descriptor::{self, Private};
use crate::sys::handed;
use crate::sys::process::{self, End, Pid};
use crate::sys::signal::{self, Signal};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(10);
/// So much later somebody else ends it: by itself it does so in time.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is looked at, by whoever has time for that.
const LOOK: Duration = Duration::from_millis(10);

/// The most that it may write to any file.
const MOST_OUTPUT: u64 = 1 << 20;

/// What stands before a socket, before a reason, and for a good end.
const SOCKETS: u8 = b'+';
const REASON: u8 = b'-';
const GOOD: u8 = b'=';

/// Sockets that it has bound, with what is known of them.
pub(crate) type Bound = Vec<(OwnedFd, Deed)>;

/// One that is going on.
#[derive(Debug)]
pub(crate) struct Trial {
    pid: Pid,
    word: Private<OwnedFd>,
    output: Private<OwnedFd>,
    since: Instant,
    bound: Bound,
    reason: Option<String>,
    /// The personality of the image, once all is well.
    personality: Option<String>,
    has_ended: bool,
}

impl Trial {
    /// Starts one, with copies of all that is to be handed on.
    ///
    /// # Errors
    /// Where there is no process, no memory or no descriptor for it.
    pub(crate) fn start(started: &Started, estate: Estate<'_>) -> io::Result<Self> {
        let (ours, theirs) = descriptor::message_pair()?;
        // A file of its own: nobody has to read it for the image to go on.
        let output = descriptor::nameless_file(c"trial")?;
        let mut estate = estate;
        estate.trial = Some(theirs.as_fd());
        let pid = process::fork(|| {
            let failed = become_it(started, &estate, &output);
            let what = format!("cannot run {}: {failed}", started.program().display());
            // Where nobody hears it the server says that it ended without a word.
            let _ = say(&theirs, &what);
            1
        })?;
        let (word, output) = (Private::new(ours), Private::new(output));
        let (since, bound, reason) = (Instant::now(), Vec::new(), None);
        Ok(Self { pid, word, output, since, bound, reason, personality: None, has_ended: false })
    }

    /// What came of it; `None` while it goes on.
    pub(crate) fn look(&mut self) -> Option<std::result::Result<(Bound, String), String>> {
        // In this order: what it says before its end is heard.
        let ended = process::has_ended(self.pid);
        self.hear();
        if !ended && self.since.elapsed() <= LIMIT + GRACE {
            return None;
        }
        let Some(end) = self.end() else { return Some(Err(too_long())) };
        if let Some(reason) = self.reason.take() {
            return Some(Err(reason));
        }
        if let Some(personality) = self.personality.take() {
            return Some(Ok((std::mem::take(&mut self.bound), personality)));
        }
        Some(Err(self.why(end)))
    }

    /// How long the next look may wait.
    pub(crate) fn next_look() -> Duration {
        LOOK
    }

    fn hear(&mut self) {
        while let Ok(Some((text, descriptors))) = handed::hear(&*self.word) {
            match text.split_first() {
                Some((&SOCKETS, entries)) => {
                    let entries = String::from_utf8_lossy(entries).into_owned();
                    let deeds = entries.split(';').filter_map(Deed::read);
                    let bound = descriptors.into_iter().zip(deeds.map(|(_, deed)| deed));
                    self.bound.extend(bound);
                }
                Some((&REASON, reason)) => {
                    self.reason = Some(String::from_utf8_lossy(reason).into_owned());
                }
                Some((&GOOD, personality)) => {
                    self.personality = Some(String::from_utf8_lossy(personality).into_owned());
                }
                _ => {}
            }
        }
    }

    /// Of one that has ended without a word.
    fn why(&self, end: End) -> String {
        let how = match end {
            End::Signal(nix::libc::SIGALRM) => return too_long(),
            End::Code(code) => format!("the trial run has ended with code {code}"),
            End::Signal(number) => {
                format!("the trial run was killed by {}", process::signal_name(number))
            }
            End::Unknown => "the trial run has ended".to_owned(),
        };
        match self.last_line() {
            Some(line) => format!("{how}: {line}"),
            None => format!(
                "{how}, and has said nothing: is it another program, or does it not call run()?"
            ),
        }
    }

    /// The last thing that it has printed.
    fn last_line(&self) -> Option<String> {
        const MOST: i64 = 4096;
        let mut file = std::fs::File::from(self.output.try_clone().ok()?);
        let length = i64::try_from(file.metadata().ok()?.len()).ok()?;
        file.seek(SeekFrom::End(-length.min(MOST))).ok()?;
        let mut text = Vec::new();
        io::Read::read_to_end(&mut file, &mut text).ok()?;
        let text = String::from_utf8_lossy(&text);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }

    /// Ends it, and what it has started: that has the listeners, and would hold the ports. Tells how it has
    /// ended before, if it has.
    fn end(&mut self) -> Option<End> {
        if self.has_ended {
            return None;
        }
        self.has_ended = true;
        let ended = process::has_ended(self.pid);
        // It may be gone already, and with it all of its group. Until it was waited for the number is its own.
        let _ = process::kill_group(self.pid);
        let _ = process::kill(self.pid, Signal::SIGKILL);
        let end = process::wait_for(self.pid).unwrap_or(End::Unknown);
        ended.then_some(end)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if signal::is_servers_own() {
            self.end();
            forget(&self.bound);
        }
    }
}

/// What was bound for the next image is closed, and its files go.
pub(crate) fn forget(bound: &Bound) {
    for (_, deed) in bound {
        drop(own_file(deed));
    }
}

fn too_long() -> String {
    format!("the trial run has not ended in {LIMIT:?}")
}

/// The child becomes the image; comes back where it cannot.
fn become_it(started: &Started, estate: &Estate<'_>, output: &OwnedFd) -> io::Error {
    let become_it = || {
        process::ask_for_parents_end(Signal::SIGKILL)?;
        // A signal to the server's group is none of its, and what it prints has an end.
        process::begin_group()?;
        process::write_at_most(MOST_OUTPUT)?;
        descriptor::become_stdio(&descriptor::null()?, output)?;
        descriptor::become_stderr(output)?;
        started.enter()?;
        let image = started.image(&estate.words(process::this()))?;
        signal::be_ended_after(LIMIT);
        image.become_it(&estate.descriptors())
    };
    match become_it() {
        Err(err) => err,
        Ok(never) => match never {},
    }
}

fn say(word: &OwnedFd, reason: &str) -> io::Result<()> {
    let mut text = vec![REASON];
    text.extend(reason.as_bytes());
    handed::say(word, &text, &[])
}

/// Says in the image that is tried what came of it, and ends that: nothing of the program runs after it,
/// which would tidy up what the server still uses.
pub(crate) fn answer(word: &OwnedFd, outcome: Result<(Vec<Listener>, &'static str)>) -> ! {
    let said = match outcome {
        Ok((bound, personality)) => hand_back(word, &bound, personality),
        Err(err) => say(word, &err.chain()).map_err(Error::from),
    };
    process::exit_now(i32::from(said.is_err()))
}

fn hand_back(word: &OwnedFd, bound: &[Listener], personality: &str) -> Result<()> {
    for some in bound.chunks(handed::MOST) {
        let deeds = some.iter().map(|one| Ok(one.deed()?.text(0))).collect::<io::Result<Vec<_>>>();
        let mut text = vec![SOCKETS];
        text.extend(deeds?.join(";").into_bytes());
        let sockets: Vec<_> = some.iter().map(AsFd::as_fd).collect();
        handed::say(word, &text, &sockets)?;
    }
    let mut text = vec![GOOD];
    text.extend(personality.as_bytes());
    Ok(handed::say(word, &text, &[])?)
}
