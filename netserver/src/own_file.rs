//! A file that the server has made and takes away again.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use nix::libc;

use crate::sys::signal;

/// A file of a server. It goes with this value, where it is still the one that was made, in the process
/// where the server runs; in every copy of that it stays.
#[derive(Debug)]
pub(crate) struct OwnFile {
    path: PathBuf,
    /// While it is open the file system gives its number to no other.
    file: File,
}

impl OwnFile {
    /// What was just made at `path`, which is absolute: the process may change its folder.
    pub(crate) fn at(path: PathBuf) -> io::Result<Self> {
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(&path)?;
        Ok(Self { path, file })
    }

    /// Writes a file for everybody to read whom the mask lets. It appears whole, in the place of the file or the link that
    /// was there; a device or a socket is left alone.
    pub(crate) fn write(path: &Path, text: &str) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_symlink()) {
            let what = "there is something that is no file: choose another path";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        let unfinished = path.with_file_name(format!(".netserver-{}", process::id()));
        let mut file = create(&unfinished)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(err) = written {
            // It is the writing that failed that has to be told.
            let _ = fs::remove_file(&unfinished);
            return Err(err);
        }
        Ok(Self { path, file })
    }

    /// Device and number of it.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        self.file.metadata().ok().map(|found| identity(&found))
    }

    fn is_there(&self) -> bool {
        let both =
            self.file.metadata().and_then(|own| Ok((own, fs::symlink_metadata(&self.path)?)));
        both.is_ok_and(|(own, found)| identity(&own) == identity(&found))
    }
}

impl AsFd for OwnFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn create(path: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    match create() {
        // Left by a process of the same number that was killed just then.
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()
        }
        file => file,
    }
}

/// Whether files stay where they are, as somebody else of this server may have them again.
static HELD: AtomicBool = AtomicBool::new(false);

/// From here on files stay, or go, when nobody here has them any more.
pub(crate) fn hold(held: bool) {
    HELD.store(held, SeqCst);
}

/// Whether they stay.
pub(crate) fn is_held() -> bool {
    HELD.load(SeqCst)
}

/// What tells one file from every other that is there.
pub(crate) fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if is_held() || !signal::is_servers_own() || !self.is_there() {
            return;
        }
        match fs::remove_file(&self.path) {
            // Whoever has given up its privileges may not; the next start takes its place.
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
                log::debug!("{} stays: {err}", self.path.display());
            }
            Err(err) => log::warn!("cannot remove {}: {err}", self.path.display()),
            Ok(()) => {}
        }
    }
}
