//! A program that was started, with its whole process group: what it said, how it ends, and that
//! nothing of it stays.

use std::fmt::Display;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::testing::deadline::{Deadline, Patience, holds_within};
use crate::testing::ending::Ending;
use crate::testing::output::{Output, Seen};
use crate::testing::process;
use crate::testing::story;

/// A program from its start until it was reaped. Dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct Running {
    /// How messages name it.
    name: String,
    child: Child,
    output: Arc<Output>,
    patience: Patience,
    /// Some while the process is not reaped, and so while its number is its own.
    watcher: Option<JoinHandle<()>>,
    /// Whether some failure has shown the log already.
    is_told: AtomicBool,
}

impl Running {
    /// Starts the command in a process group of its own.
    pub(crate) fn start(
        name: String,
        command: &mut Command,
        patience: Patience,
    ) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let open = u8::from(stdout.is_some()) + u8::from(stderr.is_some());
        let output = Arc::new(Output::new(open));
        if let Some(stdout) = stdout {
            observe(&output, |output| output.collect_stdout(stdout));
        }
        if let Some(stderr) = stderr {
            observe(&output, |output| output.collect_log(stderr));
        }
        let pid = Pid::from_raw(child.id().cast_signed());
        Ok(Self {
            name,
            watcher: Some(observe(&output, move |output| output.watch(pid))),
            child,
            output,
            patience,
            is_told: AtomicBool::new(false),
        })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// How messages name it.
    pub(crate) fn name(&self) -> String {
        format!("{}[{}]", self.name, self.pid())
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Sends it a signal. Once it has ended this does nothing: it is a zombie until we reap it.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        if let Err(errno) = kill(Pid::from_raw(self.pid()), signal) {
            self.fail(format!("cannot send {signal}: {errno}"));
        }
    }

    /// Waits until `find` finds something in what the program said.
    #[track_caller]
    pub(crate) fn wait_for<T>(
        &self,
        what: impl Display,
        mut find: impl FnMut(&Seen) -> Option<T>,
    ) -> T {
        let deadline = Deadline::after(self.patience.deadline);
        let found = self.output.wait(deadline, |seen| match find(seen) {
            None if seen.is_complete() => Some(None),
            found => found.map(Some),
        });
        match found {
            Some(Some(found)) => found,
            Some(None) => self.fail(format!("waited for {what}, which can come no more")),
            None => self.fail(format!("waited {:?} for {what}", self.patience.deadline)),
        }
    }

    /// Waits for the end of the program itself.
    #[track_caller]
    pub(crate) fn wait_for_end(&self, since: impl Display) -> Ending {
        let deadline = Deadline::after(self.patience.deadline);
        let Some(ending) = self.output.wait(deadline, |seen| seen.ending) else {
            let waited = self.patience.deadline;
            self.fail(format!("waited {waited:?} for its end{since}"));
        };
        ending
    }

    /// Sees that nothing of the ended program stays, clears away what does, and reaps it. Hands on
    /// one sentence for each fault.
    pub(crate) fn clear(&mut self) -> Vec<String> {
        let orphans = self.orphans();
        self.kill_and_reap();
        // With the whole group dead, only somebody outside of it can hold a pipe open.
        orphans.into_iter().chain(self.escape()).collect()
    }

    /// What of the group outlives the program, and the time that we grant.
    fn orphans(&self) -> Option<String> {
        let mut left = Vec::new();
        let is_empty = || {
            left = process::left_in_group(self.pid());
            left.is_empty()
        };
        if holds_within(self.patience.grace, is_empty) {
            return None;
        }
        let left: Vec<_> = left.iter().map(ToString::to_string).collect();
        Some(format!("it left behind {}", left.join(", ")))
    }

    fn escape(&self) -> Option<String> {
        let deadline = Deadline::after(self.patience.grace);
        let closed = self.output.wait(deadline, |seen| seen.is_closed().then_some(()));
        let fault = "a process that has left its group still holds its standard output or error";
        closed.is_none().then(|| fault.to_owned())
    }

    /// Fails the test, with all that is known of the program.
    #[track_caller]
    pub(crate) fn fail(&self, headline: impl Display) -> ! {
        let story = self.story(headline);
        panic!("{story}");
    }

    fn story(&self, headline: impl Display) -> String {
        self.is_told.store(true, Ordering::Relaxed);
        story::tell(headline, self.name(), &self.output.seen())
    }

    /// The story, where no failure has told it yet.
    pub(crate) fn untold_story(&self) -> Option<String> {
        let is_told = self.is_told.load(Ordering::Relaxed);
        (!is_told).then(|| self.story("the test failed beside this program"))
    }

    /// Ends whatever is left of the group. Only the last step gives its number back to the kernel.
    fn kill_and_reap(&mut self) {
        let Some(watcher) = self.watcher.take() else {
            return;
        };
        // A group may be nothing but zombies, or its leader may have gone to another; either is
        // fine, and all of them are dead after this.
        let _ = killpg(Pid::from_raw(self.pid()), Signal::SIGKILL);
        let _ = self.child.kill();
        // Neither can fail in a way that matters: the process is dead by now.
        let _ = watcher.join();
        let _ = self.child.wait();
    }
}

/// Has a thread of its own write down what it sees.
fn observe(output: &Arc<Output>, work: impl FnOnce(&Output) + Send + 'static) -> JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || work(&output))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_and_reap();
    }
}
