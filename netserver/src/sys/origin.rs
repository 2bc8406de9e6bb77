//! Who has sent a signal, and signals that say so.

use std::io;
use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::libc;

use super::process::{self, Pid};

/// Who has sent a signal, as far as that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Anybody,
    /// The kernel by itself, as an alarm.
    Kernel,
    /// A process of this server that asks for something: what it cannot ask for otherwise.
    Server,
    /// A thread of this process that has another one look at what it was told: the signal means nothing
    /// more.
    Waker,
}

/// The numbers by which a queued signal says so. One of another number is anybody's.
const KERNEL: usize = 1;
const SERVER: usize = 2;
const WAKER: usize = 3;

/// The part of a `siginfo_t` that a queued signal fills.
#[repr(C)]
struct Queued {
    number: libc::c_int,
    errno: libc::c_int,
    code: libc::c_int,
    rest: Rest,
}

#[repr(C)]
struct Rest {
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: usize,
}

const _: () = assert!(size_of::<Queued>() <= size_of::<libc::siginfo_t>());
const _: () = assert!(align_of::<Queued>() <= align_of::<libc::siginfo_t>());

impl Origin {
    /// Of a signal that is being handled.
    pub(super) fn of(info: &libc::siginfo_t) -> Self {
        if info.si_code == libc::SI_KERNEL {
            return Self::Kernel;
        }
        if info.si_code != libc::SI_QUEUE {
            return Self::Anybody;
        }
        // SAFETY: a queued signal has a value.
        let value = unsafe { info.si_value() };
        match value.sival_ptr.addr() {
            KERNEL => Self::Kernel,
            SERVER => Self::Server,
            WAKER => Self::Waker,
            _ => Self::Anybody,
        }
    }

    fn value(self) -> usize {
        match self {
            Self::Anybody => 0,
            Self::Kernel => KERNEL,
            Self::Server => SERVER,
            Self::Waker => WAKER,
        }
    }

    /// Queues a signal for a process.
    pub(super) fn send(self, to: Pid, number: libc::c_int) -> io::Result<()> {
        let value = libc::sigval { sival_ptr: std::ptr::without_provenance_mut(self.value()) };
        // SAFETY: plain numbers; a process that is no more is an error and nothing else.
        Errno::result(unsafe { libc::sigqueue(to.as_raw(), number, value) })?;
        Ok(())
    }

    /// Queues a signal for a thread of this process. It is for a handler: it allocates nothing.
    pub(super) fn send_to_thread(self, thread: libc::pid_t, number: libc::c_int) {
        let (pid, value) = (process::this().as_raw(), self.value());
        let rest = Rest { pid, uid: nix::unistd::getuid().as_raw(), value };
        let queued = Queued { number, errno: 0, code: libc::SI_QUEUE, rest };
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: it is as large and as aligned as is asserted above, and begins with these fields.
        unsafe { info.as_mut_ptr().cast::<Queued>().write(queued) };
        // SAFETY: the kernel reads what is there; a thread that is no more is an error and nothing else.
        unsafe {
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, thread, number, info.as_ptr());
        }
    }
}
