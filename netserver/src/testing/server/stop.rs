//! Signals to a server, its end, and what holds for every server that has ended.

use std::thread;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Server;
use crate::testing::ending::Ending;
use crate::testing::finished::Finished;
use crate::testing::process::Process;

/// How many faults a failing test shows: the first tell most.
const SHOWN_FAULTS: usize = 10;

impl Server {
    /// Sends a signal to the process that was started.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Whether the process that was started has ended.
    pub fn has_ended(&self) -> bool {
        self.running.output().seen().ending.is_some()
    }

    /// Sends a signal to one of its children, and never to anybody else.
    #[track_caller]
    pub fn signal_child(&self, child: i32, signal: Signal) {
        if !self.try_signal_child(child, signal) {
            self.running.fail(format_args!("process {child} is no child of the server"));
        }
    }

    /// The same, where it may have ended and been reaped meanwhile: tells whether it was still there.
    #[track_caller]
    pub fn try_signal_child(&self, child: i32, signal: Signal) -> bool {
        // Between this look and the signal the number could only change hands if the child ended,
        // was reaped, and all other numbers were used up.
        let parent = Process::find(child).map(|process| process.parent);
        if parent != Some(self.pid()) {
            return false;
        }
        match kill(Pid::from_raw(child), signal) {
            Err(Errno::ESRCH) => false,
            Err(errno) => {
                self.running.fail(format_args!("cannot send {signal} to child {child}: {errno}"))
            }
            Ok(()) => true,
        }
    }

    /// Ends it by SIGTERM and sees that it leaves as a server should: with exit code 0, without a
    /// process left behind, without a line in its log that nobody expected.
    #[track_caller]
    pub fn stop(self) -> Finished {
        self.end_by(Signal::SIGTERM, Some(Ending::Code(0)))
    }

    /// Ends it by that signal, with any status; all else is as with [`stop`](Self::stop).
    #[track_caller]
    pub fn stop_with(self, signal: Signal) -> Finished {
        self.end_by(signal, None)
    }

    /// Waits until it ends by itself, with any status; all else is as with [`stop`](Self::stop).
    #[track_caller]
    pub fn wait(self) -> Finished {
        self.end("", None)
    }

    #[track_caller]
    fn end_by(self, signal: Signal, required: Option<Ending>) -> Finished {
        self.signal(signal);
        self.end(&format!(" after {signal}"), required)
    }

    #[track_caller]
    fn end(mut self, since: &str, required: Option<Ending>) -> Finished {
        self.is_stopped = true;
        let ending = self.running.wait_for_end(since);
        let elapsed = self.begin.elapsed();
        let mut faults = Vec::new();
        if let Some(required) = required.filter(|required| *required != ending) {
            faults.push(format!("it ended with {ending}, and not with {required}"));
        }
        faults.extend(self.running.clear());
        let finished = Finished::new(ending, &self.running.output().seen(), elapsed);
        faults.extend(self.expectations().faults(&finished.log));
        self.judge(&faults);
        finished
    }

    #[track_caller]
    fn judge(&self, faults: &[String]) {
        if faults.is_empty() {
            return;
        }
        let mut shown = faults.to_vec();
        shown.truncate(SHOWN_FAULTS);
        if shown.len() < faults.len() {
            shown.push(format!("and {} faults more", faults.len() - shown.len()));
        }
        let headline = format!("the server has stopped, but\n  {}", shown.join("\n  "));
        self.running.fail(headline);
    }

    /// Shows the log beside a test's own failed assertion, which knows nothing of it.
    #[allow(
        clippy::print_stderr,
        reason = "the test runner shows it with the failure, and only then"
    )]
    fn tell(&self) {
        if let Some(story) = self.running.untold_story() {
            eprintln!("{story}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            self.tell();
        } else if !self.is_stopped {
            self.running.fail("the test forgot to stop the server");
        }
    }
}
