//! What to start and how: a path, arguments, an environment, standard streams, patience.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::testing::deadline::Patience;
use crate::testing::finished::Finished;
use crate::testing::running::Running;
use crate::testing::streams::{Stream, Streams};

/// A program that is not started yet.
///
/// ```no_run
/// use netserver::testing::Program;
///
/// let checked = Program::new("target/debug/echo").arg("--check").run().expect_code(0);
/// assert_eq!(checked.stdout, "");
/// ```
#[derive(Debug)]
#[must_use = "a program does nothing until it is started or run"]
pub struct Program {
    path: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    streams: Streams,
    patience: Patience,
}

impl<P: AsRef<Path>> From<P> for Program {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

impl Program {
    /// The program at this path; a name without `/` is looked for as a shell does.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            streams: Streams::default(),
            patience: Patience::default(),
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// What it was given until now.
    pub(crate) fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// A variable of its environment, beside those of the test.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The directory it starts in.
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// Starts it with these of descriptors 0, 1 and 2 not open.
    #[track_caller]
    pub fn closed_streams(self, numbers: &[usize]) -> Self {
        self.streams(numbers, || Stream::Closed)
    }

    /// Starts it with these of descriptors 0, 1 and 2 on `/dev/full`, where every write fails.
    #[track_caller]
    pub fn full_streams(self, numbers: &[usize]) -> Self {
        self.streams(numbers, || Stream::Full)
    }

    /// Starts it with these of descriptors 0, 1 and 2 on a pipe whose other end is closed.
    #[track_caller]
    pub fn broken_streams(self, numbers: &[usize]) -> Self {
        self.streams(numbers, || Stream::Broken)
    }

    /// Starts it with this as descriptor 0, 1 or 2; nothing is collected from it.
    #[track_caller]
    pub fn stream(mut self, number: usize, stream: impl Into<Stdio>) -> Self {
        self.streams.set(number, Stream::Given(stream.into()));
        self
    }

    #[track_caller]
    fn streams(mut self, numbers: &[usize], stream: impl Fn() -> Stream) -> Self {
        for number in numbers {
            self.streams.set(*number, stream());
        }
        self
    }

    /// How long each wait for it may take, where [`DEADLINE`](crate::testing::DEADLINE) does not fit.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.patience.deadline = deadline;
        self
    }

    /// How long its other processes may outlive it; one second where nothing is said.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.patience.grace = grace;
        self
    }

    /// The same, started by another program: `under("prlimit", &["--nofile=50"])`.
    ///
    /// That program should become this one by exec, so that signals and exit codes are this one's;
    /// strace does so with `-D`.
    pub fn under(mut self, wrapper: impl AsRef<Path>, arguments: &[&str]) -> Self {
        let program = std::mem::replace(&mut self.path, wrapper.as_ref().into());
        let before = arguments.iter().map(OsString::from).chain([program]);
        self.arguments.splice(0..0, before);
        self
    }

    /// Runs it to its end, which must come within the deadline and leave no process behind.
    #[track_caller]
    pub fn run(self) -> Finished {
        let begin = Instant::now();
        let mut running = self.launch();
        let ending = running.wait_for_end("");
        let faults = running.clear();
        if !faults.is_empty() {
            running.fail(faults.join("\n"));
        }
        Finished::new(ending, &running.output().seen(), begin.elapsed())
    }

    #[track_caller]
    pub(crate) fn launch(mut self) -> Running {
        let name = self.path.to_string_lossy().into_owned();
        match self.try_launch(name.clone()) {
            Ok(running) => running,
            Err(err) => panic!("cannot start {name}: {err}"),
        }
    }

    fn try_launch(&mut self, name: String) -> io::Result<Running> {
        let mut command = self.command();
        command.args(&self.arguments).envs(self.environment.drain(..));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        self.streams.apply(&mut command)?;
        Running::start(name, &mut command, self.patience)
    }

    /// The program itself, or a shell that closes streams and becomes it.
    fn command(&self) -> Command {
        let Some(closing) = self.streams.closing() else {
            return Command::new(&self.path);
        };
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("exec \"$0\" \"$@\" {closing}")).arg(&self.path);
        command
    }
}
