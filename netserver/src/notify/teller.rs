//! The messages, each one datagram, by a socket that is connected before a chroot takes its path away,
//! and before another user may not write to it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::SeqCst};
use std::time::Duration;

use sd_notify::NotifyState;

use crate::sys::descriptor::Private;
use crate::sys::manager::FromManager;
use crate::sys::{clock, signal, socket as sys_socket};

/// Some once somebody wants to hear it.
static TELLER: OnceLock<Teller> = OnceLock::new();

/// So long one that has no time to listen is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Teller {
    socket: Private<UnixDatagram>,
    address: SocketAddr,
    /// How often it has to say that it is alive, and when it last did.
    every: Option<Duration>,
    last: AtomicI64,
    /// What was told last.
    told: AtomicU8,
    /// Whether the log knows that it cannot be told.
    failed: AtomicBool,
}

/// What was told last.
const STARTING: u8 = 0;
const READY: u8 = 1;
const RELOADING: u8 = 2;
const STOPPING: u8 = 3;

/// Connects to whoever wants to hear it. A service manager that is not there keeps no server from serving:
/// the variable may be left from somebody else's service.
pub(crate) fn begin(manager: &FromManager) {
    let Some(path) = &manager.notify else { return };
    let reached = Teller::new(path, manager.watchdog).and_then(|teller| {
        let reached = teller.connect();
        teller.failed.store(reached.is_err(), SeqCst);
        // A process has one server.
        drop(TELLER.set(teller));
        reached
    });
    if let Err(err) = reached {
        let path = path.display();
        log::warn!(
            "cannot reach the service manager at NOTIFY_SOCKET={path}: {err}; it is told nothing"
        );
    }
}

/// The server serves: for the first time, or again after [`reloading`].
pub(crate) fn ready() {
    if let Some(teller) = TELLER.get()
        && matches!(teller.told.load(SeqCst), STARTING | RELOADING)
    {
        teller.last.store(clock::monotonic(), SeqCst);
        teller.tell(READY, &[NotifyState::Ready, NotifyState::Status("Serving")]);
    }
}

/// The server begins to stop.
pub(crate) fn stopping() {
    if let Some(teller) = TELLER.get()
        && teller.told.load(SeqCst) != STOPPING
    {
        teller.tell(STOPPING, &[NotifyState::Stopping, NotifyState::Status("Stopping")]);
    }
}

/// The server does what HUP asks for, and says that it is ready once it has.
pub(crate) fn reloading() {
    if let Some(teller) = TELLER.get()
        && teller.told.load(SeqCst) != STOPPING
    {
        let now = NotifyState::MonotonicUsec(i128::from(clock::monotonic() / 1000));
        teller.tell(RELOADING, &[NotifyState::Reloading, now]);
    }
}

/// Says that this process goes on, where it is time to.
#[inline]
pub(crate) fn alive() {
    if let Some(teller) = TELLER.get()
        && teller.left().is_some_and(|left| left.is_zero())
        && signal::is_servers_own()
    {
        teller.ping();
    }
}

/// Whether this process has to say now and then that it is alive.
#[inline]
pub(crate) fn is_watched() -> bool {
    TELLER.get().is_some_and(|teller| teller.every.is_some() && signal::is_servers_own())
}

/// How long this process may say nothing; `None` for ever.
#[inline]
pub(crate) fn until_alive() -> Option<Duration> {
    TELLER
        .get()
        .filter(|teller| teller.every.is_some() && signal::is_servers_own())
        .and_then(Teller::left)
}

impl Teller {
    fn new(path: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        let address = address(path)?;
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket: Private::new(socket),
            address,
            // At half of the time, as the manual has it: one word may come late.
            every: watchdog.map(|time| time / 2),
            last: AtomicI64::new(clock::monotonic()),
            told: AtomicU8::new(STARTING),
            failed: AtomicBool::new(false),
        })
    }

    /// One that is not there yet may be later.
    fn connect(&self) -> io::Result<()> {
        self.socket.connect_addr(&self.address)
    }

    /// How long nothing has to be said.
    fn left(&self) -> Option<Duration> {
        let since = clock::monotonic().saturating_sub(self.last.load(SeqCst));
        let since = Duration::from_nanos(u64::try_from(since).unwrap_or_default());
        self.every.map(|every| every.saturating_sub(since))
    }

    /// Tells it, in the process that is heard.
    fn tell(&self, what: u8, state: &[NotifyState<'_>]) {
        if !signal::is_servers_own() {
            return;
        }
        let text = text_of(state);
        let sent = self.send(|socket| socket.send(text.as_bytes()));
        // What was not heard is said again when there is something to say.
        if sent.is_ok() {
            self.told.store(what, SeqCst);
        }
        self.note(sent);
    }

    /// Does not wait: whoever has no time to listen hears it a little later, as this process goes on.
    fn ping(&self) {
        const A_LITTLE: i64 = 100_000_000;
        let text = text_of(&[NotifyState::Watchdog]);
        let sent = self.send(|socket| sys_socket::write_now(socket, text.as_bytes()));
        let every = self.every.unwrap_or_default();
        let now = clock::monotonic();
        let later = i64::try_from(every.as_nanos()).unwrap_or(i64::MAX).saturating_sub(A_LITTLE);
        let failed = sent.is_err();
        self.last.store(if failed { now.saturating_sub(later.max(0)) } else { now }, SeqCst);
        self.note(sent);
    }

    /// One that was started anew listens at the same place, while that can be reached.
    fn send(&self, send: impl Fn(&UnixDatagram) -> io::Result<usize>) -> io::Result<()> {
        use io::ErrorKind::{ConnectionRefused, NotConnected};
        match again(|| send(&self.socket)) {
            // Once refused, it is not connected any more.
            Err(err) if matches!(err.kind(), ConnectionRefused | NotConnected) => {
                self.connect()?;
                again(|| send(&self.socket))
            }
            sent => sent,
        }
        .map(drop)
    }

    /// The log is told once of a service manager that does not listen.
    fn note(&self, sent: io::Result<()>) {
        match sent {
            Ok(()) => self.failed.store(false, SeqCst),
            Err(err) if !self.failed.swap(true, SeqCst) => {
                log::warn!("cannot tell the service manager how the server is: {err}");
            }
            Err(_) => {}
        }
    }
}

/// What signals have ended is done again: with a time limit the kernel does not see to that.
fn again(send: impl Fn() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match send() {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            sent => return sent,
        }
    }
}

/// A path, or behind an `@` a name that is none.
fn address(path: &OsStr) -> io::Result<SocketAddr> {
    match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(path),
        _ => Err(io::Error::other("neither an absolute path nor a name behind `@`")),
    }
}

/// One line for each.
fn text_of(state: &[NotifyState<'_>]) -> String {
    let mut text = String::new();
    for one in state {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{one}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_name() {
        let of = |text: &str| address(OsStr::new(text));
        assert!(of("/run/systemd/notify").unwrap().as_pathname().is_some());
        assert_eq!(of("@manager").unwrap().as_abstract_name(), Some(&b"manager"[..]));
        assert!(of("vsock:2:1").is_err());
        assert!(of("").is_err());
    }

    #[test]
    fn a_message_is_one_line_for_each_word() {
        let state = [NotifyState::Reloading, NotifyState::MonotonicUsec(12)];
        assert_eq!(text_of(&state), "RELOADING=1\nMONOTONIC_USEC=12\n");
    }
}
