//! Sockets that another process has bound and handed over: what each of them is, and which port it
//! serves.
//!
//! Takes in descriptors with names, from wherever, and what the options ask for; hands on which socket
//! stands for which port. A descriptor that stands for none is an error: nobody would ever be served
//! there.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use socket2::{Domain, SockRef, Type};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::handover::Deed;
use crate::proto::{Endpoint, Place};

/// A socket that listens, or takes packets, and that this process was given.
#[derive(Debug)]
pub(crate) struct Heirloom {
    socket: OwnedFd,
    /// The number that whoever gave it knows it by.
    number: RawFd,
    name: String,
    address: Address,
    datagrams: bool,
    /// Whether it is one of IPv6 that takes IPv4 as well.
    dual: bool,
    /// What the image before knew of it, where that had it.
    deed: Option<Deed>,
    /// The place that it was bound for, among those of today.
    stands_for: Option<Place>,
}

/// All of them, in the order that they were given in.
#[derive(Debug, Default)]
pub(crate) struct Inheritance(Vec<Heirloom>);

impl Inheritance {
    /// Looks at what was given.
    ///
    /// # Errors
    /// The first descriptor that clients cannot come to.
    pub(crate) fn of(given: Vec<(OwnedFd, String)>) -> Result<Self> {
        let all = given.into_iter().map(|(socket, name)| {
            let what = format!("cannot serve descriptor {} ({name})", socket.as_raw_fd());
            Heirloom::of(socket, name).map_err(|err| Error::because(what, err))
        });
        all.collect::<Result<_>>().map(Self)
    }

    /// Adds those that the image before had.
    ///
    /// # Errors
    /// The first descriptor that clients cannot come to.
    pub(crate) fn with_handed(mut self, handed: Vec<(OwnedFd, Deed)>) -> Result<Self> {
        for (socket, deed) in handed {
            let what = format!("cannot serve descriptor {} ({})", socket.as_raw_fd(), deed.place);
            let name = if deed.name.is_empty() { HANDED } else { &deed.name }.to_owned();
            let one = Heirloom::of(socket, name).map_err(|err| Error::because(what, err))?;
            self.0.push(Heirloom { deed: Some(deed), ..one });
        }
        Ok(self)
    }

    /// Which socket stands for which port: by its name first, then by what it listens on. One that the image
    /// before has bound stands for the port that it was bound for, and else for none any more.
    ///
    /// # Errors
    /// The first one of a service manager's that stands for none.
    pub(crate) fn settle(self, ports: &[Vec<(&Endpoint, Place)>]) -> Result<Settled> {
        let mut settled = Settled { by_port: Vec::new(), dropped: Vec::new() };
        let mut taken = BTreeSet::new();
        for mut one in self.0 {
            let found = match &one.deed {
                Some(deed) if deed.name.is_empty() => one.slot(&deed.place, ports, &taken),
                _ => one.port_of(ports).map(|port| (port, None)),
            };
            match found {
                Some((port, slot)) => {
                    if let Some(slot) = slot {
                        taken.insert((port, slot));
                        one.stands_for = Some(ports[port][slot].1.clone());
                    }
                    settled.by_port.push((port, one));
                }
                None if one.deed.is_some() => settled.dropped.push(one),
                None => return Err(one.for_nobody(ports)),
            }
        }
        Ok(settled)
    }
}

/// What a socket is called that the server has bound itself.
const HANDED: &str = "from before the restart";

/// Sockets with the place of their port among the ports.
#[derive(Debug)]
pub(crate) struct Settled {
    by_port: Vec<(usize, Heirloom)>,
    /// Those of ports that are none any more.
    pub(crate) dropped: Vec<Heirloom>,
}

impl Settled {
    /// Takes those of one port out.
    pub(crate) fn take(&mut self, port: usize) -> Vec<Heirloom> {
        let of_it = self.by_port.extract_if(.., |(at, _)| *at == port);
        of_it.map(|(_, heirloom)| heirloom).collect()
    }
}

impl Heirloom {
    fn of(socket: OwnedFd, name: String) -> io::Result<Self> {
        let asked = SockRef::from(&socket);
        let kind = match asked.r#type() {
            Err(err) if err.raw_os_error() == Some(nix::libc::ENOTSOCK) => {
                return Err(io::Error::other("it is no socket"));
            }
            kind => kind?,
        };
        let domain = asked.domain()?;
        if ![Domain::IPV4, Domain::IPV6, Domain::UNIX].contains(&domain) {
            let what =
                format!("a socket of family {}: expected IPv4, IPv6 or UNIX", i32::from(domain));
            return Err(io::Error::other(what));
        }
        match kind {
            Type::STREAM if !asked.is_listener()? => {
                let what = "a stream that does not listen; a connection is for `--server_type=inet`, \
                            as standard input";
                return Err(io::Error::other(what));
            }
            Type::STREAM | Type::DGRAM => {}
            _ => {
                let what = "a socket of neither streams nor datagrams, which no port speaks";
                return Err(io::Error::other(what));
            }
        }
        let bound = asked.local_addr()?;
        // An address of IPv4 in the form of IPv6 is one of IPv4.
        let address = Address::of(&bound);
        let dual = domain == Domain::IPV6 && !asked.only_v6()?;
        let dual = dual && address.ip() == Some(Ipv6Addr::UNSPECIFIED.into());
        let (number, datagrams) = (socket.as_raw_fd(), kind == Type::DGRAM);
        let (deed, stands_for) = (None, None);
        Ok(Self { socket, number, name, address, datagrams, dual, deed, stands_for })
    }

    /// What it is called in the log.
    pub(crate) fn label(&self) -> String {
        format!("descriptor {} ({})", self.number, self.name)
    }

    pub(crate) fn is_dual(&self) -> bool {
        self.dual
    }

    /// What whoever handed it over has called it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The place that it was bound for, where the image before has bound it.
    pub(crate) fn bound_for(&self) -> Option<&Place> {
        self.stands_for.as_ref()
    }

    pub(crate) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// What the image before knew of it.
    pub(crate) fn deed(&self) -> Option<&Deed> {
        self.deed.as_ref()
    }

    /// The port and the place there that it was bound for; else the first that it is at. Of several that
    /// were bound for the same each has its own.
    fn slot(
        &self,
        bound_for: &str,
        ports: &[Vec<(&Endpoint, Place)>],
        taken: &BTreeSet<(usize, usize)>,
    ) -> Option<(usize, Option<usize>)> {
        let find = |fits: &dyn Fn(&Place) -> bool| {
            let all = ports.iter().enumerate().flat_map(|(port, places)| {
                places.iter().enumerate().map(move |(slot, place)| (port, slot, place))
            });
            let mut free = all.filter(|(port, slot, _)| !taken.contains(&(*port, *slot)));
            let found =
                free.find(|(_, _, (endpoint, place))| self.is_kind(endpoint) && fits(place));
            found.map(|(port, slot, _)| (port, Some(slot)))
        };
        find(&|place| place.to_string() == bound_for).or_else(|| find(&|place| self.is_at(place)))
    }

    /// The place of its port.
    fn port_of(&self, ports: &[Vec<(&Endpoint, Place)>]) -> Option<usize> {
        let find = |fits: &dyn Fn(&Endpoint, &Place) -> bool| {
            ports.iter().position(|port| {
                port.iter().any(|(endpoint, place)| self.is_kind(endpoint) && fits(endpoint, place))
            })
        };
        find(&|endpoint, _| endpoint.is_called(&self.name))
            .or_else(|| find(&|_, place| self.is_at(place)))
            .or_else(|| find(&|_, place| self.covers(place)))
    }

    /// Whether such a socket can speak what the port speaks.
    fn is_kind(&self, endpoint: &Endpoint) -> bool {
        endpoint.is_unix() == self.address.is_unix() && endpoint.is_datagram() == self.datagrams
    }

    /// Whether there is nothing to be bound at that place, beside it.
    pub(crate) fn stands_for(&self, endpoint: &Endpoint, place: &Place) -> bool {
        match &self.stands_for {
            Some(own) => own == place,
            None => endpoint.is_called(&self.name) || self.covers(place),
        }
    }

    fn is_at(&self, place: &Place) -> bool {
        match place {
            Place::Inet { address, dual } => {
                self.address == Address::from(*address) && self.dual == *dual
            }
            // One may be written from where the server was started.
            Place::Path(path) => {
                self.address.path().is_some_and(|bound| bound == path || absolute(path, bound))
            }
        }
    }

    /// Whether clients of that place come to it, or it is a part of that place.
    fn covers(&self, place: &Place) -> bool {
        if self.is_at(place) {
            return true;
        }
        let (Place::Inet { address: asked, dual }, Some(bound)) = (place, self.address.inet())
        else {
            return false;
        };
        asked.port() == bound.port()
            && (is_within(asked.ip(), bound, self.dual) || is_within(bound.ip(), *asked, *dual))
    }

    fn for_nobody(&self, ports: &[Vec<(&Endpoint, Place)>]) -> Error {
        let label = self.label();
        let known = self.address.port().is_some() || self.address.path().is_some();
        let what = if known {
            format!(
                "{label} listens on {self}, which is no port of this server: write port = {self}"
            )
        } else {
            let ports: Vec<String> =
                ports.iter().filter_map(|port| port.first()).map(|(one, _)| one.text()).collect();
            let ports = ports.join(", ");
            format!("{label} is {}, and its name is none of the ports: {ports}", self.address)
        };
        Error::new(what)
    }
}

/// Whether that wildcard takes clients of this address.
fn is_within(address: IpAddr, wildcard: SocketAddr, dual: bool) -> bool {
    let same = address.is_ipv4() == wildcard.is_ipv4();
    wildcard.ip().is_unspecified() && (same || dual)
}

fn absolute(path: &std::path::Path, bound: &std::path::Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| path == bound)
}

/// What it listens on, as an administrator would write it for the `port` option.
impl fmt::Display for Heirloom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, datagrams, dual, .. } = self;
        let proto = match (address.is_unix(), datagrams) {
            (true, true) => "unixdgram",
            (true, false) => "unix",
            (false, true) => "udp",
            (false, false) => "tcp",
        };
        match (dual, address.port(), address.path()) {
            (true, Some(port), _) => write!(f, "*:{port}/{proto}"),
            (_, _, Some(path)) => write!(f, "{}|{proto}", path.display()),
            _ => write!(f, "{address}/{proto}"),
        }
    }
}
