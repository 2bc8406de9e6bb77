//! Descriptors: every one that is made here is closed on exec.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{self, FcntlArg, OFlag, SpliceFFlags};
use nix::libc;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::{Mode, fstat};
use nix::unistd;

/// `/dev/null`, for reading and writing.
pub(crate) fn null() -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().read(true).write(true).open("/dev/null")?.into())
}

/// A descriptor on which every call fails: opened for neither reading nor writing.
pub(crate) fn nothing() -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    Ok(fcntl::open("/dev/null", flags, Mode::empty())?)
}

/// Another descriptor for the same, which is closed on exec.
pub(crate) fn duplicate(of: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    of.try_clone_to_owned()
}

/// A pipe whose read end waits and whose write end does not: (read end, write end).
pub(crate) fn waiting_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = unistd::pipe2(OFlag::O_CLOEXEC)?;
    fcntl::fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}

/// Has calls on it wait, whoever has turned that.
pub(crate) fn wait_again(descriptor: &impl AsFd) -> io::Result<()> {
    fcntl::fcntl(descriptor, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok(())
}

/// Readable once somebody has written 8 bytes to it, until it is read. It does not block.
pub(crate) fn bell() -> io::Result<OwnedFd> {
    let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
    Ok(EventFd::from_value_and_flags(0, flags)?.into())
}

/// Makes a bell readable.
pub(crate) fn strike(bell: &impl AsFd) {
    // It fails only where it was struck very often and nobody has looked: it is readable then.
    let _ = write(bell, &1_u64.to_ne_bytes());
}

/// A file in memory that has no name, and goes with its last descriptor.
pub(crate) fn nameless_file(label: &std::ffi::CStr) -> io::Result<OwnedFd> {
    Ok(memfd_create(label, MFdFlags::MFD_CLOEXEC)?)
}

/// The file of the program that runs, whether it has a name still or not.
pub(crate) fn own_program() -> io::Result<OwnedFd> {
    Ok(File::open("/proc/self/exe")?.into())
}

/// The end of a pipe to write to, opened anew: nobody who has another one can have it wait.
pub(crate) fn open_end_anew(end: &impl AsFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", end.as_fd().as_raw_fd());
    open_to_write(std::path::Path::new(&path))
}

/// A pipe, a terminal or a device that is there, to be written to without a wait.
pub(crate) fn open_to_write(path: &std::path::Path) -> io::Result<OwnedFd> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    Ok(fcntl::open(path, flags, Mode::empty())?)
}

/// Takes the lock of a file for this process, and waits for it. Whatever ends the process gives it back,
/// and so does closing the file here; no other process ever has it by way of this one.
pub(crate) fn lock(file: &impl AsFd) -> io::Result<()> {
    fcntl::fcntl(file, FcntlArg::F_SETLKW(&whole(libc::F_WRLCK)))?;
    Ok(())
}

/// Gives it back.
pub(crate) fn unlock(file: &impl AsFd) -> io::Result<()> {
    fcntl::fcntl(file, FcntlArg::F_SETLK(&whole(libc::F_UNLCK)))?;
    Ok(())
}

/// All of a file, to be locked or unlocked.
fn whole(kind: libc::c_int) -> libc::flock {
    // It is one of three small numbers.
    let kind = libc::c_short::try_from(kind).unwrap_or_default();
    let start = libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default();
    libc::flock { l_type: kind, l_whence: start, l_start: 0, l_len: 0, l_pid: 0 }
}

/// Puts a byte into a pipe, and never waits for room, whatever another process has turned: the flag of the
/// pipe itself is shared with all who have it.
///
/// # Errors
/// Where there is no room, or the pipe is gone.
pub(crate) fn nudge(pipe: &impl AsFd) -> io::Result<()> {
    static BYTE: [u8; 1] = *b"!";
    let flags = SpliceFFlags::SPLICE_F_NONBLOCK;
    match fcntl::vmsplice(pipe, &[io::IoSlice::new(&BYTE)], flags) {
        // Where that is not known or not allowed, the flag has to do.
        Err(Errno::ENOSYS | Errno::EPERM) => write(pipe, &BYTE).map(drop),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Takes the lock of a file that is open for writing, for as long as this description of it is open anywhere.
/// Tells whether nobody has it.
pub(crate) fn claim(file: &impl AsFd) -> io::Result<bool> {
    match fcntl::fcntl(file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether somebody has the lock of a file, by another description of it.
pub(crate) fn is_claimed(file: &impl AsFd) -> io::Result<bool> {
    let mut lock = whole(libc::F_WRLCK);
    fcntl::fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(i32::from(lock.l_type) != libc::F_UNLCK)
}

/// Whether nothing is in a file.
pub(crate) fn is_empty(file: &impl AsFd) -> io::Result<bool> {
    Ok(fstat(file)?.st_size == 0)
}

/// A pair of connected sockets that keep messages apart, neither of which waits.
pub(crate) fn message_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?)
}

/// A descriptor of the process where the server runs, which none of its children is to have. The number of
/// each is known as long as it lives.
#[derive(Debug)]
pub(crate) struct Private<T: AsFd>(T);

static PRIVATE: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());
/// How often one has come or gone.
static CHANGES: AtomicUsize = AtomicUsize::new(0);

/// How often one has come or gone: whoever has gathered them does so anew where that has changed.
pub(crate) fn private_changes() -> usize {
    CHANGES.load(Relaxed)
}

impl<T: AsFd> Private<T> {
    pub(crate) fn new(descriptor: T) -> Self {
        private().push(descriptor.as_fd().as_raw_fd());
        CHANGES.fetch_add(1, Relaxed);
        Self(descriptor)
    }
}

impl<T: AsFd> Private<T> {
    /// Whoever is forked from here on may have it.
    pub(crate) fn into_inner(self) -> T {
        forget(&self.0);
        let this = ManuallyDrop::new(self);
        // SAFETY: it is read once, and what it was in is neither used nor dropped any more.
        unsafe { ptr::read(&raw const this.0) }
    }
}

/// It is not private any more.
fn forget(descriptor: &impl AsFd) {
    let number = descriptor.as_fd().as_raw_fd();
    private().retain(|one| *one != number);
    CHANGES.fetch_add(1, Relaxed);
}

impl<T: AsFd> Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsFd> AsFd for Private<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl<T: AsFd> Drop for Private<T> {
    fn drop(&mut self) {
        forget(&self.0);
    }
}

/// The numbers of all of them.
pub(super) fn private_numbers() -> Vec<RawFd> {
    private().clone()
}

fn private() -> MutexGuard<'static, Vec<RawFd>> {
    // Nothing that a panic could leave half done.
    PRIVATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Descriptors that a forked process has no use for, to be closed there in as few calls as they can be.
#[derive(Debug, Default)]
pub(crate) struct Unneeded(Vec<(RawFd, RawFd)>);

impl Unneeded {
    pub(crate) fn new<'a>(all: impl IntoIterator<Item = BorrowedFd<'a>>) -> Self {
        Self::of(all.into_iter().map(|one| one.as_raw_fd()).collect())
    }

    /// These, and all that are [`Private`].
    pub(crate) fn with_private<'a>(all: impl IntoIterator<Item = BorrowedFd<'a>>) -> Self {
        let all = all.into_iter().map(|one| one.as_raw_fd());
        Self::of(all.chain(private().iter().copied()).collect())
    }

    fn of(mut numbers: Vec<RawFd>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        let mut ranges: Vec<(RawFd, RawFd)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        Self(ranges)
    }

    /// Closes them in this process, where nobody uses them any more and their owners never end.
    #[inline]
    pub(crate) fn close(&self) {
        for &(first, last) in &self.0 {
            if first < last && close_range(first, last) {
                continue;
            }
            for number in first..=last {
                // SAFETY: its owner is a copy of the parent's, which this process leaves alone.
                unsafe { libc::close(number) };
            }
        }
    }
}

/// Closes all from the first to the last. Tells whether the kernel knows how.
#[inline]
fn close_range(first: RawFd, last: RawFd) -> bool {
    let (first, last) = (first.unsigned_abs(), last.unsigned_abs());
    // SAFETY: as where they are closed one by one.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) == 0 }
}

/// A pipe whose ends do not block: (read end, write end).
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?)
}

/// One `read(2)`.
#[inline]
pub(crate) fn read(from: &impl AsFd, into: &mut [u8]) -> io::Result<usize> {
    Ok(unistd::read(from, into)?)
}

/// One `write(2)`.
#[inline]
pub(crate) fn write(to: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(unistd::write(to, bytes)?)
}

/// One write that does not wait, though the descriptor is one on which writes do. A kernel may know no such
/// write for what it is: then the kind of the error is `Unsupported`.
pub(crate) fn write_now(to: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let fd = to.as_fd().as_raw_fd();
    // SAFETY: the one part is lent for the call, which only reads it.
    let length = unsafe { libc::pwritev2(fd, &raw const part, 1, -1, libc::RWF_NOWAIT) };
    Ok(Errno::result(length)?.unsigned_abs())
}

/// One `close(2)`. Nothing can be done where it fails: the descriptor is gone all the same.
#[inline]
pub(crate) fn close(descriptor: OwnedFd) {
    let _ = unistd::close(descriptor);
}

/// One `write(2)` to standard error. A failure has nobody left to be told.
pub(crate) fn write_to_stderr(bytes: &[u8]) {
    let _ = unistd::write(io::stderr(), bytes);
}

/// Takes out of a pipe that does not block what is in it, or a part: somebody may go on writing.
// In a frame of its own: each page of its stack that a parent writes to is copied again after a fork.
#[inline(never)]
pub(crate) fn drain(pipe: &impl AsFd) {
    // Where it fails there was nothing in it.
    let _ = read(pipe, &mut [0; 4096]);
}

/// A regular file, opened for reading; anything else is refused without being waited for.
fn open_regular(path: &std::path::Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // A FIFO would block here until somebody writes to it.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let kind = file.metadata()?.file_type();
    match () {
        () if kind.is_file() => Ok(file),
        () if kind.is_dir() => Err(io::Error::other("is a directory, expected a file")),
        () => Err(io::Error::other("is not a regular file")),
    }
}

/// All of a regular file of up to 1 MiB, and what it was when it was opened.
pub(crate) fn read_regular(path: &std::path::Path) -> io::Result<(Vec<u8>, Metadata)> {
    read_all(open_regular(path)?)
}

/// The same of one that is open.
pub(crate) fn read_all(file: File) -> io::Result<(Vec<u8>, Metadata)> {
    const LARGEST: u64 = 1 << 20;
    let opened = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("is larger than 1 MiB"));
    }
    Ok((bytes, opened))
}

/// Has these be standard input and output, for programs that are started too.
pub(crate) fn become_stdio(input: &impl AsFd, output: &impl AsFd) -> io::Result<()> {
    unistd::dup2_stdin(input)?;
    unistd::dup2_stdout(output)?;
    Ok(())
}

/// Whether standard error is what standard input is too, as inetd has it: a client.
pub(crate) fn is_stderr_stdin() -> bool {
    let both = fstat(io::stdin()).and_then(|input| Ok((input, fstat(io::stderr())?)));
    both.is_ok_and(|(input, error)| {
        (input.st_dev, input.st_ino) == (error.st_dev, error.st_ino)
            && input.st_mode & libc::S_IFMT == libc::S_IFSOCK
    })
}

/// Takes standard error away.
pub(crate) fn silence_stderr() -> io::Result<()> {
    become_stderr(&null()?)
}

/// Has it be standard error, for programs that are started too.
pub(crate) fn become_stderr(output: &impl AsFd) -> io::Result<()> {
    unistd::dup2_stderr(output)?;
    Ok(())
}

/// Has the number `over` stand for `descriptor` from here on, in one step: whoever uses it meanwhile, in
/// whichever thread, has the one or the other.
pub(crate) fn put_over(over: BorrowedFd<'_>, descriptor: &impl AsFd) -> io::Result<()> {
    let (from, to) = (descriptor.as_fd().as_raw_fd(), over.as_raw_fd());
    // SAFETY: the number is of an open descriptor, and stays of one: its owner owns the new one.
    Errno::result(unsafe { libc::dup3(from, to, libc::O_CLOEXEC) })?;
    Ok(())
}
