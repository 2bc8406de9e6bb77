//! Standard error as the log: a descriptor of the log's own for the same, which does not wait where that
//! can be had.

use std::env;
use std::io;
use std::os::fd::OwnedFd;

use nix::libc;
use nix::sys::stat::{FileStat, fstat};

use super::slot::Means;
use crate::sys::descriptor;

/// Standard error, how it is written to, and whether the journal reads it.
#[derive(Debug)]
pub(super) struct Stderr {
    pub(super) descriptor: OwnedFd,
    pub(super) means: Means,
    pub(super) is_journal: bool,
}

/// What there is; where there is none, `/dev/null`.
///
/// # Errors
/// Where there is no descriptor left.
pub(super) fn open() -> io::Result<Stderr> {
    let Ok(about) = fstat(io::stderr()) else {
        return Ok(plain(descriptor::null()?, Means::Pipe));
    };
    match about.st_mode & libc::S_IFMT {
        libc::S_IFSOCK => {
            let is_journal = is_journal(&about);
            let descriptor = duplicate()?;
            Ok(Stderr { descriptor, means: Means::Send, is_journal })
        }
        // A description of its own, as whoever else has this one may count on it to wait.
        libc::S_IFIFO | libc::S_IFCHR => match descriptor::open_end_anew(&io::stderr()) {
            Ok(anew) => Ok(plain(anew, Means::Pipe)),
            // It is somebody else's, or its reader is gone.
            Err(_) => Ok(plain(duplicate()?, Means::Pipe)),
        },
        // Opened anew a file would be written to from its beginning.
        _ => Ok(plain(duplicate()?, Means::File)),
    }
}

fn plain(descriptor: OwnedFd, means: Means) -> Stderr {
    Stderr { descriptor, means, is_journal: false }
}

fn duplicate() -> io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    descriptor::duplicate(io::stderr().as_fd())
}

/// Whether the journal has said that it reads just this one: a program that was started with another
/// standard error has the words, too.
fn is_journal(about: &FileStat) -> bool {
    let own = format!("{}:{}", about.st_dev, about.st_ino);
    env::var_os("JOURNAL_STREAM").is_some_and(|named| named == own.as_str())
}
