//! A file that the server has made and takes away again.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

/// A file of this process. It goes with this value, where it is still the one that was made; in a
/// copy of the process it stays.
#[derive(Debug)]
pub(crate) struct OwnFile {
    path: PathBuf,
    file: (u64, u64),
    owner: u32,
}

impl OwnFile {
    /// What was just made at `path`, which is absolute: the process may change its folder.
    pub(crate) fn at(path: PathBuf) -> io::Result<Self> {
        let file = identity(&fs::symlink_metadata(&path)?);
        Ok(Self { path, file, owner: process::id() })
    }

    /// Writes a file for everybody to read. It appears whole, in the place of whatever was there, and no
    /// link is followed.
    pub(crate) fn write(path: &Path, text: &str) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let unfinished = path.with_file_name(format!(".{name}.{}", process::id()));
        let mut file = create(&unfinished)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(err) = written {
            // It is the writing that failed that has to be told.
            let _ = fs::remove_file(&unfinished);
            return Err(err);
        }
        Self::at(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
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

/// What tells one file from every other.
pub(crate) fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        let is_ours = found.is_ok_and(|found| identity(&found) == self.file);
        if self.owner != process::id() || !is_ours {
            return;
        }
        if let Err(err) = fs::remove_file(&self.path) {
            log::warn!("cannot remove {}: {err}", self.path.display());
        }
    }
}
