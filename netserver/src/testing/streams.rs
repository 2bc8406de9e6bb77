//! The three standard streams that a program starts with: the usual ones, or broken ones.

use std::fs::File;
use std::io;
use std::mem;
use std::process::{Command, Stdio};

/// What one standard stream is.
#[derive(Debug, Default)]
pub(crate) enum Stream {
    /// Nothing to read, or a pipe whose other end we collect.
    #[default]
    Usual,
    /// Not open at all.
    Closed,
    /// `/dev/full`: every write fails as on a full disk.
    Full,
    /// A pipe whose other end is closed.
    Broken,
    /// What the test gave.
    Given(Stdio),
}

/// Standard input, output and error, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Streams([Stream; 3]);

impl Streams {
    /// Replaces the stream of that number.
    #[track_caller]
    pub(crate) fn set(&mut self, number: usize, stream: Stream) {
        assert!(number < 3, "a standard stream is 0, 1 or 2, and not {number}");
        self.0[number] = stream;
    }

    /// The redirections by which a shell closes what is to be closed; std cannot.
    pub(crate) fn closing(&self) -> Option<String> {
        const CLOSE: [&str; 3] = ["<&-", ">&-", "2>&-"];
        let closed = self.0.iter().zip(CLOSE);
        let closed = closed.filter(|(stream, _)| matches!(stream, Stream::Closed));
        let words: Vec<_> = closed.map(|(_, word)| word).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Hands the streams to the command.
    pub(crate) fn apply(&mut self, command: &mut Command) -> io::Result<()> {
        let [input, output, error] = &mut self.0;
        command.stdin(input.reader()?);
        command.stdout(output.writer()?);
        command.stderr(error.writer()?);
        Ok(())
    }
}

impl Stream {
    /// The stream as one to read from; takes what the test gave.
    fn reader(&mut self) -> io::Result<Stdio> {
        Ok(match mem::take(self) {
            Self::Usual | Self::Closed => Stdio::null(),
            Self::Full => File::open("/dev/full")?.into(),
            Self::Broken => io::pipe()?.0.into(),
            Self::Given(stdio) => stdio,
        })
    }

    /// The stream as one to write to; takes what the test gave.
    fn writer(&mut self) -> io::Result<Stdio> {
        Ok(match mem::take(self) {
            Self::Usual => Stdio::piped(),
            Self::Closed => Stdio::null(),
            Self::Full => File::options().write(true).open("/dev/full")?.into(),
            Self::Broken => io::pipe()?.1.into(),
            Self::Given(stdio) => stdio,
        })
    }
}
