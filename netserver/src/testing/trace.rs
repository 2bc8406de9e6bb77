//! Counts the system calls of processes with strace: of running ones for a while, of a new one to
//! its end.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::testing::finished::Finished;
use crate::testing::output::Seen;
use crate::testing::program::Program;
use crate::testing::running::Running;
use crate::testing::scratch::{Scratch, scratch};
use crate::testing::syscalls::Syscalls;

/// strace at work on running processes and on every child that they fork.
///
/// ```no_run
/// # use netserver::testing::{Server, Trace, load, tool};
/// let Some(strace) = tool("strace") else { return };
/// let server = Server::start("target/debug/echo", &[]);
/// let address = server.address();
/// let trace = Trace::attach(&strace, server.children());
/// load(address).connections(100).run().expect_all_right();
/// let calls = trace.stop();
/// assert_eq!(calls.count("accept4"), 100);
/// server.stop();
/// ```
#[derive(Debug)]
#[must_use = "a trace that is not stopped has counted for nothing"]
pub struct Trace {
    strace: Running,
    summary: Summary,
}

impl Trace {
    /// Attaches strace to these processes, and waits until it has.
    #[track_caller]
    pub fn attach(strace: &Path, processes: impl IntoIterator<Item = i32>) -> Self {
        let summary = Summary::new();
        let processes: Vec<_> = processes.into_iter().collect();
        let attach = processes.iter().flat_map(|pid| ["-p".to_owned(), pid.to_string()]);
        let program = Program::new(strace).args(summary.options()).args(attach);
        let strace = program.launch();
        strace.wait_for(format_args!("strace to attach to {processes:?}"), |seen| {
            processes.iter().all(|pid| is_attached(*pid, seen)).then_some(())
        });
        Self { strace, summary }
    }

    /// Detaches, and hands on what was counted: the calls that have returned by now.
    #[track_caller]
    pub fn stop(self) -> Syscalls {
        self.strace.signal(Signal::SIGINT);
        // By that signal or, where all processes have ended, by itself.
        self.strace.wait_for_end(" after SIGINT");
        self.summary.read()
    }
}

/// Runs a program to its end under strace, and counts its system calls and its children's.
#[track_caller]
pub fn count_syscalls(strace: &Path, program: Program) -> (Finished, Syscalls) {
    let summary = Summary::new();
    let options = summary.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let finished = program.under(strace, &options).run();
    (finished, summary.read())
}

/// Whether strace has said so. It tells of new children in the same words.
fn is_attached(pid: i32, seen: &Seen) -> bool {
    let words = format!("Process {pid} attached");
    seen.log.iter().any(|line| line.contains(&words))
}

/// The file that strace writes its counts to.
#[derive(Debug)]
struct Summary {
    file: PathBuf,
    _directory: Scratch,
}

impl Summary {
    #[track_caller]
    fn new() -> Self {
        let directory = scratch();
        Self { file: directory.join("calls"), _directory: directory }
    }

    fn options(&self) -> Vec<String> {
        ["-f", "-c", "-o"]
            .map(str::to_owned)
            .into_iter()
            .chain([self.file.display().to_string()])
            .collect()
    }

    #[track_caller]
    fn read(&self) -> Syscalls {
        match fs::read_to_string(&self.file) {
            Ok(text) => Syscalls::parse(&text),
            Err(err) => panic!("strace left no counts in {}: {err}", self.file.display()),
        }
    }
}
