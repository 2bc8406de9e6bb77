//! The file of a UNIX socket.
//!
//! A file that a former server left is removed only where nobody listens on it and it is still the
//! one that was asked; while that is found out the folder is locked, so that of two servers that start
//! at once one wins and the other says so.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use netserver_options::kind::AccountValue;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::stat::{Mode, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchownat, geteuid};
use socket2::{SockAddr, Socket};

use super::{ListenSpec, Place};
use crate::options::Options;
use crate::own_file::{OwnFile, identity};
use crate::plain_file;
use crate::sys::account;

/// Binds `socket` where `spec` says, with the mode and the owner of the options before anybody can
/// connect, and has it listen.
///
/// # Errors
/// Where another server listens there, something else is there, or the kernel says no.
pub(super) fn bind(
    socket: &Socket,
    spec: &ListenSpec<'_>,
    listen: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<OwnFile> {
    let Place::Path(path) = spec.place() else {
        return Err(io::Error::other("a UNIX socket needs a path"));
    };
    let address = SockAddr::unix(path).map_err(|_| too_long(path))?;
    // A later change of folder must not make it another file.
    let path = std::path::absolute(path)?;
    if let Some(folder) = path.parent().and_then(|folder| fs::metadata(folder).ok()) {
        plain_file::hold_directory(folder.mode())?;
    }
    let owner = Owner::of(spec.options())?;
    let _lock = plain_file::lock_folder(&path);
    remove_stale(&path, socket, &address)?;
    // Nobody may connect to what is not finished: bind takes the mode from here.
    fchmod(socket, Mode::empty())?;
    socket.bind(&address)?;
    let bound = OwnFile::at(path)?;
    see_that_it_is_ours(&bound)?;
    owner.give(&bound)?;
    // By its descriptor: another file may stand in its place by now.
    let by_descriptor = format!("/proc/self/fd/{}", bound.as_fd().as_raw_fd());
    fs::set_permissions(by_descriptor, Permissions::from_mode(spec.options().unix_mode()))?;
    listen(socket)?;
    Ok(bound)
}

/// Whoever may rename files in the folder may have put another one in the place of the socket since it was
/// bound: nobody's file but the one that was just made is given away or opened to others.
fn see_that_it_is_ours(file: &OwnFile) -> io::Result<()> {
    let found = fstat(file)?;
    let is_socket = found.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    let is_closed = Mode::from_bits_truncate(found.st_mode).is_empty();
    let is_own = found.st_uid == geteuid().as_raw() && found.st_nlink == 1;
    if is_socket && is_closed && is_own {
        return Ok(());
    }
    let what = "somebody has put another file in the place of the socket: choose another folder";
    Err(io::Error::other(what))
}

fn too_long(path: &Path) -> io::Error {
    let length = path.as_os_str().len();
    let what = format!("the path of a UNIX socket has at most 107 bytes, this one has {length}");
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Removes a file that a former server has left.
fn remove_stale(path: &Path, socket: &Socket, address: &SockAddr) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else {
        // Where it cannot even be looked at, bind says why.
        return Ok(());
    };
    if !found.file_type().is_socket() {
        let what = "there is a file that is no socket: remove it, or choose another path";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    let probe = Socket::new(address.domain(), socket.r#type()?, None)?;
    // One that is full would have us wait.
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(err) if err.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        // Somebody listens there with a socket of another type.
        Err(err) if err.raw_os_error() == Some(nix::libc::EPROTOTYPE) => {
            return Err(io::Error::from_raw_os_error(nix::libc::EADDRINUSE));
        }
        Err(err) if err.kind() != io::ErrorKind::WouldBlock => return Err(err),
        // Somebody listens, or is too busy to say so.
        _ => return Err(io::Error::from_raw_os_error(nix::libc::EADDRINUSE)),
    }
    if fs::symlink_metadata(path).is_ok_and(|now| identity(&now) == identity(&found)) {
        log::info!("Removing the socket file {}, which nobody listens on", path.display());
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Who the file is to belong to.
struct Owner {
    user: Option<u32>,
    group: Option<u32>,
}

impl Owner {
    fn of(options: &Options) -> io::Result<Self> {
        let user = options.unix_owner().map(|who| number(who, "user", account::uid_of));
        let group = options.unix_group().map(|who| number(who, "group", account::gid_of));
        Ok(Self { user: user.transpose()?, group: group.transpose()? })
    }

    fn give(&self, file: &OwnFile) -> io::Result<()> {
        if self.user.is_none() && self.group.is_none() {
            return Ok(());
        }
        let (user, group) = (self.user.map(Uid::from_raw), self.group.map(Gid::from_raw));
        Ok(fchownat(file, "", user, group, AtFlags::AT_EMPTY_PATH)?)
    }
}

fn number(
    who: &AccountValue,
    what: &str,
    number_of: impl Fn(&str) -> io::Result<Option<u32>>,
) -> io::Result<u32> {
    match who {
        AccountValue::Number(number) => Ok(*number),
        AccountValue::Name(name) => number_of(name)?
            .ok_or_else(|| io::Error::other(format!("this machine has no {what} {name}"))),
    }
}
