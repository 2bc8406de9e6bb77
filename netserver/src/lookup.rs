//! From a client's address to a name that can be believed.
//!
//! Whoever owns an address gives it any name. Takes in an address, hands on its name where that is
//! a proper one and leads back to the address. The resolver blocks for as long as it likes: it is
//! asked in a thread apart, and waited for until a deadline. Never called in a parent, which forks.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::sys::resolve;

/// How long a client may wait for its name, in both directions together.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// Most threads that wait for the resolver at a time, late ones included: a resolver that hangs must
/// not take the memory of the server. So many where a process serves one client at a time.
const MOST: usize = 8;
/// And never more than so many beside, where it serves several.
const MOST_BESIDE: usize = 256;

/// How many there may be in this process.
static ROOM: AtomicUsize = AtomicUsize::new(MOST);

/// This process serves so many clients at a time, each of whom may wait for a name: nobody is to go without
/// for the others' sake.
pub(crate) fn make_room_for(clients: usize) {
    ROOM.store(MOST + clients.min(MOST_BESIDE), SeqCst);
}

static OUTSTANDING: AtomicUsize = AtomicUsize::new(0);

/// Who knows names and addresses.
pub(crate) trait Resolver: Send + 'static {
    /// The name of an address: bytes of any kind.
    fn name_of(&self, address: IpAddr) -> io::Result<Vec<u8>>;

    /// The addresses of a name.
    fn addresses_of(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of this machine: files, DNS, and what else its administrator has set.
struct System;

impl Resolver for System {
    fn name_of(&self, address: IpAddr) -> io::Result<Vec<u8>> {
        resolve::name_of(address)
    }

    fn addresses_of(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        resolve::addresses_of(name)
    }
}

/// Why an address has no name to go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unconfirmed {
    /// It has no name.
    Nameless,
    /// What it has is not the name of a host.
    Improper,
    /// This name leads elsewhere, or nowhere.
    Astray(String),
    /// The resolver has not answered in time.
    Late,
    /// Too many lookups wait already.
    Crowded,
    /// A lookup could not be made at all.
    Failed,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nameless => f.write_str("it has none"),
            Self::Improper => f.write_str("its name is not one of a host"),
            Self::Astray(name) => write!(f, "{name} does not lead back to it"),
            Self::Late => f.write_str("the resolver is late"),
            Self::Crowded => {
                write!(f, "{} lookups wait for the resolver already", ROOM.load(SeqCst))
            }
            Self::Failed => f.write_str("the lookup failed"),
        }
    }
}

/// The name of `address`, in lower case and without a dot at its end, where it leads back to the
/// address. It is there within `limit` or not at all.
pub(crate) fn confirmed_name(address: IpAddr, limit: Duration) -> Option<String> {
    told(address, ask(System, &OUTSTANDING, address.to_canonical(), limit))
}

/// What a lookup has found.
pub(crate) type Found = Result<String, Unconfirmed>;

/// The name, or `None` once the log knows why there is none.
pub(crate) fn told(address: IpAddr, found: Found) -> Option<String> {
    found.map_err(|why| log::debug!("no confirmed name for {address}: {why}")).ok()
}

/// Asks for the name of `address`, and does not wait: `tell` is called in the thread that asks, once it
/// knows, however late.
///
/// # Errors
/// Where it cannot be asked; nothing is told then.
pub(crate) fn begin(
    address: IpAddr,
    tell: impl FnOnce(Found) + Send + 'static,
) -> Result<(), Unconfirmed> {
    start(System, &OUTSTANDING, address.to_canonical(), tell)
}

/// Asks `resolver` in a thread apart, unless as many of those that `outstanding` counts wait as may.
fn ask(
    resolver: impl Resolver,
    outstanding: &'static AtomicUsize,
    address: IpAddr,
    limit: Duration,
) -> Result<String, Unconfirmed> {
    let (tell, told) = mpsc::sync_channel(1);
    // Nobody listens any more where it is late.
    start(resolver, outstanding, address, move |found| drop(tell.send(found)))?;
    told.recv_timeout(limit).unwrap_or_else(|err| match err {
        RecvTimeoutError::Timeout => Err(Unconfirmed::Late),
        RecvTimeoutError::Disconnected => Err(Unconfirmed::Failed),
    })
}

fn start(
    resolver: impl Resolver,
    outstanding: &'static AtomicUsize,
    address: IpAddr,
    tell: impl FnOnce(Found) + Send + 'static,
) -> Result<(), Unconfirmed> {
    let place = Place::take(outstanding).ok_or(Unconfirmed::Crowded)?;
    let lookup = move || {
        let found = confirm(&resolver, address);
        // Whoever is told may ask for another at once.
        drop(place);
        tell(found);
    };
    resolve::apart(lookup).map_err(|_| Unconfirmed::Failed)
}

/// One of the places of those who wait for the resolver, until it is dropped.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(outstanding: &'static AtomicUsize) -> Option<Self> {
        let one_more = |count: usize| (count < ROOM.load(SeqCst)).then_some(count + 1);
        outstanding.fetch_update(SeqCst, SeqCst, one_more).ok().map(|_| Self(outstanding))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Both lookups, one after the other.
fn confirm(resolver: &impl Resolver, address: IpAddr) -> Result<String, Unconfirmed> {
    let name = resolver.name_of(address).map_err(|_| Unconfirmed::Nameless)?;
    let name = proper(&name).ok_or(Unconfirmed::Improper)?;
    let back = resolver.addresses_of(&name).unwrap_or_default();
    if back.iter().any(|one| one.to_canonical() == address) {
        Ok(name)
    } else {
        Err(Unconfirmed::Astray(name))
    }
}

/// Longest name that DNS has, as text, and longest part of one.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The name in the form that rules know, where it is one of a host: letters, digits, `-` and `_`
/// between dots. The last part begins with a letter, as those of all hosts do: `0x7f000001` and
/// `127.1` are addresses to the resolver, and would lead back to whoever writes them.
fn proper(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name.strip_suffix(b".").unwrap_or(name)).ok()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    (name.len() <= LONGEST_NAME
        && name.split('.').all(label)
        && last.starts_with(|c: char| c.is_ascii_alphabetic()))
    .then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::time::Instant;

    use super::*;

    /// Answers as it is told.
    struct Told {
        name: Option<Vec<u8>>,
        back: Vec<IpAddr>,
    }

    impl Resolver for Told {
        fn name_of(&self, _: IpAddr) -> io::Result<Vec<u8>> {
            self.name.clone().ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn addresses_of(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.back.clone())
        }
    }

    /// Answers when the test lets it.
    struct Hanging(Arc<Barrier>);

    impl Resolver for Hanging {
        fn name_of(&self, _: IpAddr) -> io::Result<Vec<u8>> {
            self.0.wait();
            Ok(b"localhost".to_vec())
        }

        fn addresses_of(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec![address("127.0.0.1")])
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn asked(name: &[u8], back: &[&str]) -> Result<String, Unconfirmed> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let back = back.iter().map(|text| address(text)).collect();
        let told = Told { name: Some(name.to_vec()), back };
        // Late only where the machine stands still.
        ask(told, &COUNT, address("192.0.2.1"), Duration::from_secs(60))
    }

    #[test]
    fn a_name_is_confirmed_by_one_of_its_addresses() {
        let name = || Ok("host.example.com".to_owned());
        assert_eq!(asked(b"host.example.com", &["192.0.2.1"]), name());
        assert_eq!(asked(b"HOST.Example.com.", &["2001:db8::1", "192.0.2.1"]), name());
        assert_eq!(asked(b"host.example.com", &["::ffff:192.0.2.1"]), name());
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        let astray = |name: &str| Err(Unconfirmed::Astray(name.to_owned()));
        assert_eq!(asked(b"trusted.example.com", &["192.0.2.2"]), astray("trusted.example.com"));
        assert_eq!(asked(b"trusted.example.com", &[]), astray("trusted.example.com"));
        // A suffix proves nothing; the whole name is what rules see.
        let long = "evil.allowed.com.attacker";
        assert_eq!(asked(long.as_bytes(), &["192.0.2.1"]), Ok(long.to_owned()));
    }

    #[test]
    fn what_is_not_the_name_of_a_host_is_none() {
        let label = [&b"a"[..]; 64].concat();
        let long = [&b"abcdefg."[..]; 32].concat();
        for name in [
            &b"a.example.com\nb"[..],
            b"a.example.com\n",
            b"",
            b".",
            b"a..b",
            b".a",
            b"-a.example.com",
            b"a b.example.com",
            b"a.example.com\0",
            b"\xff.example.com",
            "ä.example.com".as_bytes(),
            b"192.0.2.1",
            b"192.0.513",
            b"0xc0000201",
            b"3221225985",
            b"a/b.example.com",
            b"a%eth0",
            &label,
            &long[..255],
        ] {
            assert_eq!(asked(name, &["192.0.2.1"]), Err(Unconfirmed::Improper), "{name:?}");
        }
        assert!(proper(&long[..253]).is_some());
        assert!(proper(&long[..254]).is_none());
        let dotted = [&long[..253], b"."].concat();
        assert!(proper(&dotted).is_some(), "a dot at the end does not count");
        assert!(proper(b"_a.b-c.xn--p1ai").is_some());
    }

    #[test]
    fn an_address_without_name_has_none() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let told = Told { name: None, back: vec![address("192.0.2.1")] };
        let said = ask(told, &COUNT, address("192.0.2.1"), Duration::from_secs(60));
        assert_eq!(said, Err(Unconfirmed::Nameless));
    }

    #[test]
    fn a_resolver_that_hangs_is_not_waited_for_and_not_asked_for_ever() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let hanging = || Arc::new(Barrier::new(2));
        let ask = |barrier: &Arc<Barrier>, limit| {
            ask(Hanging(barrier.clone()), &COUNT, address("127.0.0.1"), limit)
        };
        let limit = Duration::from_millis(20);
        let start = Instant::now();
        let hang: Vec<_> = (0..MOST).map(|_| hanging()).collect();
        for barrier in &hang {
            assert_eq!(ask(barrier, limit), Err(Unconfirmed::Late));
        }
        assert!(start.elapsed() >= limit * 8);
        assert_eq!(ask(&hanging(), Duration::from_secs(60)), Err(Unconfirmed::Crowded));
        for barrier in &hang {
            barrier.wait();
        }
        while COUNT.load(SeqCst) > 0 {
            std::thread::yield_now();
        }
        // Their places are free again.
        let barrier = hanging();
        let answer = std::thread::spawn({
            let barrier = barrier.clone();
            move || barrier.wait().is_leader()
        });
        assert_eq!(ask(&barrier, Duration::from_secs(60)), Ok("localhost".to_owned()));
        answer.join().unwrap();
    }

    #[test]
    fn the_resolver_of_this_machine_confirms_localhost() {
        // It has other names on some machines.
        assert!(confirmed_name(address("127.0.0.1"), LIMIT).is_some());
    }
}
