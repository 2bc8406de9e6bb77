//! From the options to what is bound: addresses and paths.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

use netserver_options::kind::{HostName, Protocol, Target, UnixType};
use netserver_options::listen::{Family, Wish, wishes};
use netserver_options::table::{self, Group};
use netserver_options::{OptionSpec, Reject};
use socket2::{Domain, Socket, Type};

use super::{Factory, Place, Proto, built_in};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::options::merge::Merged;
use crate::options::print::ListenRecord;
use crate::sys::service;

/// One thing to listen on: what the options ask for, with the port's number. A name stays one where the
/// address family is said, until it is bound.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// The place of its port in the `port` option.
    pub(crate) at: usize,
    /// The port as it is written there.
    text: Arc<str>,
    /// The number, service or path alone, as it is written.
    target: Arc<str>,
    host: HostName,
    spot: Spot,
    protocol: Protocol,
    /// Whether the options say what it speaks.
    named: bool,
    family: Family,
    /// Where the port stands in a conf file, and the certificate of one that has one.
    port_in_conf: Option<Arc<str>>,
    certificate_in_conf: Option<Arc<str>>,
    /// The options that hold for this port.
    pub(crate) options: Arc<Options>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Spot {
    Port(u16),
    Path(String),
}

/// What the options ask for, in their order, each once.
///
/// # Errors
/// Where options do not go together, or a name or a service has no address.
pub(crate) fn endpoints(merged: &Merged) -> Result<Vec<Endpoint>> {
    let options = &merged.options;
    let asked = wishes(options.port(), options.host(), options.proto(), options.ipv());
    let asked = asked.map_err(|(_, reject)| merged.refuse("port", reject))?;
    for wish in &asked.repeated {
        log::info!("Port {} is asked for twice, and bound once", name_of(wish));
    }
    let shared = Arc::new(options.clone());
    let mut all: Vec<Endpoint> = Vec::new();
    for wish in &asked.all {
        let options = if wish.own.is_empty() {
            Arc::clone(&shared)
        } else {
            Arc::new(merged.with_own(&wish.own).map_err(|reject| merged.refuse("port", reject))?)
        };
        let named = wish.named || merged.is_set("proto");
        for endpoint in resolve(merged, wish, named, &options)? {
            // By another name it may be there already.
            if all.iter().any(|other| endpoint.is_same(other)) {
                log::info!("Port {endpoint} is asked for twice, and bound once");
            } else {
                all.push(endpoint);
            }
        }
    }
    Ok(all)
}

/// Says in the log which options somebody has set that no port has any use for. What a protocol of the
/// program's own uses nobody knows.
pub(crate) fn warn_of_idle(merged: &Merged, endpoints: &[Endpoint], own: Option<Factory>) {
    if own.is_some() && endpoints.iter().any(|endpoint| !endpoint.named) {
        return;
    }
    for one in merged.effective.iter().filter(|one| merged.is_set(one.name())) {
        let Some((what, uses)) = users_of(one.spec()) else { continue };
        if !endpoints.iter().any(|endpoint| uses(endpoint.protocol)) {
            log::warn!("{} has no effect, as no port is one of {what}", one.name());
        }
    }
}

/// Ports of some protocols, and how messages call them.
type Users = (&'static str, fn(Protocol) -> bool);

/// Which ports use an option that is not for all of them.
fn users_of(option: &OptionSpec) -> Option<Users> {
    match (option.group, option.name) {
        (_, "client_first") => {
            Some(("TCP and TLS", |protocol| !protocol.is_unix() && !protocol.is_datagram()))
        }
        (_, "udp_broadcast") => Some(("UDP", |protocol| protocol == Protocol::Udp)),
        (Group::Unix, _) | (_, "allow_uid" | "allow_gid") => {
            Some(("UNIX sockets", Protocol::is_unix))
        }
        (Group::Udp, _) => Some(("datagrams", Protocol::is_datagram)),
        (Group::Tls, _) => Some(("TLS", Protocol::is_tls)),
        _ => None,
    }
}

/// How messages name it.
fn name_of(wish: &Wish) -> String {
    match &wish.target {
        Target::Path(path) => path.clone(),
        target => format!("{}:{target}/{}", wish.host, wish.protocol.name()),
    }
}

fn resolve(
    merged: &Merged,
    wish: &Wish,
    named: bool,
    options: &Arc<Options>,
) -> Result<Vec<Endpoint>> {
    let refuse = |reject| merged.refuse("port", reject);
    let datagrams = wish.protocol == Protocol::Unix && options.unix_type() == UnixType::Dgram;
    let protocol = if datagrams { Protocol::UnixDgram } else { wish.protocol };
    hold_speakable(protocol).map_err(refuse)?;
    hold_useful(wish, protocol).map_err(refuse)?;
    let spot = match &wish.target {
        Target::Number(number) => Spot::Port(*number),
        Target::Path(path) => Spot::Path(path.clone()),
        Target::Service(name) => Spot::Port(number_of(name, protocol).map_err(refuse)?),
    };
    let in_conf = |name: &str| merged.in_conf(name).map(Arc::from);
    let (text, target) = (text_of(merged, wish.at), wish.target.to_string().into());
    let one = |host: HostName, family: Family| Endpoint {
        at: wish.at,
        text: Arc::clone(&text),
        target: Arc::clone(&target),
        host,
        spot: spot.clone(),
        protocol,
        named,
        family,
        port_in_conf: in_conf("port"),
        certificate_in_conf: in_conf("ssl_cert_file").filter(|_| protocol.is_tls()),
        options: Arc::clone(options),
    };
    let address = |ip: IpAddr| one(HostName::Address(ip), family_of(ip));
    Ok(match (&wish.host, wish.family) {
        _ if protocol.is_unix() => vec![one(wish.host.clone(), Family::Any)],
        (HostName::Any, Family::Any) if has_ipv6() => {
            vec![one(HostName::Any, Family::Any)]
        }
        (HostName::Any, Family::Any) => vec![address(Ipv4Addr::UNSPECIFIED.into())],
        (HostName::Name(name), Family::Any) => {
            let cannot = |err| Error::because(format!("cannot resolve host {name}"), err);
            let found = look_up(name, |_| true).map_err(cannot)?;
            found.into_iter().map(address).collect()
        }
        (host, family) => vec![one(host.clone(), family)],
    })
}

/// The port as somebody wrote it.
fn text_of(merged: &Merged, at: usize) -> Arc<str> {
    merged.texts("port").get(at).map_or("", String::as_str).into()
}

/// Errs where a port has an option of its own that its protocol has no use for: a certificate beside TCP
/// would have it speak for all to hear.
fn hold_useful(wish: &Wish, protocol: Protocol) -> std::result::Result<(), Reject> {
    for (name, _) in &wish.own {
        let users = table::find(name).and_then(users_of);
        if let Some((what, _)) = users.filter(|(_, uses)| !uses(protocol)) {
            let fault =
                format!("{name} is for {what}, and the port's protocol is {}", protocol.name());
            return Err(
                Reject::new(fault).with_help("say which with `proto=` in the port's braces")
            );
        }
    }
    Ok(())
}

/// Errs where this build does not speak it.
fn hold_speakable(protocol: Protocol) -> std::result::Result<(), Reject> {
    if cfg!(feature = "tls") || !protocol.is_tls() {
        return Ok(());
    }
    let fault = format!("protocol `{}` is not in this program", protocol.name());
    Err(Reject::new(fault).with_help("build it with the feature `tls` of netserver"))
}

fn number_of(service: &str, protocol: Protocol) -> std::result::Result<u16, Reject> {
    let datagrams = protocol.is_datagram();
    let carrier = if datagrams { "udp" } else { "tcp" };
    service::port(service, datagrams).ok_or_else(|| {
        Reject::expected(
            format!("a port number, or a service of {carrier} that this system knows"),
            service,
        )
    })
}

const fn family_of(ip: IpAddr) -> Family {
    if ip.is_ipv4() { Family::V4 } else { Family::V6 }
}

/// The addresses of a name, each once.
fn look_up(name: &str, counts: impl Fn(IpAddr) -> bool) -> io::Result<Vec<IpAddr>> {
    let mut all = Vec::new();
    for found in (name, 0).to_socket_addrs()? {
        if counts(found.ip()) && !all.contains(&found.ip()) {
            all.push(found.ip());
        }
    }
    Ok(all)
}

/// Whether this system has IPv6 at all.
fn has_ipv6() -> bool {
    Socket::new(Domain::IPV6, Type::STREAM, None).is_ok()
}

impl Endpoint {
    /// Of a port that is none any more: nothing is bound there, and whoever waits is spoken with.
    pub(crate) fn of_before(protocol: &str, named: bool, options: &Arc<Options>) -> Option<Self> {
        let protocol = Protocol::ALL.iter().copied().find(|one| one.name() == protocol)?;
        Some(Self {
            at: 0,
            text: "".into(),
            target: "".into(),
            host: HostName::Any,
            spot: Spot::Port(0),
            protocol,
            named,
            family: Family::Any,
            port_in_conf: None,
            certificate_in_conf: None,
            options: Arc::clone(options),
        })
    }

    /// Says of a fault where in a conf file to look for it: at the port, or else at its certificate.
    pub(crate) fn with_place(&self, what: String, bound: bool) -> String {
        let certificate = self.certificate_in_conf.as_ref().filter(|_| !bound);
        match certificate.or(self.port_in_conf.as_ref()) {
            Some(place) => format!("{what} ({place})"),
            None => what,
        }
    }

    /// What the options ask for, and whether somebody has named it.
    pub(crate) fn asks_for(&self) -> (&'static str, bool) {
        (self.protocol.name(), self.named)
    }

    /// Every place to bind.
    ///
    /// # Errors
    /// Where the host has no address of the family that was asked for.
    pub(crate) fn places(&self) -> io::Result<Vec<Place>> {
        let port = match &self.spot {
            Spot::Path(path) => return Ok(vec![Place::Path(PathBuf::from(path))]),
            Spot::Port(port) => *port,
        };
        let place = |ip: IpAddr| Place::Inet { address: SocketAddr::new(ip, port), dual: false };
        let ipv = self.family.name();
        let ips = match (&self.host, self.family) {
            (HostName::Any, Family::Any) => {
                let address = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
                return Ok(vec![Place::Inet { address, dual: true }]);
            }
            (HostName::Any, Family::V6) => vec![Ipv6Addr::UNSPECIFIED.into()],
            (HostName::Any, Family::V4) => vec![Ipv4Addr::UNSPECIFIED.into()],
            (HostName::Address(ip), family) if family_of(*ip) == family => vec![*ip],
            (HostName::Address(ip), _) => {
                return Err(io::Error::other(format!("{ip} is no address of IPv{ipv}")));
            }
            (HostName::Name(name), family) => look_up(name, |ip| family_of(ip) == family)?,
        };
        if ips.is_empty() {
            return Err(io::Error::other(format!("{} has no address of IPv{ipv}", self.host)));
        }
        Ok(ips.into_iter().map(place).collect())
    }

    /// What speaks on it: `own` where nobody names another.
    pub(crate) fn proto(&self, own: Option<Factory>) -> Box<dyn Proto> {
        match own {
            Some(own) if !self.named => own(),
            _ => built_in(self.protocol),
        }
    }

    /// The port as somebody wrote it.
    pub(crate) fn text(&self) -> String {
        self.text.to_string()
    }

    /// Whether that is its name: the port as it is written, or its number, service or path alone.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let number = |port: &u16| name.parse() == Ok(*port) && *port != 0;
        *name == *self.text
            || *name == *self.target
            || matches!(&self.spot, Spot::Port(port) if number(port))
    }

    pub(crate) fn is_unix(&self) -> bool {
        self.protocol.is_unix()
    }

    pub(crate) fn is_datagram(&self) -> bool {
        self.protocol.is_datagram()
    }

    /// Whether it says nothing before the handler.
    pub(crate) fn is_plain(&self, own: Option<Factory>) -> bool {
        !self.protocol.is_tls() && (self.named || own.is_none())
    }

    /// Whether both would be bound to the same place.
    fn is_same(&self, other: &Self) -> bool {
        let kind = |one: &Self| (one.protocol.is_datagram(), one.family);
        let host = self.host == other.host || self.protocol.is_unix();
        self.spot == other.spot && self.spot != Spot::Port(0) && kind(self) == kind(other) && host
    }

    /// The endpoint as `--print-config=json` shows it.
    pub(crate) fn record(&self) -> ListenRecord {
        let host = match (&self.host, self.family) {
            (HostName::Any, Family::Any) if !self.protocol.is_unix() => "::".into(),
            (HostName::Address(ip), _) => ip.to_string(),
            (host, _) => host.to_string(),
        };
        let port = match &self.spot {
            Spot::Port(number) => Ok(*number),
            Spot::Path(path) => Err(path.clone()),
        };
        ListenRecord { host, port, proto: self.protocol.name(), ipv: self.family.name() }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.spot {
            Spot::Port(port) => write!(f, "{}:{port}", self.host),
            Spot::Path(path) => f.write_str(path),
        }
    }
}
