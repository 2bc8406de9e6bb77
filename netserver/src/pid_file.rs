//! The pid file: it says which process the server is, and its lock says that the server lives.
//!
//! A file that nobody has locked is stale, whatever stands in it: no number of a process is ever guessed
//! about, and none is signalled. What is no pid file is left alone.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sys::uio::pwrite;
use nix::unistd::{ftruncate, geteuid};

use crate::error::{Error, Result};
use crate::own_file::{identity, is_held};
use crate::plain_file;
use crate::sys::descriptor::{self, Private};
use crate::sys::process::{self, Pid};
use crate::sys::signal;

/// The file and its lock, which are the server's until this goes.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    file: Private<OwnedFd>,
}

/// The longest that a number of a process can be, with its line end.
const LONGEST: u64 = 24;

/// How often another server may take the file away while it is being claimed.
const ATTEMPTS: usize = 16;

impl PidFile {
    /// Makes the file, or takes over a stale one, and locks it. Nothing is written yet.
    ///
    /// # Errors
    /// Where a server has it locked, where there is something else than a pid file of this user's own, and
    /// where anybody may put something else in its place.
    pub(crate) fn claim(path: &Path) -> Result<Self> {
        let cannot = |err| Error::because(format!("cannot use pid_file {}", path.display()), err);
        // A later change of folder must not make it another file.
        std::path::absolute(path).and_then(Self::try_claim).map_err(cannot)
    }

    /// Tells what would be wrong with the file, and changes nothing.
    ///
    /// # Errors
    /// As [`claim`](Self::claim), but for the lock.
    pub(crate) fn check(path: &Path) -> Result<()> {
        let cannot = |err| Error::because(format!("cannot use pid_file {}", path.display()), err);
        let check = |path: PathBuf| {
            check_directory(&path)?;
            fs::symlink_metadata(&path).map_or(Ok(()), |found| check(&found))
        };
        std::path::absolute(path).and_then(check).map_err(cannot)
    }

    fn try_claim(path: PathBuf) -> io::Result<Self> {
        check_directory(&path)?;
        let _lock = plain_file::lock_folder(&path);
        for _ in 0..ATTEMPTS {
            let mut file = open(&path)?;
            if !descriptor::claim(&file)? {
                return Err(io::Error::other(taken_by(&read_number(&mut file)?)));
            }
            // A server that has ended since may have taken it away; and it is no file of another name that
            // stood here for a moment.
            let here = fs::symlink_metadata(&path);
            if here.is_ok_and(|here| is_same(&file, &here) && check(&here).is_ok()) {
                read_number(&mut file)?;
                // From here on it is not that of a process that has ended long ago.
                file.set_len(0)?;
                return Ok(Self { path, file: Private::new(file.into()) });
            }
        }
        Err(io::Error::other("other servers make it and take it away all the time"))
    }

    /// Sees that this is the pid file of that server: its number stands there, and it is locked.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn hold(file: BorrowedFd<'_>, path: &Path, server: Pid) -> io::Result<()> {
        let refused = || io::Error::other(format!("it is not the pid file {}", path.display()));
        let there = fs::symlink_metadata(path);
        // Another description: its own lock nobody sees.
        let mut other = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let found = other.metadata()?;
        let is_there = match there {
            Ok(there) => identity(&there) == identity(&found),
            // This user may not look any more: number and lock decide.
            Err(err) => err.kind() == io::ErrorKind::PermissionDenied,
        };
        let is_claimed = || descriptor::is_claimed(&other);
        if !found.is_file() || !(is_there || found.nlink() == 0) || !is_claimed()? {
            return Err(refused());
        }
        let number = read_number(&mut other)?;
        if number == server.to_string() { Ok(()) } else { Err(refused()) }
    }

    /// Says which process the server is.
    ///
    /// # Errors
    /// Where the disk is full.
    pub(crate) fn write(&self) -> Result<()> {
        let text = format!("{}\n", process::this());
        let written = pwrite(&self.file, text.as_bytes(), 0);
        let whole = written.map_err(io::Error::from).and_then(|count| {
            if count < text.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(ftruncate(&self.file, i64::try_from(text.len()).unwrap_or_default())?)
        });
        whole.map_err(|err| {
            Error::because(format!("cannot write pid_file {}", self.path.display()), err)
        })
    }

    /// Takes over the file that the image before had claimed, where it is the one that is asked for now; else
    /// another one is claimed, and that one is handed back, to go once this image serves.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub(crate) fn take_over(
        handed: (OwnedFd, PathBuf),
        path: Option<&Path>,
    ) -> Result<(Option<Self>, Option<Self>)> {
        let before = Self { path: handed.1, file: Private::new(handed.0) };
        let is_it = |path: &Path| std::path::absolute(path).is_ok_and(|path| path == before.path);
        if path.is_some_and(is_it) && before.may_be_there() {
            return Ok((Some(before), None));
        }
        Ok((path.map(Self::claim).transpose()?, Some(before)))
    }

    /// It goes, or says that nobody runs.
    fn remove(&self) {
        // Somebody may take it away, and another server make its own, just before this one does.
        let _lock = plain_file::lock_folder(&self.path);
        if self.is_there() && fs::remove_file(&self.path).is_ok() {
            return;
        }
        // In a folder of another user's, or outside of a new root: it stays, and says that nobody runs.
        if let Err(err) = ftruncate(&self.file, 0) {
            log::warn!("cannot remove pid_file {}: {err}", self.path.display());
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it still stands where it was made, as far as this user may know.
    fn may_be_there(&self) -> bool {
        let here = fs::symlink_metadata(&self.path);
        self.is_there() || here.is_err_and(|err| err.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Whether it still stands where it was made.
    fn is_there(&self) -> bool {
        let ours = nix::sys::stat::fstat(&self.file);
        let here = fs::symlink_metadata(&self.path);
        ours.is_ok_and(|ours| here.is_ok_and(|here| (ours.st_dev, ours.st_ino) == identity(&here)))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if signal::is_servers_own() && !is_held() {
            self.remove();
        }
    }
}

fn is_same(file: &File, here: &Metadata) -> bool {
    file.metadata().is_ok_and(|ours| identity(&ours) == identity(here))
}

fn check_directory(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path.parent().unwrap_or(path)).map_err(|err| match err.kind() {
        io::ErrorKind::NotFound => {
            plain_file::refuse("its directory does not exist: make it before")
        }
        _ => err,
    })?;
    plain_file::hold_directory(found.mode())
}

/// Opens what is there, or makes it. Nothing is followed, waited for or changed.
fn open(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) => check(&found)?,
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        Err(err) => return Err(err),
    }
    let options = || {
        let mut options = OpenOptions::new();
        let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_NONBLOCK;
        options.read(true).write(true).mode(0o644).custom_flags(flags);
        options
    };
    let file = match options().create_new(true).open(path) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => options().open(path)?,
        file => {
            let file = file?;
            // Whatever the mask takes away from new files: everybody may know the number.
            file.set_permissions(Permissions::from_mode(0o644))?;
            file
        }
    };
    // It may be another one by now.
    check(&file.metadata()?)?;
    Ok(file)
}

/// Whether that is a file of this user's own which has no other name.
fn check(found: &Metadata) -> io::Result<()> {
    plain_file::hold(found.mode(), found.nlink())?;
    let (owner, own) = (found.uid(), geteuid().as_raw());
    if owner != own {
        let what = format!(
            "belongs to user {owner}, and not to user {own}: choose another, or have it removed"
        );
        return Err(plain_file::refuse(&what));
    }
    Ok(())
}

/// The number that stands in the file, or nothing.
///
/// # Errors
/// Where something else stands there, as in a file that is no pid file.
fn read_number(file: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut text)?;
    io::Seek::rewind(file)?;
    let number = text.trim_ascii();
    if text.len() as u64 > LONGEST || !number.iter().all(u8::is_ascii_digit) {
        let what = "is no pid file, as something else than a number stands in it: choose another, or remove it";
        return Err(plain_file::refuse(what));
    }
    Ok(String::from_utf8_lossy(number).into_owned())
}

fn taken_by(number: &str) -> String {
    let who =
        if number.is_empty() { "another process".to_owned() } else { format!("process {number}") };
    format!("a server runs already: {who} has it locked")
}

impl AsFd for PidFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}
