//! Folders that the process has open: each is a way out of a new root.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{self, FcntlArg, FdFlag};
use nix::libc;
use nix::sys::stat::fstat;

/// A folder that is open.
#[derive(Debug)]
pub(crate) struct Folder {
    number: RawFd,
    /// Where it is, as the kernel says.
    pub(crate) path: String,
    /// Whether whoever started the program has left it open for it: what is opened here is closed on exec.
    pub(crate) inherited: bool,
}

/// All but those that belong to nobody else than the runtime.
///
/// # Errors
/// Where `/proc` does not tell, or there is no descriptor to read it by.
pub(crate) fn open_ones(but: &[BorrowedFd<'_>]) -> io::Result<Vec<Folder>> {
    let mut numbers: Vec<RawFd> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    let own = super::descriptor::private_numbers();
    numbers
        .retain(|number| !own.contains(number) && but.iter().all(|one| one.as_raw_fd() != *number));
    numbers.sort_unstable();
    let folders = numbers.into_iter().filter_map(|number| look_at(number).transpose());
    folders.collect()
}

/// `None` where it is no folder, or closed by now, as the one by which they were listed.
fn look_at(number: RawFd) -> io::Result<Option<Folder>> {
    // SAFETY: it is asked once what it is, and an answer that it is not open is none.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    let kind = match fstat(descriptor) {
        Ok(stat) => stat.st_mode & libc::S_IFMT,
        Err(Errno::EBADF) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };
    if kind != libc::S_IFDIR {
        return Ok(None);
    }
    let flags = fcntl::fcntl(descriptor, FcntlArg::F_GETFD)?;
    let path = std::fs::read_link(format!("/proc/self/fd/{number}"))?;
    let inherited = flags & FdFlag::FD_CLOEXEC.bits() == 0;
    Ok(Some(Folder { number, path: path.to_string_lossy().into_owned(), inherited }))
}

impl Folder {
    /// Has its number be `/dev/null` from here on: a part of the program may still think that it is its own.
    pub(crate) fn close(self) -> io::Result<()> {
        super::ends::with_null(|null| {
            // SAFETY: the number stays open, and is of nothing that leads anywhere.
            Errno::result(unsafe { libc::dup2(null.as_raw_fd(), self.number) })?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_and_a_file_is_none() {
        let folder = std::fs::File::open("/").unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let found = look_at(std::os::fd::AsRawFd::as_raw_fd(&folder)).unwrap().unwrap();
        assert_eq!((found.path.as_str(), found.inherited), ("/", false));
        assert!(look_at(std::os::fd::AsRawFd::as_raw_fd(&file)).unwrap().is_none());
        assert!(look_at(9999).unwrap().is_none());
    }
}
