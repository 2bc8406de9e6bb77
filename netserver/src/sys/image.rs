//! Another program in this process: what it is given, and what it must not have.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::unistd;

use super::process;

/// A program, its words and its environment, as `execve` takes them.
#[derive(Debug)]
pub(crate) struct Image {
    program: CString,
    words: Vec<CString>,
    environment: Vec<CString>,
}

impl Image {
    /// # Errors
    /// Where a NUL byte stands in any of them.
    pub(crate) fn new<'a>(
        program: &Path,
        words: impl IntoIterator<Item = &'a OsString>,
        environment: impl IntoIterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> io::Result<Self> {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(io::Error::from);
        let variable = |(name, value): (&OsStr, &OsStr)| {
            text(&[name.as_bytes(), b"=", value.as_bytes()].concat())
        };
        Ok(Self {
            program: text(program.as_os_str().as_bytes())?,
            words: words
                .into_iter()
                .map(|word| text(word.as_bytes()))
                .collect::<io::Result<_>>()?,
            environment: environment.into_iter().map(variable).collect::<io::Result<_>>()?,
        })
    }

    /// This process becomes it, and keeps no descriptors but the standard streams and those that are
    /// `kept`. It comes back where that fails, with all it had: but then, in a process with several threads,
    /// descriptors that are opened from here on are the calling one's alone.
    ///
    /// # Errors
    /// What the kernel says of the program, or of the descriptors.
    pub(crate) fn become_it(&self, kept: &[BorrowedFd<'_>]) -> io::Result<Infallible> {
        // A program that another thread starts at this moment must not have them.
        if process::threads().is_some() {
            unshare(CloneFlags::CLONE_FILES)?;
        }
        close_on_exec(kept)?;
        for descriptor in kept {
            fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        let failed = unistd::execve(&self.program, &self.words, &self.environment);
        for descriptor in kept {
            fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        Ok(failed?)
    }
}

/// An image that a handler of signals can become: all that it needs is there.
#[derive(Debug)]
pub(super) struct Armed {
    image: Image,
    words: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    kept: Vec<RawFd>,
    /// Where it is to begin.
    folder: CString,
}

impl Armed {
    /// The descriptors of these numbers are to stay open until it is used or dropped.
    pub(super) fn new(image: Image, kept: &[RawFd], folder: CString) -> Self {
        let pointers = |texts: &[CString]| {
            texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (words, environment) = (pointers(&image.words), pointers(&image.environment));
        Self { image, words, environment, kept: kept.to_vec(), folder }
    }

    /// Becomes it, by calls that a handler may make. Comes back where that fails.
    pub(super) fn become_it(&self) {
        let (first, last) = (FIRST.unsigned_abs(), u32::MAX);
        // SAFETY: nothing is closed by this call. Where the kernel does not know it, what Rust has opened is
        // marked all the same.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) };
        for number in &self.kept {
            // SAFETY: the number is only marked.
            unsafe { libc::fcntl(*number, libc::F_SETFD, 0) };
        }
        // SAFETY: the text lives as long as this. Where that folder is gone the image says what it misses.
        unsafe { libc::chdir(self.folder.as_ptr()) };
        let Image { program, .. } = &self.image;
        // SAFETY: the texts live as long as this, and the lists of them end with null.
        unsafe {
            libc::execve(program.as_ptr(), self.words.as_ptr(), self.environment.as_ptr());
        }
    }
}

/// The first descriptor that is no standard stream.
const FIRST: RawFd = 3;

/// Has every descriptor but the standard streams be closed by an exec, whoever has opened it.
fn close_on_exec(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let (first, last) = (FIRST.unsigned_abs(), u32::MAX);
    // SAFETY: nothing is closed by this call, and whoever has a descriptor has it still.
    let marked =
        unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) };
    match Errno::result(marked) {
        Ok(_) => Ok(()),
        // An older kernel knows no such call, or not that it can do this.
        Err(Errno::ENOSYS | Errno::EINVAL) => {
            let kept: Vec<RawFd> = kept.iter().map(AsRawFd::as_raw_fd).collect();
            for number in open_numbers()?.into_iter().filter(|number| !kept.contains(number)) {
                // SAFETY: the number is only marked. Where it is closed by now that fails.
                let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
                let _ = fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
            }
            Ok(())
        }
        Err(errno) => Err(errno.into()),
    }
}

/// The numbers of all descriptors that are no standard streams.
fn open_numbers() -> io::Result<Vec<RawFd>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let number: Option<RawFd> = name.to_str().and_then(|name| name.parse().ok());
        numbers.extend(number.filter(|number| *number >= FIRST));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    use crate::sys::descriptor;

    #[test]
    fn it_comes_back_where_there_is_no_program_and_has_what_it_had() {
        let kept = descriptor::null().unwrap();
        let image = Image::new(Path::new("/no/such/program"), [], []).unwrap();
        let failed = image.become_it(&[kept.as_fd()]).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::NotFound);
        let flags = fcntl(&kept, FcntlArg::F_GETFD).unwrap();
        assert_eq!(FdFlag::from_bits_truncate(flags), FdFlag::FD_CLOEXEC);
    }

    #[test]
    fn a_word_with_a_nul_byte_is_refused() {
        assert!(Image::new(Path::new("/bin/true"), [&OsString::from("a\0b")], []).is_err());
    }
}
