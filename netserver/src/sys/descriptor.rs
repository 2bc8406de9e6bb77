//! Descriptors: every one that is made here is closed on exec.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::unistd;

/// `/dev/null`, for reading and writing.
pub(crate) fn null() -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().read(true).write(true).open("/dev/null")?.into())
}

/// A pipe whose ends do not block: (read end, write end).
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?)
}

/// One `read(2)`.
pub(crate) fn read(from: &impl AsFd, into: &mut [u8]) -> io::Result<usize> {
    Ok(unistd::read(from, into)?)
}

/// One `write(2)`.
pub(crate) fn write(to: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(unistd::write(to, bytes)?)
}

/// One `close(2)`. Nothing can be done where it fails: the descriptor is gone all the same.
pub(crate) fn close(descriptor: OwnedFd) {
    let _ = unistd::close(descriptor);
}

/// One `write(2)` to standard error. A failure has nobody left to be told.
pub(crate) fn write_to_stderr(bytes: &[u8]) {
    let _ = unistd::write(io::stderr(), bytes);
}

/// Takes everything out of a pipe that does not block.
pub(crate) fn drain(pipe: &impl AsFd) {
    let mut scrap = [0; 512];
    while read(pipe, &mut scrap).is_ok_and(|count| count == scrap.len()) {}
}

/// A regular file, opened for reading; anything else is refused without being waited for.
fn open_regular(path: &std::path::Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // A FIFO would block here until somebody writes to it.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let kind = file.metadata()?.file_type();
    match () {
        () if kind.is_file() => Ok(file),
        () if kind.is_dir() => Err(io::Error::other("is a directory, expected a file")),
        () => Err(io::Error::other("is not a regular file")),
    }
}

/// All of a regular file of up to 1 MiB, and its permissions.
pub(crate) fn read_regular(path: &std::path::Path) -> io::Result<(Vec<u8>, u32)> {
    use std::os::unix::fs::PermissionsExt;
    const LARGEST: u64 = 1 << 20;
    let file = open_regular(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("is larger than 1 MiB"));
    }
    Ok((bytes, mode))
}

/// Has standard input and output be `descriptor`, for programs that are started too.
pub(crate) fn become_stdio(descriptor: &impl AsFd) -> io::Result<()> {
    unistd::dup2_stdin(descriptor)?;
    unistd::dup2_stdout(descriptor)?;
    Ok(())
}
