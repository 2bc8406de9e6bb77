//! A directory for one test, gone when the test is.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new and empty directory, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// Makes a [`Scratch`] directory below the system's own for such.
#[track_caller]
pub fn scratch() -> Scratch {
    match make() {
        Ok(path) => Scratch(path),
        Err(err) => panic!("cannot make a directory in {}: {err}", parent().display()),
    }
}

impl Scratch {
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in the directory; nothing is made there.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file in the directory, and hands on its path.
    #[track_caller]
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        if let Err(err) = fs::write(&path, content) {
            panic!("cannot write {}: {err}", path.display());
        }
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed does no harm beyond its space, and no test is about it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parent() -> PathBuf {
    std::env::temp_dir()
}

/// Only a name that nobody has is taken: whatever an earlier process of our number left, or
/// somebody else put there, stays theirs.
fn make() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent().join(format!("netserver-test-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Err(err) if err.kind() == ErrorKind::AlreadyExists => {}
            Err(err) => return Err(err),
            Ok(()) => return Ok(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_its_own_and_goes_with_all_that_is_in_it() {
        let (one, other) = (scratch(), scratch());
        assert_ne!(one.path(), other.path());
        let file = one.write("file", "text");
        assert_eq!(fs::read(&file).unwrap(), b"text");
        drop(one);
        assert!(!file.exists());
        assert!(other.path().exists());
    }
}
