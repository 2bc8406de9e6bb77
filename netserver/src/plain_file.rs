//! What a file has to be that a server writes to by a name that somebody else may have had in mind for it:
//! the pid file, and that of the log.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::libc;

use crate::sys::poll;

/// Holds it to be a regular file that has one name: whoever made it a link, or another name of somebody's
/// file, is not to choose which one is written to.
///
/// # Errors
/// What it is, and what to do.
pub(crate) fn hold(mode: u32, links: impl Into<u64>) -> io::Result<()> {
    match mode & libc::S_IFMT {
        libc::S_IFREG if links.into() <= 1 => Ok(()),
        libc::S_IFREG => {
            Err(refuse("has other names, too (hard links): remove them, or choose another"))
        }
        libc::S_IFLNK => Err(refuse("is a symbolic link: name the file that it leads to")),
        libc::S_IFDIR => Err(refuse("is a directory: name a file in it")),
        _ => Err(refuse("is no regular file (a FIFO, a device or a socket): name a file")),
    }
}

/// Holds its directory to be one where nobody else can put another file in its place: either others may not
/// write there, or all leave each other's files alone.
///
/// # Errors
/// What it is, and what to do.
pub(crate) fn hold_directory(mode: u32) -> io::Result<()> {
    if mode & libc::S_IWOTH != 0 && mode & libc::S_ISVTX == 0 {
        let what = "anybody may put a file into its directory: take that away, or choose another";
        return Err(refuse(what));
    }
    Ok(())
}

/// Keeps other servers from looking at the same file at the same time. Where the folder cannot be
/// locked, as somebody else does not let go of it, we go on without: it is no more than politeness.
pub(crate) fn lock_folder(path: &Path) -> Option<Flock<File>> {
    const LONGEST: Duration = Duration::from_secs(1);
    let mut folder = File::open(path.parent()?).ok()?;
    let start = Instant::now();
    while start.elapsed() < LONGEST {
        match Flock::lock(folder, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((again, _)) => folder = again,
        }
        poll::pause(Duration::from_millis(10)).ok()?;
    }
    None
}

pub(crate) fn refuse(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_with_one_name_will_do() {
        assert!(hold(libc::S_IFREG | 0o644, 1_u32).is_ok());
        for (mode, links) in [
            (libc::S_IFREG, 2_u32),
            (libc::S_IFLNK, 1),
            (libc::S_IFDIR, 2),
            (libc::S_IFIFO, 1),
            (libc::S_IFCHR, 1),
            (libc::S_IFBLK, 1),
            (libc::S_IFSOCK, 1),
        ] {
            assert!(hold(mode, links).is_err(), "{mode:o}");
        }
    }

    #[test]
    fn a_directory_is_ones_own_or_as_tmp_is() {
        for (mode, fits) in [(0o755, true), (0o775, true), (0o1777, true), (0o777, false)] {
            assert_eq!(hold_directory(mode).is_ok(), fits, "{mode:o}");
        }
    }
}
