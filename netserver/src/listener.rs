//! All bound sockets of a server.
//!
//! Takes in what to listen on, hands on sockets that listen. The set is bound whole or not at all, and
//! is never shut down: that would end it for every process that shares it. It ends when it is closed.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::libc;
use socket2::SockRef;

use crate::accepted::Accepted;
use crate::address::Address;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::inherit::{Heirloom, Inheritance};
use crate::own_file::OwnFile;
use crate::proto::{Endpoint, Factory, ListenSpec, Place, Proto};

/// One bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    // Before the socket: its file goes while nobody else could have taken its place.
    proto: Box<dyn Proto>,
    /// The name of what it speaks.
    name: &'static str,
    socket: OwnedFd,
    /// Whether nothing is said before the handler.
    plain: bool,
    /// Whether its clients speak first, and the last bytes of a reply take the end along.
    client_first: bool,
}

/// What one socket of a server listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    address: Address,
    proto: &'static str,
    dual: bool,
}

impl Listening {
    /// The address, with the port that the system chose where 0 was asked for; or the path.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The protocol, as [`Connection::proto`](crate::Connection::proto) tells it.
    #[inline]
    pub fn proto(&self) -> &'static str {
        self.proto
    }
}

/// As an administrator would write it for the `port` option.
impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, proto, dual } = self;
        match (dual, address.port(), address.path()) {
            (true, Some(port), _) => write!(f, "*:{port}/{proto}"),
            (_, _, Some(path)) => write!(f, "{}|{proto}", path.display()),
            _ => write!(f, "{address}/{proto}"),
        }
    }
}

/// All bound sockets, and the file that tells of them.
#[derive(Debug)]
pub(crate) struct Listeners {
    bound: Vec<(Listener, Listening)>,
    /// It goes when the sockets do.
    _file: Option<OwnFile>,
}

impl Listeners {
    /// Binds everything that is asked for and was not inherited, and says in `file` what that is. `own`
    /// makes the program's own protocol, which is spoken where nobody names another.
    ///
    /// # Errors
    /// A socket that is for no port; the first port that cannot be bound, or the file; what is bound by
    /// then is closed again.
    pub(crate) fn bind(
        endpoints: &[Endpoint],
        own: Option<Factory>,
        inheritance: Inheritance,
        file: Option<&Path>,
    ) -> Result<Self> {
        let ports = endpoints.chunk_by(|one, next| one.at == next.at);
        let ports: Vec<_> = ports.map(places).collect::<Result<_>>()?;
        let mut inherited = inheritance.settle(&ports)?;
        let mut bound = Vec::new();
        for (at, port) in ports.into_iter().enumerate() {
            bound.extend(take_or_bind(port, inherited.take(at), own)?);
        }
        let file = file.map(|path| write_ports(path, &bound)).transpose()?;
        Ok(Self { bound, _file: file })
    }

    /// What is listened on, in the order of the `port` option.
    pub(crate) fn listening(&self) -> impl Iterator<Item = &Listening> {
        self.bound.iter().map(|(_, listening)| listening)
    }

    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.iter().map(AsFd::as_fd)
    }

    /// The same, and what else there is of them: only whoever answers a packet has a use for that.
    pub(crate) fn all_descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.descriptors().chain(self.iter().filter_map(|listener| listener.proto.kept()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.bound.iter().map(|(listener, _)| listener)
    }
}

fn write_ports(path: &Path, bound: &[(Listener, Listening)]) -> Result<OwnFile> {
    let lines: Vec<String> = bound.iter().map(|(_, listening)| listening.to_string()).collect();
    let cannot = |err| Error::because(format!("cannot write port_file {}", path.display()), err);
    OwnFile::write(path, &(lines.join("\n") + "\n")).map_err(cannot)
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Listener {
    #[inline]
    pub(crate) fn proto(&self) -> &dyn Proto {
        self.proto.as_ref()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a client that was just accepted can be told something.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether its clients speak first.
    #[inline]
    pub(crate) fn is_client_first(&self) -> bool {
        self.client_first
    }

    /// The next client. What a datagram holds is in the buffers then.
    #[inline]
    pub(crate) fn accept(&self, buffers: &mut Buffers) -> io::Result<Accepted> {
        self.proto.accept(self.as_fd(), buffers)
    }

    /// Has accept come back at once where nobody is there, or wait. The flag belongs to the socket, so
    /// every process sets it alike; accepted streams do not inherit it.
    pub(crate) fn set_waiting(&self, waits: bool) -> io::Result<()> {
        SockRef::from(&self.socket).set_nonblocking(!waits)
    }
}

/// Has each protocol read what it needs, and binds nothing.
///
/// # Errors
/// The first that cannot.
pub(crate) fn check(endpoints: &[Endpoint], own: Option<Factory>) -> Result<()> {
    endpoints.iter().try_for_each(|endpoint| {
        let ready = endpoint.proto(own).prepare(&endpoint.options);
        ready.map_err(|err| Error::because(cannot(endpoint), err))
    })
}

/// How often a number that the system chose for one address is tried on the others.
const ATTEMPTS: usize = 16;

/// Everywhere that one port is.
fn places(port: &[Endpoint]) -> Result<Vec<(&Endpoint, Place)>> {
    let mut places = Vec::new();
    for endpoint in port {
        let found = endpoint.places().map_err(|err| Error::because(cannot(endpoint), err))?;
        places.extend(found.into_iter().map(|place| (endpoint, place)));
    }
    Ok(places)
}

/// Has the inherited sockets of one port stand for the places that they are, and binds the others.
fn take_or_bind(
    mut places: Vec<(&Endpoint, Place)>,
    inherited: Vec<Heirloom>,
    own: Option<Factory>,
) -> Result<Vec<(Listener, Listening)>> {
    let first = places.first().map(|(endpoint, _)| *endpoint);
    places.retain(|(endpoint, place)| !inherited.iter().any(|one| one.stands_for(endpoint, place)));
    let mut bound = Vec::new();
    // Those of one port speak alike, and with the same options.
    for (one, endpoint) in inherited.into_iter().zip(std::iter::repeat(first).flatten()) {
        let label = one.label();
        let taken = take(endpoint, one, own);
        let taken = taken.map_err(|err| Error::because(format!("cannot serve {label}"), err))?;
        log::info!("Taking over {} as {label}", taken.1);
        bound.push(taken);
    }
    let others = bind_port(&places, own)?;
    for (_, listening) in &others {
        announce(listening);
    }
    bound.extend(others);
    Ok(bound)
}

/// Speaks on a socket that is bound already. Its file is not ours to be removed.
fn take(
    endpoint: &Endpoint,
    inherited: Heirloom,
    own: Option<Factory>,
) -> io::Result<(Listener, Listening)> {
    let mut proto = endpoint.proto(own);
    proto.prepare(&endpoint.options)?;
    let dual = inherited.is_dual();
    let socket = proto.adopt(inherited.into_socket(), &endpoint.options)?;
    // Whoever had it may have turned that, for everybody.
    SockRef::from(&socket).set_nonblocking(false)?;
    listener(endpoint, proto, socket, dual, own)
}

/// Binds all addresses of one port. Where the system chooses its number, they all have the same.
fn bind_port(
    places: &[(&Endpoint, Place)],
    own: Option<Factory>,
) -> Result<Vec<(Listener, Listening)>> {
    let system_chooses = matches!(places, [(_, first), _, ..] if first.is_port_0());
    let mut attempts = if system_chooses { ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        match bind_all(places, own) {
            // Somebody else has the number on another address.
            Err((_, err)) if attempts > 0 && err.raw_os_error() == Some(libc::EADDRINUSE) => {}
            bound => return bound.map_err(|(what, err)| Error::because(what, err)),
        }
    }
}

type Bound = std::result::Result<Vec<(Listener, Listening)>, (String, io::Error)>;

fn bind_all(places: &[(&Endpoint, Place)], own: Option<Factory>) -> Bound {
    let mut bound: Vec<(Listener, Listening)> = Vec::new();
    for (endpoint, place) in places {
        let chosen = bound.first().and_then(|(_, first)| first.address.port());
        let place = match chosen {
            Some(port) if place.is_port_0() => place.with_port(port),
            _ => place.clone(),
        };
        let what = cannot(&place);
        bound.push(bind(endpoint, place, own).map_err(|err| (what, err))?);
    }
    Ok(bound)
}

fn cannot(what: &impl fmt::Display) -> String {
    format!("cannot listen on {what}")
}

fn bind(
    endpoint: &Endpoint,
    place: Place,
    own: Option<Factory>,
) -> io::Result<(Listener, Listening)> {
    let mut proto = endpoint.proto(own);
    proto.prepare(&endpoint.options)?;
    let dual = matches!(place, Place::Inet { dual: true, .. });
    let socket = proto.bind(&ListenSpec::new(place, &endpoint.options))?;
    listener(endpoint, proto, socket, dual, own)
}

fn listener(
    endpoint: &Endpoint,
    proto: Box<dyn Proto>,
    socket: OwnedFd,
    dual: bool,
    own: Option<Factory>,
) -> io::Result<(Listener, Listening)> {
    let address = Address::of(&SockRef::from(&socket).local_addr()?);
    let name = proto.name();
    let listening = Listening { address, proto: name, dual };
    let (plain, client_first) = (endpoint.is_plain(own), endpoint.options.client_first());
    Ok((Listener { proto, name, socket, plain, client_first }, listening))
}

fn announce(listening: &Listening) {
    let Listening { address, dual, .. } = listening;
    let proto = listening.proto.to_uppercase();
    match address.inet() {
        Some(address) => {
            let (host, port) = (address.ip(), address.port());
            let (host, ipv) = match host {
                _ if *dual => ("*".to_owned(), "*"),
                IpAddr::V4(_) => (host.to_string(), "4"),
                IpAddr::V6(_) => (host.to_string(), "6"),
            };
            log::info!("Binding to {proto} port {port} on host {host} with IPv{ipv}");
        }
        None => log::info!("Binding to {proto} socket file {address}"),
    }
}
