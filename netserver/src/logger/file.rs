//! A file as the log: opened without following a link, held to be what a log file is, and opened anew by
//! its name in the directory that it was first found in, wherever this process has gone meanwhile.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::unistd::{AccessFlags, Gid, Uid, faccessat, fchown, geteuid};

use crate::error::{Error, Result};
use crate::plain_file::{self, refuse};
use crate::sys::descriptor::{self, Private};
use crate::sys::ends;

/// A file that a start has opened.
#[derive(Debug)]
pub(super) struct LogFile {
    /// Absolute.
    path: PathBuf,
    name: OsString,
    /// Where it is. No child has it: from there it could go anywhere.
    directory: Private<OwnedFd>,
    /// The server's user, where it is known.
    user: Option<u32>,
    /// Whether there was none before.
    is_new: bool,
    /// Whether this process has let go of the directory.
    is_let_go: AtomicBool,
}

impl LogFile {
    /// Opens it, with its directory.
    ///
    /// # Errors
    /// What is wrong with either, and what to do.
    pub(super) fn open(path: &Path, user: Option<u32>) -> Result<(Self, OwnedFd)> {
        let cannot = |err| Error::because(format!("cannot log to {}", path.display()), err);
        let mut file = Self::find(path, user).map_err(cannot)?;
        let (opened, is_new) = file.open_or_create().map_err(cannot)?;
        file.is_new = is_new;
        Ok((file, opened))
    }

    /// Tells what [`open`](Self::open) would, and opens nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what only writing shows.
    pub(super) fn check(path: &Path, user: Option<u32>) -> Result<()> {
        let check = || -> io::Result<()> {
            let file = Self::find(path, user)?;
            let flags = AtFlags::AT_EACCESS;
            if file.look()?.is_some() {
                faccessat(&file.directory, file.name.as_os_str(), AccessFlags::W_OK, flags)?;
            } else {
                let both = AccessFlags::W_OK | AccessFlags::X_OK;
                faccessat(AT_FDCWD, file.folder(), both, flags)?;
            }
            Ok(())
        };
        check().map_err(|err| Error::because(format!("cannot log to {}", path.display()), err))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Has no way to the directory any more.
    pub(super) fn let_go_of_directory(&self) {
        let nothing = descriptor::nothing().or_else(|_| ends::with_null(descriptor::duplicate));
        // Where it fails the process has no descriptor left, and no chance to serve.
        let let_go = nothing.and_then(|nothing| descriptor::put_over(self.directory(), &nothing));
        self.is_let_go.store(let_go.is_ok(), SeqCst);
    }

    /// The file that has its name now.
    pub(super) fn reopen(&self) -> io::Result<OwnedFd> {
        if self.is_let_go.load(SeqCst) {
            let what = "whoever serves clients behind a chroot has let go of its directory: serve by children, \
                        or log to syslog";
            return Err(io::Error::other(what));
        }
        Ok(self.open_or_create()?.0)
    }

    /// Has it belong to them, where this start has made it.
    pub(super) fn belongs_to(&self, file: &impl AsFd, uid: u32, gid: u32) -> io::Result<()> {
        if self.is_new {
            fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Its directory, by an absolute path, as this process may go elsewhere.
    fn find(path: &Path, user: Option<u32>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let name = path.file_name().filter(|_| !ends_with_slash(&path));
        let name = name.ok_or_else(|| refuse("it names a directory: name a file"))?.to_owned();
        let folder = path.parent().unwrap_or(Path::new("/"));
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(folder, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::ENOENT => refuse("its directory does not exist: make it before"),
            Errno::ENOTDIR => refuse("what should be its directory is a file"),
            errno => errno.into(),
        })?;
        plain_file::hold_directory(fstat(&directory)?.st_mode)?;
        Ok(Self {
            path,
            name,
            directory: Private::new(directory),
            user,
            is_new: false,
            is_let_go: AtomicBool::new(false),
        })
    }

    /// What has its name, where that may be the log. To open a device would do something to it.
    fn look(&self) -> io::Result<Option<FileStat>> {
        let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
        match fstatat(&self.directory, self.name.as_os_str(), flags) {
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
            Ok(found) => {
                self.hold(&found)?;
                Ok(Some(found))
            }
        }
    }

    /// Opens it, or makes it. Tells whether it was made.
    fn open_or_create(&self) -> io::Result<(OwnedFd, bool)> {
        /// Whoever rotates it may take it away and put it there at any moment.
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            let create = self.look()?.is_none();
            match self.try_open(create) {
                Err(Errno::ENOENT | Errno::EEXIST) => {}
                Err(errno) => return Err(errno.into()),
                // What it is now, whatever it was a moment ago; and no file of another name, which stood
                // here only while it was opened.
                Ok(file) => {
                    let opened = fstat(&file)?;
                    self.hold(&opened)?;
                    if self.look()?.is_some_and(|here| is_same(&here, &opened)) {
                        return Ok((file, create));
                    }
                }
            }
        }
        Err(refuse("it comes and goes"))
    }

    fn try_open(&self, create: bool) -> nix::Result<OwnedFd> {
        let mut flags = OFlag::O_WRONLY
            | OFlag::O_APPEND
            | OFlag::O_NOFOLLOW
            | OFlag::O_NOCTTY
            | OFlag::O_NONBLOCK
            | OFlag::O_CLOEXEC;
        if create {
            flags |= OFlag::O_CREAT | OFlag::O_EXCL;
        }
        openat(&self.directory, self.name.as_os_str(), flags, Mode::from_bits_truncate(0o640))
    }

    /// Holds it to be a file that nobody else can have put in our way.
    fn hold(&self, found: &FileStat) -> io::Result<()> {
        plain_file::hold(found.st_mode, found.st_nlink)?;
        let owner = found.st_uid;
        if owner == 0 || owner == geteuid().as_raw() || self.user == Some(owner) {
            return Ok(());
        }
        Err(refuse(&format!(
            "belongs to user {owner}, who is neither root nor the server's: change that, or choose another"
        )))
    }
}

fn is_same(one: &FileStat, other: &FileStat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// `std::path::absolute` keeps it.
fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
