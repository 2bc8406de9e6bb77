//! What a service manager has given to this process: descriptors from the third on, and words in the
//! environment.
//!
//! They are for this process alone, so they are taken out of the environment, and the descriptors are
//! closed on exec: no program that a handler starts sees either.

#[cfg(feature = "systemd")]
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
#[cfg(feature = "systemd")]
use std::time::Duration;

/// All that was given.
#[derive(Debug)]
pub(crate) struct FromManager {
    /// Open descriptors with their names.
    pub(crate) descriptors: io::Result<Vec<(OwnedFd, String)>>,
    /// Where it wants to hear how the server is.
    #[cfg(feature = "systemd")]
    pub(crate) notify: Option<OsString>,
    /// So much time may pass between two words of it.
    #[cfg(feature = "systemd")]
    pub(crate) watchdog: Option<Duration>,
    /// Whether it all still stands in the environment: another thread may be reading that.
    pub(crate) left: bool,
    /// Whether there is something that this program has no use for.
    pub(crate) unheard: bool,
}

/// Takes it, once: whoever asks again is given nothing. The program has no thread of ours yet, and
/// where it has one of its own the environment stays as it is.
#[cfg(feature = "systemd")]
pub(crate) fn take() -> FromManager {
    given::take()
}

/// Whether a service manager has given something, or waits for something, in the environment.
#[cfg(not(feature = "systemd"))]
fn is_there() -> bool {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let sockets = said("LISTEN_PID") == std::process::id().to_string();
    sockets || !said("NOTIFY_SOCKET").is_empty()
}

/// In a program without the feature nobody is asked for anything.
#[cfg(not(feature = "systemd"))]
pub(crate) fn take() -> FromManager {
    FromManager { descriptors: Ok(Vec::new()), left: false, unheard: is_there() }
}

#[cfg(feature = "systemd")]
mod given {
    use std::env;
    use std::io;
    use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    use nix::fcntl::{FcntlArg, fcntl};

    use super::FromManager;
    use crate::sys::passed;

    /// The first descriptor that is handed over.
    const FIRST: RawFd = 3;
    const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
    /// All that is said of the descriptors first, and the watchdog; the last but one by newer managers.
    const ALL: [&str; 7] = [
        "LISTEN_PID",
        "LISTEN_FDS",
        "LISTEN_FDNAMES",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "LISTEN_PIDFDID",
        NOTIFY_SOCKET,
    ];

    /// Whether it was taken.
    static TAKEN: AtomicBool = AtomicBool::new(false);

    pub(super) fn take() -> FromManager {
        if TAKEN.swap(true, SeqCst) {
            let (notify, watchdog) = (None, None);
            return FromManager {
                descriptors: Ok(Vec::new()),
                notify,
                watchdog,
                left: false,
                unheard: false,
            };
        }
        let descriptors = descriptors();
        let notify = env::var_os(NOTIFY_SOCKET).filter(|path| !path.is_empty());
        let watchdog = sd_notify::watchdog_enabled().filter(|time| !time.is_zero());
        let (_, left) = passed::take_variables(ALL);
        FromManager { descriptors, notify, watchdog, left, unheard: false }
    }

    /// The descriptors that are for this process, each closed on exec from here on.
    fn descriptors() -> io::Result<Vec<(OwnedFd, String)>> {
        let given = sd_notify::listen_fds().map_err(|err| in_words(&err))?;
        // Names of another process's are no fault of this one's.
        if given.len() == 0 {
            return Ok(Vec::new());
        }
        let given = sd_notify::listen_fds_with_names().map_err(|err| in_words(&err))?;
        Ok(given.map(|(number, name)| (own(number), name)).collect())
    }

    fn own(number: RawFd) -> OwnedFd {
        // SAFETY: it is open, as it has just been closed on exec; whoever started this process has
        // handed it over, and it is taken once.
        unsafe { OwnedFd::from_raw_fd(number) }
    }

    /// Why they cannot be had, with what was said of them.
    fn in_words(err: &io::Error) -> io::Error {
        let said = |name: &str| env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        let count = said("LISTEN_FDS").and_then(|count| count.parse::<RawFd>().ok());
        let last = count.and_then(|count| FIRST.checked_add(count)).unwrap_or(FIRST);
        if let Some(closed) = (FIRST..last).find(|number| !is_open(*number)) {
            let count = count.unwrap_or_default();
            let what = format!("LISTEN_FDS={count}, and descriptor {closed} is not open");
            return io::Error::new(err.kind(), what);
        }
        let shown = |name: &str| said(name).map(|text| format!("{name}={text:?}"));
        let all: Vec<_> = ALL[..3].iter().filter_map(|name| shown(name)).collect();
        io::Error::new(err.kind(), format!("{err}: {}", all.join(" ")))
    }

    fn is_open(number: RawFd) -> bool {
        // SAFETY: the number is only asked for whether it is a descriptor, and not kept.
        let asked = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl(asked, FcntlArg::F_GETFD).is_ok()
    }
}
