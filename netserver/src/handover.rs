//! What one image of the server hands to the next at a restart, in words of the environment and
//! descriptors that are left open.
//!
//! Takes in sockets, the pid file and the numbers of children; hands on the same, in the next image. Words
//! of the environment are anybody's: they count only where they name this very process, and of each
//! descriptor it is seen that it is what they say. Nothing is closed on their word.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use nix::libc;
use nix::sys::stat::fstat;
use socket2::{SockRef, Type};

use crate::address::Address;
use crate::child::ChildKind;
use crate::error::{Error, Result};
use crate::pid_file::PidFile;
use crate::stop::Stage;
use crate::sys::passed;
use crate::sys::process::{self, Pid};

const SOCKETS: &str = "BOUND_SOCKETS";
const PROCESS: &str = "BOUND_SOCKETS_PID";
const GENERATION: &str = "BOUND_SOCKETS_GENERATION";
const TRIAL: &str = "BOUND_SOCKETS_TRIAL";
const PID_FILE: &str = "BOUND_PID_FILE";
const CHILDREN: &str = "HUP_CHILDREN";
const PROGRAM: &str = "BOUND_SOCKETS_PROGRAM";
const BEFORE: &str = "BOUND_SOCKETS_BEFORE";
const CONF: &str = "BOUND_SOCKETS_CONF";
const ENDS: &str = "BOUND_SOCKETS_ENDS";
const WHY: &str = "BOUND_SOCKETS_WHY";
const LIMIT: &str = "BOUND_SOCKETS_LIMIT";

/// Every name that is ever used.
pub(crate) const NAMES: [&str; 12] = [
    SOCKETS, PROCESS, GENERATION, TRIAL, PID_FILE, CHILDREN, PROGRAM, BEFORE, CONF, ENDS, WHY,
    LIMIT,
];

/// What is known of a bound socket beside what it tells itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) address: Address,
    pub(crate) datagrams: bool,
    /// What it was bound for, as the port of the options is called: with port 0 where the system was to
    /// choose.
    pub(crate) place: String,
    /// The name of the protocol that the options asked for, and whether they named it.
    pub(crate) protocol: String,
    pub(crate) named: bool,
    /// What a service manager has called it; nothing where the server has bound it itself.
    pub(crate) name: String,
    /// Device and number of the file of a UNIX socket which the server has made.
    pub(crate) file: Option<(u64, u64)>,
    /// Whether nobody was served there yet: a trial run has bound it.
    pub(crate) fresh: bool,
}

/// A child of an image before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elder {
    pub(crate) pid: Pid,
    pub(crate) kind: ChildKind,
    /// How far its stop has gone, and since when.
    pub(crate) told: Stage,
    pub(crate) since: Duration,
}

/// The children of images before, and the ends of pipes by which they see that their parent lives.
pub(crate) type Handed = (Vec<Elder>, Vec<OwnedFd>);

/// All that is handed on.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    /// How many images there were before.
    pub(crate) before: u32,
    pub(crate) sockets: Vec<(OwnedFd, Deed)>,
    /// The pid file with its lock, and where it is.
    pub(crate) pid_file: Option<(OwnedFd, PathBuf)>,
    pub(crate) children: Vec<Elder>,
    /// Where a trial run says what came of it.
    pub(crate) trial: Option<OwnedFd>,
    /// Where the program was found when the server was started.
    pub(crate) program: Option<PathBuf>,
    /// The image before, to go back to: its program, and its conf file.
    pub(crate) before_it: Option<(OwnedFd, Option<OwnedFd>)>,
    /// This image is the one that was gone back to: what its conf file was.
    pub(crate) conf: Option<OwnedFd>,
    /// Ends of pipes by which children of images before see that their parent lives.
    pub(crate) ends: Vec<OwnedFd>,
    /// Why this image was gone back to.
    pub(crate) why: Option<String>,
    /// How many seconds it has until it has to serve, where there is an image to go back to.
    pub(crate) limit: Option<u32>,
}

/// The same, of an image that is about to hand it on.
#[derive(Debug, Default)]
pub(crate) struct Estate<'a> {
    pub(crate) generation: u32,
    pub(crate) sockets: Vec<(BorrowedFd<'a>, Deed)>,
    pub(crate) pid_file: Option<(BorrowedFd<'a>, &'a Path)>,
    pub(crate) children: Vec<Elder>,
    pub(crate) trial: Option<BorrowedFd<'a>>,
    pub(crate) program: Option<&'a Path>,
    pub(crate) before_it: Option<(BorrowedFd<'a>, Option<BorrowedFd<'a>>)>,
    pub(crate) conf: Option<BorrowedFd<'a>>,
    pub(crate) ends: Vec<BorrowedFd<'a>>,
    pub(crate) limit: Option<u32>,
}

impl Estate<'_> {
    /// The words that say so to the process of that number.
    pub(crate) fn words(&self, to: Pid) -> Vec<(&'static str, String)> {
        let sockets = self.sockets.iter();
        let sockets = joined(sockets.map(|(socket, deed)| deed.text(socket.as_raw_fd())));
        let mut words = vec![
            (SOCKETS, sockets),
            (PROCESS, to.to_string()),
            (GENERATION, self.generation.to_string()),
            (CHILDREN, joined(self.children.iter().map(Elder::text))),
        ];
        if let Some((file, path)) = self.pid_file {
            words.push((
                PID_FILE,
                fields(&[file.as_raw_fd().to_string(), escaped(path.as_os_str())]),
            ));
        }
        let number = |descriptor: BorrowedFd<'_>| descriptor.as_raw_fd().to_string();
        words.extend(self.trial.map(|trial| (TRIAL, number(trial))));
        words.extend(self.program.map(|path| (PROGRAM, escaped(path.as_os_str()))));
        if let Some((program, conf)) = self.before_it {
            words.push((BEFORE, fields(&[number(program), conf.map(number).unwrap_or_default()])));
        }
        words.extend(self.conf.map(|conf| (CONF, number(conf))));
        words.extend(self.limit.map(|limit| (LIMIT, limit.to_string())));
        words.push((ENDS, joined(self.ends.iter().map(|end| number(*end)))));
        words
    }

    /// The descriptors that they name.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let sockets = self.sockets.iter().map(|(socket, _)| socket.as_fd());
        let before = self.before_it.into_iter().flat_map(|(program, conf)| [Some(program), conf]);
        let others = [self.pid_file.map(|(file, _)| file), self.trial, self.conf];
        let ends = self.ends.iter().copied();
        sockets.chain(ends).chain(others.into_iter().chain(before).flatten()).collect()
    }
}

/// The words that say to the image before why it goes on.
pub(crate) fn reason(why: &str) -> (&'static str, String) {
    // A variable has an end.
    const LONGEST: usize = 4096;
    let why: String = why.chars().take(LONGEST).collect();
    (WHY, escaped(OsStr::new(&why)))
}

/// What was found in the environment.
#[derive(Debug)]
pub(crate) struct Found {
    /// An error where the words are meant for this process, and what they say is not so.
    pub(crate) handover: Result<Option<Handover>>,
    /// For the log, which is not open yet.
    pub(crate) words: Remarks,
}

/// What the log is to know of the words.
#[derive(Debug, Clone)]
pub(crate) struct Remarks {
    /// Whether they had to stay where they were, as another thread may be reading it.
    left: bool,
    /// Whether they are for another process.
    elsewhere: bool,
    /// Why an image that was to be the next could not serve.
    why: Option<String>,
}

impl Remarks {
    /// Tells the log.
    pub(crate) fn tell(self) {
        if let Some(why) = self.why {
            log::error!("{why}");
        }
        if self.elsewhere {
            log::warn!(
                "{SOCKETS} in the environment is not for this process, and is not looked at"
            );
        }
        if self.left {
            log::warn!(
                "{SOCKETS} stays in the environment, as there is a thread that may be reading it: start \
                 threads in child_init_hook"
            );
        }
    }
}

/// Takes what was handed to this process, once, and takes the words out of the environment.
pub(crate) fn take() -> Found {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let (words, left) = passed::take_variables(NAMES);
    if TAKEN.swap(true, SeqCst) || words.iter().all(Option::is_none) {
        return Found { handover: Ok(None), words: Remarks { left, elsewhere: false, why: None } };
    }
    let [
        sockets,
        process,
        generation,
        trial,
        pid_file,
        children,
        program,
        before,
        conf,
        ends,
        why,
        limit,
    ] = words;
    let is_here = process.is_some_and(|text| text == OsStr::new(&process::this().to_string()));
    let is_believed = is_here && !passed::is_privileged_by_its_file();
    if trial.is_some() && !is_believed {
        // It must not become a second server.
        let what = format!(
            "a trial run ({TRIAL} in the environment) is for another process, or has more privileges"
        );
        return Found {
            handover: Err(Error::new(what)),
            words: Remarks { left, elsewhere: false, why: None },
        };
    }
    if !is_believed {
        return Found { handover: Ok(None), words: Remarks { left, elsewhere: true, why: None } };
    }
    let texts = [
        &sockets,
        &generation,
        &trial,
        &pid_file,
        &children,
        &program,
        &before,
        &conf,
        &ends,
        &why,
        &limit,
    ];
    let taken = Claims::read(texts.map(Option::as_deref)).and_then(Claims::take);
    let why = taken.as_ref().ok().and_then(|taken| taken.why.clone());
    let taken = taken.map_err(|fault| {
        let what = format!("what {SOCKETS} and the variables beside it say is not so: {fault}");
        Error::new(format!("{what}; take them out of the environment"))
    });
    Found { handover: taken.map(Some), words: Remarks { left, elsewhere: false, why } }
}

/// What the words say, of which nothing is believed yet.
#[derive(Debug, PartialEq, Eq)]
struct Claims {
    before: u32,
    sockets: Vec<(RawFd, Deed)>,
    pid_file: Option<(RawFd, PathBuf)>,
    children: Vec<Elder>,
    trial: Option<RawFd>,
    program: Option<PathBuf>,
    before_it: Option<(RawFd, Option<RawFd>)>,
    conf: Option<RawFd>,
    ends: Vec<RawFd>,
    why: Option<String>,
    limit: Option<u32>,
}

/// No words whatever have this process give away what is its own: a property for generated tests and for
/// the targets of `fuzz/`.
#[cfg(any(test, fuzzing))]
pub(crate) fn do_no_harm(texts: [Option<&OsStr>; TEXTS]) {
    if let Ok(claims) = Claims::read(texts) {
        // Whatever there is in this process is its own.
        let taken = claims.take();
        assert!(taken.is_err() || taken.is_ok_and(|taken| taken.sockets.is_empty()), "{texts:?}");
    }
}

/// How many texts there are beside the number of the process.
pub(crate) const TEXTS: usize = NAMES.len() - 1;

type Claimed<T> = std::result::Result<T, String>;

impl Claims {
    fn read(texts: [Option<&OsStr>; TEXTS]) -> Claimed<Self> {
        let [
            sockets,
            before,
            trial,
            pid_file,
            children,
            program,
            before_it,
            conf,
            ends,
            why,
            limit,
        ] = texts;
        Ok(Self {
            before: one(GENERATION, before, number)?.unwrap_or(0),
            sockets: all(SOCKETS, text(SOCKETS, sockets)?, Deed::read)?,
            children: all(CHILDREN, text(CHILDREN, children)?, Elder::read)?,
            pid_file: one(PID_FILE, pid_file, read_pid_file)?,
            trial: one(TRIAL, trial, number)?,
            program: one(PROGRAM, program, |text| unescaped(text).map(PathBuf::from))?,
            before_it: one(BEFORE, before_it, read_before)?,
            conf: one(CONF, conf, number)?,
            ends: all(ENDS, text(ENDS, ends)?, number)?,
            limit: one(LIMIT, limit, number)?,
            why: one(WHY, why, |text| unescaped(text)?.into_string().ok())?,
        })
    }

    /// Takes the descriptors, once it was seen that each is what it is said to be.
    fn take(self) -> Claimed<Handover> {
        let numbers = self.sockets.iter().map(|(number, _)| number);
        let files =
            self.before_it.iter().flat_map(|(program, conf)| [Some(program), conf.as_ref()]);
        let files: Vec<&RawFd> = files.flatten().chain(&self.conf).collect();
        let others = self.pid_file.iter().map(|(number, _)| number).chain(&self.trial);
        let mut seen = BTreeSet::new();
        let mut all = numbers.chain(others).chain(files.iter().copied()).chain(&self.ends);
        if let Some(twice) = all.find(|number| !seen.insert(**number)) {
            return Err(format!("descriptor {twice} stands there twice"));
        }
        for (number, deed) in &self.sockets {
            of(*number, deed.hold(*number))?;
        }
        if let Some((number, path)) = &self.pid_file {
            // A trial run has the number of its own, and the server's is that of its parent.
            let server = if self.trial.is_some() { process::parent() } else { process::this() };
            let held = passed::look(*number).and_then(|file| PidFile::hold(file, path, server));
            of(*number, held)?;
        }
        if let Some(number) = self.trial {
            of(number, hold_trial(number))?;
        }
        for number in &self.ends {
            of(*number, hold_kind(*number, libc::S_IFIFO, "pipe"))?;
        }
        for number in files {
            of(*number, hold_kind(*number, libc::S_IFREG, "file"))?;
        }
        let take = |number: RawFd| of(number, passed::take(number));
        let sockets = self.sockets.into_iter().map(|(number, deed)| Ok((take(number)?, deed)));
        Ok(Handover {
            before: self.before,
            sockets: sockets.collect::<Claimed<_>>()?,
            pid_file: self
                .pid_file
                .map(|(number, path)| Ok::<_, String>((take(number)?, path)))
                .transpose()?,
            // Numbers of processes are given away anew: only a child that was not waited for yet is ours.
            children: self.children.into_iter().filter(|one| process::is_child(one.pid)).collect(),
            trial: self.trial.map(take).transpose()?,
            program: self.program,
            before_it: self
                .before_it
                .map(|(program, conf)| {
                    Ok::<_, String>((take(program)?, conf.map(take).transpose()?))
                })
                .transpose()?,
            conf: self.conf.map(take).transpose()?,
            ends: self.ends.into_iter().map(take).collect::<Claimed<_>>()?,
            why: self.why,
            limit: self.limit,
        })
    }
}

fn of<T>(number: RawFd, outcome: io::Result<T>) -> Claimed<T> {
    outcome.map_err(|err| format!("descriptor {number}: {err}"))
}

fn unreadable(name: &str) -> String {
    format!("{name} is no text of a restart")
}

fn text<'a>(name: &str, words: Option<&'a OsStr>) -> Claimed<Option<&'a str>> {
    words.map(|words| words.to_str().ok_or_else(|| unreadable(name))).transpose()
}

/// What a text says, where it is there.
fn one<T>(
    name: &str,
    words: Option<&OsStr>,
    read: impl Fn(&str) -> Option<T>,
) -> Claimed<Option<T>> {
    let text = text(name, words)?;
    text.map(|text| read(text).ok_or_else(|| unreadable(name))).transpose()
}

/// Each of the entries of a text, where all can be read.
fn all<T>(name: &str, text: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Claimed<Vec<T>> {
    let entries = text.unwrap_or_default().split(ENTRY).filter(|entry| !entry.is_empty());
    entries.map(|entry| read(entry).ok_or_else(|| unreadable(name))).collect()
}

/// Between two entries, and between the fields of one.
const ENTRY: char = ';';
const FIELD: char = ',';

const STREAM: &str = "stream";
const DATAGRAM: &str = "datagram";

impl Deed {
    /// What a socket is, beside what nobody but who has bound it knows.
    ///
    /// # Errors
    /// Where it is no socket.
    pub(crate) fn of(socket: &impl AsFd) -> io::Result<Self> {
        let socket = SockRef::from(socket);
        Ok(Self {
            address: Address::of(&socket.local_addr()?),
            datagrams: socket.r#type()? == Type::DGRAM,
            place: String::new(),
            protocol: String::new(),
            named: false,
            name: String::new(),
            file: None,
            fresh: false,
        })
    }

    /// Which it is, as a text of one entry.
    pub(crate) fn text(&self, number: RawFd) -> String {
        let kind = if self.datagrams { DATAGRAM } else { STREAM };
        let file = self.file.map(|(device, number)| format!("{device}:{number}"));
        fields(&[
            number.to_string(),
            kind.to_owned(),
            escaped(&address_text(&self.address)),
            escaped(OsStr::new(&self.place)),
            escaped(OsStr::new(&self.protocol)),
            u8::from(self.named).to_string(),
            escaped(OsStr::new(&self.name)),
            file.unwrap_or_default(),
            u8::from(self.fresh).to_string(),
        ])
    }

    /// Reads such a text.
    pub(crate) fn read(entry: &str) -> Option<(RawFd, Self)> {
        let fields: Vec<&str> = entry.split(FIELD).collect();
        // Another release may know of more.
        let [descriptor, kind, address, place, protocol, named, name, file, ref more @ ..] =
            fields[..]
        else {
            return None;
        };
        let plain = |text: &str| unescaped(text)?.into_string().ok();
        let file = match file.split_once(':') {
            Some((device, inode)) => Some((number(device)?, number(inode)?)),
            None if file.is_empty() => None,
            None => return None,
        };
        let deed = Self {
            address: read_address(&unescaped(address)?)?,
            datagrams: match kind {
                STREAM => false,
                DATAGRAM => true,
                _ => return None,
            },
            place: plain(place)?,
            protocol: plain(protocol)?,
            named: named == "1",
            name: plain(name)?,
            file,
            fresh: more.first() == Some(&"1"),
        };
        Some((number(descriptor)?, deed))
    }

    /// Sees that the descriptor is what this says.
    fn hold(&self, number: RawFd) -> io::Result<()> {
        let descriptor = passed::look(number)?;
        let found = Self::of(&descriptor).map_err(|err| match err.raw_os_error() {
            Some(libc::ENOTSOCK) => io::Error::other("it is no socket"),
            _ => err,
        })?;
        if found.datagrams != self.datagrams || found.address != self.address {
            let what = format!("it is bound to {}, and not to {}", found.address, self.address);
            return Err(io::Error::other(what));
        }
        if !found.datagrams && !SockRef::from(&descriptor).is_listener()? {
            return Err(io::Error::other("it does not listen"));
        }
        Ok(())
    }
}

impl Elder {
    fn text(&self) -> String {
        let kind = match self.kind {
            ChildKind::Worker => "worker",
            ChildKind::Dequeue => "dequeue",
        };
        let (told, since) = (self.told as u8, self.since.as_millis());
        fields(&[self.pid.to_string(), kind.to_owned(), told.to_string(), since.to_string()])
    }

    fn read(entry: &str) -> Option<Self> {
        let fields: Vec<&str> = entry.split(FIELD).collect();
        let [pid, kind, told, since, ..] = fields[..] else { return None };
        Some(Self {
            pid: Pid::from_raw(number(pid)?),
            kind: match kind {
                "worker" => ChildKind::Worker,
                "dequeue" => ChildKind::Dequeue,
                _ => return None,
            },
            told: Stage::from_number(number(told)?),
            since: Duration::from_millis(number(since)?),
        })
    }
}

fn read_pid_file(text: &str) -> Option<(RawFd, PathBuf)> {
    let (descriptor, path) = text.split_once(FIELD)?;
    Some((number(descriptor)?, PathBuf::from(unescaped(path)?)))
}

fn read_before(text: &str) -> Option<(RawFd, Option<RawFd>)> {
    let (program, conf) = text.split_once(FIELD)?;
    let conf = if conf.is_empty() { None } else { Some(number(conf)?) };
    Some((number(program)?, conf))
}

/// Sees that it is of that kind.
fn hold_kind(number: RawFd, kind: libc::mode_t, what: &str) -> io::Result<()> {
    let found = fstat(passed::look(number)?)?;
    if found.st_mode & libc::S_IFMT == kind {
        return Ok(());
    }
    Err(io::Error::other(format!("it is no {what}")))
}

/// Sees that it is one end of a pair of sockets.
fn hold_trial(number: RawFd) -> io::Result<()> {
    let socket = passed::look(number)?;
    let socket = SockRef::from(&socket);
    let is_pair = socket.r#type().is_ok_and(|kind| kind == Type::SEQPACKET)
        && socket.peer_addr().is_ok_and(|peer| peer.is_unix());
    if is_pair { Ok(()) } else { Err(io::Error::other("nobody is at its other end")) }
}

/// Digits alone: no sign, no blank.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn joined(entries: impl Iterator<Item = String>) -> String {
    entries.collect::<Vec<_>>().join(&ENTRY.to_string())
}

fn fields<const N: usize>(fields: &[String; N]) -> String {
    fields.join(&FIELD.to_string())
}

/// An address of the network as it is shown, a path behind a sign of its own.
fn address_text(address: &Address) -> OsString {
    match (address.inet(), address.path()) {
        (Some(inet), _) => inet.to_string().into(),
        (None, Some(path)) => {
            let mut text = OsString::from(PATH);
            text.push(path);
            text
        }
        (None, None) => OsString::from(PATH),
    }
}

/// Stands before a path, which may look like anything.
const PATH: &str = "=";

fn read_address(text: &OsStr) -> Option<Address> {
    let bytes = text.as_bytes();
    if let Some(path) = bytes.strip_prefix(PATH.as_bytes()) {
        let path =
            Some(Path::new(OsStr::from_bytes(path))).filter(|path| !path.as_os_str().is_empty());
        return Some(Address::unix(path));
    }
    let inet: std::net::SocketAddr = text.to_str()?.parse().ok()?;
    Some(inet.into())
}

/// Every byte that could be mistaken for something else as `%` and its number.
fn escaped(text: &OsStr) -> String {
    let mut escaped = String::new();
    for byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"._:/*[]-=".contains(byte) {
            escaped.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02x}");
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<OsString> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    Some(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deed(address: &str, file: Option<(u64, u64)>) -> Deed {
        Deed {
            address: read_address(OsStr::new(address)).unwrap(),
            datagrams: false,
            place: "127.0.0.1:0".into(),
            protocol: "tcp".into(),
            named: true,
            name: "we;b,1%".into(),
            file,
            fresh: true,
        }
    }

    #[test]
    fn what_is_handed_on_is_read_as_it_was() {
        for (address, file) in [
            ("127.0.0.1:80", None),
            ("[::1]:80", None),
            ("[fe80::1%2]:80", None),
            ("=/run/a b;c,d\u{1}.sock", Some((7, 8))),
            ("=127.0.0.1:80", Some((1, 1))),
        ] {
            let deed = deed(address, file);
            assert_eq!(Deed::read(&deed.text(9)), Some((9, deed)), "{address}");
        }
        for told in [Stage::Serving, Stage::Graceful, Stage::Kill] {
            let pid = Pid::from_raw(77);
            let since = Duration::from_millis(1234);
            let elder = Elder { pid, kind: ChildKind::Dequeue, told, since };
            assert_eq!(Elder::read(&elder.text()), Some(elder));
        }
    }

    fn claims(sockets: &str) -> Claimed<Claims> {
        let mut texts = [None; TEXTS];
        texts[0] = Some(OsStr::new(sockets));
        Claims::read(texts)
    }

    #[test]
    fn what_no_restart_has_written_is_no_text_of_one() {
        for text in [
            "x",
            "3,stream",
            "3,seqpacket,127.0.0.1:80,p,tcp,1,,,0",
            "-3,stream,127.0.0.1:80,p,tcp,1,,,0",
            "+3,stream,127.0.0.1:80,p,tcp,1,,,0",
            "99999999999,stream,127.0.0.1:80,p,tcp,1,,,0",
            "3,stream,127.0.0.1,p,tcp,1,,,0",
            "3,stream,127.0.0.1:80,p,tcp,1,,5,0",
            "3,stream,127.0.0.1:80,%2,tcp,1,,,0",
        ] {
            assert_eq!(claims(text), Err(unreadable(SOCKETS)), "{text}");
        }
        assert_eq!(claims("").unwrap().sockets, []);
    }

    #[test]
    fn nothing_is_taken_that_is_not_what_it_is_said_to_be() {
        // Which the program has opened itself, so that it is closed by an exec.
        let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let deed = Deed::of(&own).unwrap();
        let taken = |text: String| claims(&text).unwrap().take().map(|taken| taken.sockets.len());
        let fault = |text: String| taken(text).unwrap_err();
        let number = own.as_raw_fd();
        assert!(fault(deed.text(number)).ends_with("it was not left open for this program"));
        for number in 0..3 {
            assert!(fault(deed.text(number)).ends_with("it is a standard stream"));
        }
        let twice = format!("{0};{0}", deed.text(number));
        assert_eq!(fault(twice), format!("descriptor {number} stands there twice"));
        assert!(own.local_addr().is_ok(), "it is still open");
    }

    proptest! {
        #[test]
        fn no_text_does_any_harm(texts in proptest::array::uniform11("[0-9a-z,;:%=./*-]{0,60}")) {
            do_no_harm(texts.each_ref().map(|text| Some(OsStr::new(text.as_str()))));
        }

        #[test]
        fn no_entry_does_any_harm(
            number in 0..2000i32, kind in "stream|datagram", address in "127.0.0.1:[0-9]{1,6}|=/[a-z]{0,9}",
            rest in "[a-z%0-9]{0,9},[a-z]{0,4},[01],[a-z]{0,4},[0-9:]{0,5},[01]",
        ) {
            if let Ok(claims) = claims(&format!("{number},{kind},{address},{rest}")) {
                prop_assert!(claims.take().is_err());
            }
        }

        #[test]
        fn any_path_is_read_as_it_was(path in proptest::collection::vec(1..=255u8, 1..100)) {
            let path = OsString::from_vec(path);
            prop_assert_eq!(unescaped(&escaped(&path)), Some(path));
        }
    }
}
