//! All bound sockets of a server.
//!
//! Takes in what to listen on, hands on sockets that listen. The set is bound whole or not at all, and
//! is never shut down: that would end it for every process that shares it. It ends when it is closed.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use nix::libc;
use socket2::SockRef;

use crate::accepted::Accepted;
use crate::address::Address;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::handover::Deed;
use crate::inherit::{Heirloom, Inheritance};
use crate::options::Options;
use crate::own_file::OwnFile;
use crate::proto::{Endpoint, Factory, ListenSpec, Place, Proto, backlog};
use crate::sys::descriptor;
use crate::sys::ends;
use crate::sys::socket::defer_accept;

/// One bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    // Before the socket: its file goes while nobody else could have taken its place.
    spoken: Spoken,
    socket: OwnedFd,
    /// What a restart hands on with it.
    title: Title,
    /// The file of a UNIX socket that an image before has made; one that was made here its protocol has.
    file: Option<OwnFile>,
}

/// What is spoken at a listener.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) proto: Box<dyn Proto>,
    /// The name of that.
    pub(crate) name: &'static str,
    /// Whether nothing is said before the handler, so that its client can be told something at once.
    pub(crate) plain: bool,
    /// Whether its clients speak first, and the last bytes of a reply take the end along.
    pub(crate) client_first: bool,
}

/// How a listener came to be: what the next image is to know of it, and it does not tell itself.
#[derive(Debug)]
struct Title {
    place: String,
    protocol: &'static str,
    named: bool,
    /// What a service manager has called it; nothing where the server has bound it.
    name: String,
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
    /// Those of ports that the image before had: whoever waits there is served, and nobody else.
    dropped: Vec<Listener>,
    /// It goes when the sockets do.
    file: Option<OwnFile>,
}

impl Listeners {
    /// Binds everything that is asked for and was not inherited. `own` makes the program's own protocol, which
    /// is spoken where nobody names another.
    ///
    /// # Errors
    /// A socket that is for no port; the first port that cannot be bound; what is bound by then is closed
    /// again.
    pub(crate) fn bind(
        endpoints: &[Endpoint],
        own: Option<Factory>,
        inheritance: Inheritance,
    ) -> Result<Self> {
        let ports = places_of(endpoints)?;
        let mut inherited = inheritance.settle(&ports)?;
        let mut bound = Vec::new();
        for (at, port) in ports.into_iter().enumerate() {
            bound.extend(take_or_bind(port, inherited.take(at), own)?);
        }
        let options = endpoints.first().map(|endpoint| &endpoint.options);
        let drop = |one| options.and_then(|options| no_longer(one, options, own));
        let dropped = inherited.dropped.into_iter().filter_map(drop).collect();
        Ok(Self { bound, dropped, file: None })
    }

    /// Says in that file what is bound.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn tell(mut self, file: Option<&Path>) -> Result<Self> {
        self.file = file.map(|path| write_ports(path, &self.bound)).transpose()?;
        Ok(self)
    }

    /// The same after a restart: who has given up its privileges may have no right to, and what stands there
    /// is mostly so still.
    pub(crate) fn tell_again(mut self, file: Option<&Path>) -> Self {
        let Some(path) = file else { return self };
        match write_ports(path, &self.bound) {
            Ok(file) => self.file = Some(file),
            Err(err)
                if std::fs::read_to_string(path).is_ok_and(|text| text == ports(&self.bound)) =>
            {
                log::debug!("{}; it says what is so", err.chain());
            }
            Err(err) => log::warn!("{}; it stays as it was", err.chain()),
        }
        self
    }

    /// Binds what was not inherited, for somebody else: what was is left alone.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub(crate) fn bind_others(
        endpoints: &[Endpoint],
        own: Option<Factory>,
        inheritance: Inheritance,
    ) -> Result<Vec<Listener>> {
        let ports = places_of(endpoints)?;
        let mut inherited = inheritance.settle(&ports)?;
        let mut bound = Vec::new();
        for (at, port) in ports.into_iter().enumerate() {
            let others = places_to_bind(port, &inherited.take(at));
            bound.extend(bind_port(&others, own)?.into_iter().map(|(listener, _)| listener));
        }
        Ok(bound)
    }

    /// A second descriptor of each, for a process whose signals take the first one away.
    ///
    /// # Errors
    /// Where there is no descriptor left.
    pub(crate) fn spares(&self) -> io::Result<Vec<OwnedFd>> {
        self.all_descriptors().map(descriptor::duplicate).collect()
    }

    /// Has each be what it was, by the second ones.
    ///
    /// # Errors
    /// What the kernel says of that.
    pub(crate) fn put_back(&self, spares: &[OwnedFd]) -> io::Result<()> {
        let mut all = self.all_descriptors().zip(spares);
        all.try_for_each(|(own, spare)| descriptor::put_over(own, spare))
    }

    /// Those of ports that the image before had, once.
    pub(crate) fn take_dropped(&mut self) -> Vec<Listener> {
        std::mem::take(&mut self.dropped)
    }

    /// All of them with what the next image has to know.
    ///
    /// # Errors
    /// What the kernel says of a socket.
    pub(crate) fn deeds(&self) -> io::Result<Vec<(BorrowedFd<'_>, Deed)>> {
        self.iter().map(|listener| Ok((listener.as_fd(), listener.deed()?))).collect()
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
        self.descriptors().chain(self.iter().filter_map(|listener| listener.spoken.proto.kept()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.bound.iter().map(|(listener, _)| listener)
    }
}

fn write_ports(path: &Path, bound: &[(Listener, Listening)]) -> Result<OwnFile> {
    let cannot = |err| Error::because(format!("cannot write port_file {}", path.display()), err);
    OwnFile::write(path, &ports(bound)).map_err(cannot)
}

/// Each on a line of its own.
fn ports(bound: &[(Listener, Listening)]) -> String {
    let lines: Vec<String> = bound.iter().map(|(_, listening)| listening.to_string()).collect();
    lines.join("\n") + "\n"
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Listener {
    /// What another image has to know of it.
    ///
    /// # Errors
    /// What the kernel says of the socket.
    pub(crate) fn deed(&self) -> io::Result<Deed> {
        let found = Deed::of(self)?;
        let Title { place, protocol, named, name } = &self.title;
        let file =
            self.file.as_ref().and_then(OwnFile::identity).or_else(|| self.spoken.proto.made());
        Ok(Deed {
            place: place.clone(),
            protocol: (*protocol).to_owned(),
            named: *named,
            name: name.clone(),
            file,
            ..found
        })
    }

    #[inline]
    pub(crate) fn proto(&self) -> &dyn Proto {
        self.spoken.proto.as_ref()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.spoken.name
    }

    /// Whether a client that was just accepted can be told something.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.spoken.plain
    }

    /// It listens no more, as far as this process has it.
    pub(crate) fn end(&self) -> io::Result<()> {
        ends::with_null(|null| descriptor::put_over(self.as_fd(), &null))
    }

    /// Nobody finds it by its file any more.
    pub(crate) fn remove_file(&mut self) {
        self.file = None;
    }

    /// What is spoken there.
    #[inline]
    pub(crate) fn spoken(&self) -> &Spoken {
        &self.spoken
    }

    /// Whether its clients speak first.
    #[inline]
    pub(crate) fn is_client_first(&self) -> bool {
        self.spoken.client_first
    }

    /// The next client. What a datagram holds is in the buffers then.
    #[inline]
    pub(crate) fn accept(&self, buffers: &mut Buffers) -> io::Result<Accepted> {
        self.spoken.proto.accept(self.as_fd(), buffers)
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
        let what = || endpoint.with_place(cannot(endpoint), false);
        ready.map_err(|err| Error::because(what(), err))
    })
}

/// How often a number that the system chose for one address is tried on the others.
const ATTEMPTS: usize = 16;

/// Everywhere that each port is.
fn places_of(endpoints: &[Endpoint]) -> Result<Vec<Vec<(&Endpoint, Place)>>> {
    endpoints.chunk_by(|one, next| one.at == next.at).map(places).collect()
}

/// Everywhere that one port is.
fn places(port: &[Endpoint]) -> Result<Vec<(&Endpoint, Place)>> {
    let mut places = Vec::new();
    for endpoint in port {
        let what = || endpoint.with_place(cannot(endpoint), true);
        let found = endpoint.places().map_err(|err| Error::because(what(), err))?;
        places.extend(found.into_iter().map(|place| (endpoint, place)));
    }
    Ok(places)
}

/// Has the inherited sockets of one port stand for the places that they are, and binds the others.
fn take_or_bind(
    places: Vec<(&Endpoint, Place)>,
    inherited: Vec<Heirloom>,
    own: Option<Factory>,
) -> Result<Vec<(Listener, Listening)>> {
    let first = places.first().map(|(endpoint, _)| *endpoint);
    let places = places_to_bind(places, &inherited);
    let mut bound = Vec::new();
    // Those of one port speak alike, and with the same options.
    for (one, endpoint) in inherited.into_iter().zip(std::iter::repeat(first).flatten()) {
        let (label, is_fresh) = (one.label(), one.deed().is_some_and(|deed| deed.fresh));
        let taken = take(endpoint, one, own);
        let taken = taken.map_err(|err| Error::because(format!("cannot serve {label}"), err))?;
        if is_fresh {
            announce(&taken.1);
        } else {
            log::info!("Taking over {} as {label}", taken.1);
        }
        bound.push(taken);
    }
    let others = bind_port(&places, own)?;
    for (_, listening) in &others {
        announce(listening);
    }
    bound.extend(others);
    Ok(bound)
}

/// Those of one port that no inherited socket stands for.
fn places_to_bind<'a>(
    mut places: Vec<(&'a Endpoint, Place)>,
    inherited: &[Heirloom],
) -> Vec<(&'a Endpoint, Place)> {
    places.retain(|(endpoint, place)| !inherited.iter().any(|one| one.stands_for(endpoint, place)));
    places
}

/// Has nobody come any more to a port that is none of the options, and keeps it for those who have: the
/// protocol that it has spoken is spoken with them, with the options of today.
fn no_longer(one: Heirloom, options: &Arc<Options>, own: Option<Factory>) -> Option<Listener> {
    log::info!("No longer listening on {one}");
    let deed = one.deed()?.clone();
    let endpoint = Endpoint::of_before(&deed.protocol, deed.named, options)?;
    match take(&endpoint, one, own) {
        Ok((listener, _)) => Some(listener),
        Err(err) => {
            log::warn!("whoever waits there is refused: {err}");
            None
        }
    }
}

/// The file of a socket that the server has made, where it is there still.
pub(crate) fn own_file(deed: &Deed) -> Option<OwnFile> {
    let path = deed.address.path().filter(|_| deed.name.is_empty())?;
    let found = std::path::absolute(path).and_then(OwnFile::at).ok()?;
    (found.identity()? == deed.file?).then_some(found)
}

/// Speaks on a socket that is bound already. A service manager's file is not ours to be removed.
fn take(
    endpoint: &Endpoint,
    inherited: Heirloom,
    own: Option<Factory>,
) -> io::Result<(Listener, Listening)> {
    let mut proto = endpoint.proto(own);
    proto.prepare(&endpoint.options)?;
    let (dual, deed) = (inherited.is_dual(), inherited.deed().cloned());
    let name = deed.as_ref().map_or_else(|| inherited.name().to_owned(), |deed| deed.name.clone());
    let place = inherited.bound_for().map(Place::to_string).unwrap_or_default();
    let socket = proto.adopt(inherited.into_socket(), &endpoint.options)?;
    // Whoever had it may have turned that, for everybody. Children of the image before have it as they need it.
    match &deed {
        None => SockRef::from(&socket).set_nonblocking(false)?,
        Some(deed) if !deed.datagrams => {
            SockRef::from(&socket).listen(backlog(&endpoint.options))?;
            // What the options asked for before it was theirs alone.
            if deed.name.is_empty()
                && deed.address.inet().is_some()
                && !endpoint.options.client_first()
            {
                defer_accept(&socket, 0)?;
            }
        }
        Some(_) => {}
    }
    let (mut listener, listening) = listener(endpoint, proto, socket, dual, own)?;
    listener.title = Title { place, name, ..listener.title };
    listener.file = deed.as_ref().and_then(own_file);
    Ok((listener, listening))
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
        let chosen = match chosen {
            Some(port) if place.is_port_0() => place.with_port(port),
            _ => place.clone(),
        };
        let what = endpoint.with_place(cannot(&chosen), true);
        bound.push(bind(endpoint, place, chosen, own).map_err(|err| (what, err))?);
    }
    Ok(bound)
}

fn cannot(what: &impl fmt::Display) -> String {
    format!("cannot listen on {what}")
}

fn bind(
    endpoint: &Endpoint,
    asked: &Place,
    place: Place,
    own: Option<Factory>,
) -> io::Result<(Listener, Listening)> {
    let mut proto = endpoint.proto(own);
    proto.prepare(&endpoint.options)?;
    let (dual, text) = (matches!(place, Place::Inet { dual: true, .. }), asked.to_string());
    let socket = proto.bind(&ListenSpec::new(place, &endpoint.options))?;
    let (mut listener, listening) = listener(endpoint, proto, socket, dual, own)?;
    listener.title.place = text;
    Ok((listener, listening))
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
    let (protocol, named) = endpoint.asks_for();
    let title = Title { place: String::new(), protocol, named, name: String::new() };
    let spoken = Spoken { proto, name, plain, client_first };
    let listener = Listener { spoken, socket, title, file: None };
    Ok((listener, listening))
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
