//! A syslog daemon as the log: a small client that never waits, as libc's would once the daemon does not
//! read, and that has no lock for a fork to copy.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use netserver_options::kind::{LogoptValue, LogsockValue};
use nix::libc;
use socket2::{Domain, SockAddr, Socket, Type};

use super::line::{End, Form};
use super::page::{PATIENCE, Page};
use super::slot::{Means, Slot, Written};
use crate::error::{Error, Result};
use crate::sys::{clock, descriptor, ends, process, service};

/// The system's own socket.
pub(crate) const SYSTEM: &str = "/dev/log";
const CONSOLE: &str = "/dev/console";
/// The port where nobody has given `syslog` another one.
const PORT: u16 = 514;
/// How long it is not tried again to reach a daemon that was not there, in nanoseconds.
const PAUSE: i64 = 1_000_000_000;

/// What the options say of it.
#[derive(Debug, Clone)]
pub(crate) struct Syslog {
    pub(crate) ident: String,
    pub(crate) facility: u8,
    pub(crate) words: LogoptValue,
    pub(crate) socket: LogsockValue,
}

/// A daemon that is connected, or is to be.
#[derive(Debug)]
pub(super) struct Daemon {
    way: Way,
    console: Option<OwnedFd>,
    /// The process whose connection it is. Of a stream each has its own, as a record may go in pieces.
    owner: AtomicI32,
}

/// The ways to it, in the order in which they are tried.
#[derive(Debug)]
struct Ways {
    first: Way,
    second: Option<Way>,
}

/// One of them.
#[derive(Debug, Clone)]
struct Way {
    to: SockAddr,
    shown: String,
    kind: Type,
    end: End,
}

impl Syslog {
    /// Connects the daemon, and tells how records look for it.
    ///
    /// # Errors
    /// Where there is no daemon, unless `nofatal` says that this is none.
    pub(super) fn open(&self) -> Result<(Daemon, OwnedFd, Form)> {
        let ways = self.ways()?;
        let (way, socket) = connect_any(&ways);
        let socket = match socket {
            Ok(socket) => socket,
            Err(err) if self.words.nofatal => {
                log::warn!("syslog is not there yet: {}: {err}", way.shown);
                descriptor::nothing()?
            }
            Err(err) => return Err(absent(way, err)),
        };
        let form = Form::Syslog {
            facility: self.facility,
            ident: super::escape::escape(&self.ident, 64),
            pid: self.words.pid,
            end: way.end,
        };
        let console = self.words.cons.then(console).flatten();
        let owner = AtomicI32::new(process::this().as_raw());
        Ok((Daemon { way: way.clone(), console, owner }, socket, form))
    }

    /// Tells whether there is a daemon.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) fn check(&self) -> Result<()> {
        match connect_any(&self.ways()?) {
            (way, Err(err)) if !self.words.nofatal => Err(absent(way, err)),
            _ => Ok(()),
        }
    }

    fn ways(&self) -> Result<Ways> {
        let stream = |path: &Path| Way::unix(path, Type::STREAM, End::Nul);
        let both = |path: &Path| {
            let first = Way::unix(path, Type::DGRAM, End::Packet)?;
            Ok(Ways { first, second: Some(stream(path)?) })
        };
        let only = |first| Ways { first, second: None };
        let ways = match &self.socket {
            LogsockValue::Unix => both(Path::new(SYSTEM)),
            LogsockValue::Path(path) => both(path),
            LogsockValue::Stream => stream(Path::new(SYSTEM)).map(only),
            LogsockValue::Udp => Ok(only(Way::inet(Type::DGRAM, End::Packet))),
            LogsockValue::Tcp => Ok(only(Way::inet(Type::STREAM, End::Newline))),
        };
        ways.map_err(|err: io::Error| Error::because("syslog_logsock", err))
    }
}

fn absent(way: &Way, err: io::Error) -> Error {
    let what = format!(
        "cannot reach syslog at {} (start the daemon, or set syslog_logsock, or syslog_logopt = nofatal)",
        way.shown
    );
    Error::because(what, err)
}

/// The first of them that leads somewhere; else the first, and why it does not.
fn connect_any(ways: &Ways) -> (&Way, io::Result<OwnedFd>) {
    match ways.first.connect() {
        Err(err) => match ways.second.as_ref().map(|way| (way, way.connect())) {
            Some((way, Ok(socket))) => (way, Ok(socket)),
            _ => (&ways.first, Err(err)),
        },
        socket => (&ways.first, socket),
    }
}

impl Way {
    fn unix(path: &Path, kind: Type, end: End) -> io::Result<Self> {
        Ok(Self { to: SockAddr::unix(path)?, shown: path.display().to_string(), kind, end })
    }

    fn inet(kind: Type, end: End) -> Self {
        let datagrams = kind == Type::DGRAM;
        let port = datagrams.then(|| service::port("syslog", true)).flatten().unwrap_or(PORT);
        let to = std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let protocol = if datagrams { "udp" } else { "tcp" };
        Self { to: to.into(), shown: format!("{to}/{protocol}"), kind, end }
    }

    /// A socket that is connected, and does not wait. A connection within a host is there at once, or never.
    fn connect(&self) -> io::Result<OwnedFd> {
        let socket = Socket::new(self.to.domain(), self.kind, None)?;
        if self.to.domain() == Domain::UNIX {
            // It would wait for a daemon that does not accept.
            socket.set_nonblocking(true)?;
            socket.connect(&self.to)?;
        } else {
            socket.connect_timeout(&self.to, PATIENCE)?;
            socket.set_nonblocking(true)?;
        }
        Ok(socket.into())
    }
}

/// Opened at the start, as it may be out of reach later.
fn console() -> Option<OwnedFd> {
    let opened = descriptor::open_to_write(&PathBuf::from(CONSOLE));
    opened.map_err(|err| log::warn!("syslog_logopt: cons has no effect: {CONSOLE}: {err}")).ok()
}

impl Daemon {
    /// Sends one record. A daemon that is there anew is connected again.
    pub(super) fn put(&self, slot: Slot, line: &[u8], page: Page) -> io::Result<Written> {
        self.have_ones_own(slot);
        let sent = match self.send(slot, line, page) {
            Err(err) if is_gone(&err) => match self.connect_again(slot, page) {
                Ok(()) => self.send(slot, line, page),
                Err(_) => Err(err),
            },
            sent => sent,
        };
        let Err(err) = sent else { return sent };
        match &self.console {
            Some(console) if is_gone(&err) => self.put_onto(console, line).map_err(|_| err),
            _ => Err(err),
        }
    }

    /// What has not gone whole on a stream would be glued to what comes next: the connection ends there.
    fn send(&self, slot: Slot, line: &[u8], page: Page) -> io::Result<Written> {
        match slot.put(Means::Send, line, page) {
            Ok(Written::InPart) if self.way.kind == Type::STREAM => {
                slot.replace(
                    &descriptor::nothing().or_else(|_| ends::with_null(descriptor::duplicate))?,
                )?;
                Err(io::Error::from_raw_os_error(libc::EAGAIN))
            }
            sent => sent,
        }
    }

    /// Connects a process that has a stream from its parent. Where that cannot be, as behind a chroot, they
    /// share it.
    fn have_ones_own(&self, slot: Slot) {
        let this = process::this().as_raw();
        if self.way.kind == Type::STREAM && self.owner.swap(this, SeqCst) != this {
            let _ = self.reconnect(slot);
        }
    }

    /// Has records go to the daemon that is there now.
    pub(super) fn reconnect(&self, slot: Slot) -> io::Result<()> {
        slot.replace(&self.way.connect()?)
    }

    /// The same, now and then.
    fn connect_again(&self, slot: Slot, page: Page) -> io::Result<()> {
        let now = clock::monotonic();
        let failed = page.failed().load(SeqCst);
        // A hostile child may have put any number there.
        let is_time = failed == 0 || !(0..PAUSE).contains(&now.wrapping_sub(failed));
        // One of all processes tries, and may have to wait for it.
        let mine = is_time && page.failed().compare_exchange(failed, now, SeqCst, SeqCst).is_ok();
        if !mine {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.reconnect(slot)?;
        page.failed().store(0, SeqCst);
        Ok(())
    }

    /// What the console is for is read by people.
    fn put_onto(&self, console: &OwnedFd, line: &[u8]) -> io::Result<Written> {
        let line = line.strip_suffix(self.way.end.text().as_bytes()).unwrap_or(line);
        let from = line.iter().position(|byte| *byte == b'>').map_or(0, |at| at + 1);
        let line = [&line[from..], b"\r\n"].concat();
        let written = descriptor::write(console, &line)?;
        Ok(if written < line.len() { Written::InPart } else { Written::Whole })
    }
}

/// Whether nobody is at the other end.
fn is_gone(err: &io::Error) -> bool {
    matches!(
        err.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::ENOTCONN
                | libc::EPIPE
                | libc::ECONNRESET
                | libc::EDESTADDRREQ
                // There was none at the start.
                | libc::EBADF
                | libc::ENOTSOCK
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_the_daemon() {
        let ways = |socket| {
            let words = LogoptValue::default();
            let syslog = Syslog { ident: "x".into(), facility: 3, words, socket };
            let ways = syslog.ways().unwrap();
            let all = std::iter::once(ways.first).chain(ways.second);
            all.map(|way| (way.shown, way.kind == Type::DGRAM, way.end)).collect()
        };
        let all: Vec<Vec<_>> = [
            LogsockValue::Unix,
            LogsockValue::Stream,
            LogsockValue::Path("/run/x".into()),
            LogsockValue::Tcp,
        ]
        .map(ways)
        .into();
        let (packet, nul) = (End::Packet, End::Nul);
        assert_eq!(all[0], [("/dev/log".into(), true, packet), ("/dev/log".into(), false, nul)]);
        assert_eq!(all[1], [("/dev/log".into(), false, nul)]);
        assert_eq!(all[2], [("/run/x".into(), true, packet), ("/run/x".into(), false, nul)]);
        assert_eq!(all[3], [("127.0.0.1:514/tcp".into(), false, End::Newline)]);
    }

    #[test]
    fn a_path_that_is_too_long_is_no_panic() {
        let socket = LogsockValue::Path(format!("/{}", "x".repeat(200)).into());
        let words = LogoptValue::default();
        let syslog = Syslog { ident: "x".into(), facility: 3, words, socket };
        let err = syslog.check().unwrap_err();
        assert!(err.chain().starts_with("syslog_logsock"), "{}", err.chain());
    }
}
