//! How this program was started, for it to be started once more.
//!
//! Takes in nothing but the process at its very start, and hands on what a restart runs: the file of the
//! program by the name that whoever started it has used, so that a new version stands behind a link that
//! was changed; its words, its folder and its environment.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::sys::image::Image;

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    program: PathBuf,
    words: Vec<OsString>,
    folder: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

/// What is said to this process alone: a restart hands on sockets of a service manager as its own.
const NOT_PASSED_ON: [&str; 4] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

impl Started {
    /// Looks at the process as it is. Where the image before has found the program is better known there;
    /// the words of a restart are each image's own.
    ///
    /// # Errors
    /// Where its folder or its file is gone already.
    pub(crate) fn record(known: Option<PathBuf>, own_words: &[&str]) -> io::Result<Self> {
        let words: Vec<OsString> = env::args_os().collect();
        let folder = env::current_dir()?;
        let called = words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let program = known.map_or_else(|| program(called, &folder), Ok)?;
        let not = || NOT_PASSED_ON.iter().chain(own_words);
        let passed_on = |name: &OsStr| !not().any(|one| name == *one);
        let environment = env::vars_os().filter(|(name, _)| passed_on(name)).collect();
        Ok(Self { program, words, folder, environment })
    }

    /// The file of the program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The folder that it was started in, for a call of the system.
    ///
    /// # Errors
    /// Where a NUL byte stands in it, which no folder of a system has.
    pub(crate) fn folder(&self) -> io::Result<CString> {
        Ok(CString::new(self.folder.as_os_str().as_bytes())?)
    }

    /// Goes to the folder that it was started in, where this process is in another one, and tells which.
    ///
    /// # Errors
    /// Where that is not to be had any more.
    pub(crate) fn enter(&self) -> io::Result<Option<PathBuf>> {
        let here = env::current_dir();
        if here.as_ref().is_ok_and(|here| *here == self.folder) {
            return Ok(None);
        }
        env::set_current_dir(&self.folder).map_err(|err| {
            let folder = self.folder.display();
            let what = format!("cannot enter {folder}, where the server was started: {err}");
            io::Error::new(err.kind(), what)
        })?;
        // One that is gone cannot be gone back to.
        Ok(here.ok())
    }

    /// The same program once more, with `more` in its environment.
    ///
    /// # Errors
    /// Where a NUL byte stands in a value.
    pub(crate) fn image(&self, more: &[(&str, String)]) -> io::Result<Image> {
        self.image_of(&self.program, more)
    }

    /// The same of another file of it.
    ///
    /// # Errors
    /// As [`image`](Self::image).
    pub(crate) fn image_of(&self, program: &Path, more: &[(&str, String)]) -> io::Result<Image> {
        let is_new = |name: &OsStr| more.iter().any(|(other, _)| name == *other);
        let before = self.environment.iter().filter(|(name, _)| !is_new(name));
        let before = before.map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        let more = more.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        Image::new(program, &self.words, before.chain(more))
    }
}

/// Goes back to the folder that was left for that of the start.
pub(crate) fn leave_for(before: Option<PathBuf>) {
    if let Some(before) = before
        && let Err(err) = env::set_current_dir(&before)
    {
        log::warn!("cannot go back to {}: {err}", before.display());
    }
}

/// The file by the name that it was started by, where that is this program; else where the kernel has it
/// from, as whoever starts a program may say anything in its first word.
fn program(called: &OsStr, folder: &Path) -> io::Result<PathBuf> {
    let own = fs::metadata("/proc/self/exe")?;
    let is_own = |path: &PathBuf| {
        let found = fs::metadata(path);
        found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()))
    };
    let named = if called.as_encoded_bytes().contains(&b'/') {
        Some(folder.join(called))
    } else {
        env::var_os("PATH").and_then(|path| search(&path, folder, called))
    };
    named.filter(is_own).map_or_else(env::current_exe, Ok)
}

/// The program of that name, as a shell finds it.
fn search(path: &OsStr, folder: &Path, name: &OsStr) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        let found = fs::metadata(path);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let all = env::split_paths(path).map(|one| folder.join(one).join(name));
    all.into_iter().find(is_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let found = search(OsStr::new("/nowhere:/bin:/usr/bin"), Path::new("/"), OsStr::new("sh"));
        assert_eq!(found.as_deref(), Some(Path::new("/bin/sh")));
        let below = search(OsStr::new("bin"), Path::new("/usr"), OsStr::new("env"));
        assert_eq!(below.as_deref(), Some(Path::new("/usr/bin/env")));
        assert_eq!(search(OsStr::new("/bin"), Path::new("/"), OsStr::new("no-such")), None);
    }

    #[test]
    fn a_first_word_that_is_another_program_is_not_believed() {
        let own = env::current_exe().unwrap();
        assert_eq!(program(OsStr::new("/bin/sh"), Path::new("/")).unwrap(), own);
        assert_eq!(program(own.as_os_str(), Path::new("/")).unwrap(), own);
        let (folder, name) = (own.parent().unwrap(), own.file_name().unwrap());
        let below = Path::new(".").join(name);
        assert_eq!(program(below.as_os_str(), folder).unwrap(), folder.join(below));
    }
}
