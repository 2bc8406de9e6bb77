//! What whoever has started this program has passed to it: words in the environment, and descriptors that
//! were left open for it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;

use super::process;

/// Takes these variables out of the environment, and tells what they were. Where there are other threads,
/// which may be reading it, they stay: the second value tells whether any has.
pub(crate) fn take_variables<const N: usize>(names: [&str; N]) -> ([Option<OsString>; N], bool) {
    let found = names.map(env::var_os);
    let any = found.iter().any(Option::is_some);
    let left = any && process::threads().is_some();
    if !left {
        for (name, _) in names.iter().zip(&found).filter(|(_, found)| found.is_some()) {
            // SAFETY: this is the only thread, so nobody reads the environment meanwhile.
            unsafe { env::remove_var(name) };
        }
    }
    (found, left)
}

/// Whether this program has privileges that whoever started it may not have.
pub(crate) fn is_privileged_by_its_file() -> bool {
    // SAFETY: it only reads what the kernel has put beside the program.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// A descriptor that was left open for this program, to be looked at. Whatever the program has opened
/// itself is closed by an exec, and is none.
///
/// # Errors
/// Where it is a standard stream, is not open, or is the program's own.
pub(crate) fn look<'a>(number: RawFd) -> io::Result<BorrowedFd<'a>> {
    const STANDARD_STREAMS: RawFd = 3;
    if number < STANDARD_STREAMS {
        return Err(io::Error::other("it is a standard stream"));
    }
    // SAFETY: the number is only asked for what it is, before anything is opened or closed.
    let asked = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl(asked, FcntlArg::F_GETFD).map_err(|_| io::Error::other("it is not open"))?;
    if FdFlag::from_bits_truncate(flags).contains(FdFlag::FD_CLOEXEC) {
        return Err(io::Error::other("it was not left open for this program"));
    }
    Ok(asked)
}

/// The same, to be had, and closed by an exec from here on.
///
/// # Errors
/// As [`look`].
pub(crate) fn take(number: RawFd) -> io::Result<OwnedFd> {
    look(number)?;
    // SAFETY: it was left open by whoever has started this program, of which no part knows it yet; and it
    // is taken once, as it is marked next.
    let own = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl(own.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn what_the_program_has_opened_is_none() {
        let own = crate::sys::descriptor::null().unwrap();
        let refused = take(own.as_raw_fd()).unwrap_err();
        assert_eq!(refused.to_string(), "it was not left open for this program");
        for (number, why) in
            [(0, "a standard stream"), (-1, "a standard stream"), (9999, "not open")]
        {
            assert!(take(number).unwrap_err().to_string().contains(why), "{number}");
        }
    }
}
