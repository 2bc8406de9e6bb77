//! What can be listened on: from the `port` and `host` options to addresses, and from an address
//! to a bound socket.
//!
//! Knows nothing of processes. A protocol is a file here.

pub(crate) mod tcp;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use netserver_options::kind::{HostValue, PortValue};
use socket2::{Domain, Socket, Type};

use crate::error::{Error, Result};
use crate::options::Options;
use crate::options::print::ListenRecord;

/// One address to listen on, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    /// Whether an IPv6 wildcard takes IPv4 connections as well.
    pub(crate) dual: bool,
}

/// The addresses that the options ask for, in their order, each once.
///
/// # Errors
/// Where a name has no address.
pub(crate) fn endpoints(options: &Options) -> Result<Vec<Endpoint>> {
    let mut all: Vec<Endpoint> = Vec::new();
    for (at, port) in options.port().iter().enumerate() {
        for endpoint in resolve(host_of(at, port, options.host()), port.port)? {
            // Port 0 is another port each time.
            if endpoint.address.port() == 0 || !all.contains(&endpoint) {
                all.push(endpoint);
            }
        }
    }
    Ok(all)
}

/// The host of a port: its own, else that of the `host` option at the same place, the last of
/// which goes on for all further ports.
fn host_of<'a>(at: usize, port: &'a PortValue, hosts: &'a [HostValue]) -> &'a HostValue {
    let named = port.host.as_ref();
    named.or_else(|| hosts.get(at)).or_else(|| hosts.last()).unwrap_or(&HostValue::Any)
}

fn resolve(host: &HostValue, port: u16) -> Result<Vec<Endpoint>> {
    let one = |address: IpAddr| Endpoint { address: (address, port).into(), dual: false };
    match host {
        HostValue::Any if has_ipv6() => {
            Ok(vec![Endpoint { dual: true, ..one(Ipv6Addr::UNSPECIFIED.into()) }])
        }
        HostValue::Any => Ok(vec![one(Ipv4Addr::UNSPECIFIED.into())]),
        HostValue::Address(address) => Ok(vec![one(*address)]),
        HostValue::Name(name) => {
            let found = (name.as_str(), port).to_socket_addrs();
            let found =
                found.map_err(|err| Error::because(format!("cannot resolve host {name}"), err))?;
            Ok(found.map(|address| one(address.ip())).collect())
        }
    }
}

/// Whether this system has IPv6 at all.
fn has_ipv6() -> bool {
    Socket::new(Domain::IPV6, Type::STREAM, None).is_ok()
}

impl Endpoint {
    /// The endpoint as `--print-config=json` shows it.
    pub(crate) fn record(&self) -> ListenRecord {
        ListenRecord {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            proto: "tcp",
            ipv: self.ipv(),
        }
    }

    pub(crate) const fn ipv(&self) -> &'static str {
        match self.address {
            _ if self.dual => "*",
            SocketAddr::V4(_) => "4",
            SocketAddr::V6(_) => "6",
        }
    }

    /// The host as an administrator would write it.
    pub(crate) fn host(&self) -> String {
        if self.dual { "*".into() } else { self.address.ip().to_string() }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dual { write!(f, "*:{}", self.address.port()) } else { self.address.fmt(f) }
    }
}

/// What a failed accept means for the one who accepts: the only place that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptFault {
    /// Nothing came, or it has gone again: look once more.
    Again,
    /// This process or the system is short of something, or forbids it: wait a little.
    Short,
    /// The listener is not one, or not any more.
    Broken,
}

impl AcceptFault {
    pub(crate) fn of(err: &io::Error) -> Self {
        use nix::libc;
        match err.raw_os_error() {
            // Signals, time limits, and errors of a connection that was there: accept(2) asks to
            // treat those of the network like EAGAIN.
            Some(
                libc::EINTR
                | libc::EAGAIN
                | libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::ENETUNREACH
                | libc::ENONET
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ETIMEDOUT,
            ) => Self::Again,
            Some(libc::EBADF | libc::ENOTSOCK | libc::EINVAL | libc::EFAULT) => Self::Broken,
            // Descriptors and memory; and what nobody has thought of, which may come for ever.
            _ => Self::Short,
        }
    }
}

#[cfg(test)]
mod tests {
    use netserver_options::kind::{Host, Kind, Port};

    use super::*;

    #[test]
    fn hosts_go_with_ports_by_place() {
        let host = |text: &str| Host::parse(text).unwrap();
        let port = |text: &str| Port::parse(text).unwrap();
        let hosts = [host("127.0.0.1"), host("127.0.0.2")];
        assert_eq!(host_of(0, &port("1"), &hosts), &hosts[0]);
        assert_eq!(host_of(1, &port("2"), &hosts), &hosts[1]);
        assert_eq!(host_of(2, &port("3"), &hosts), &hosts[1]);
        assert_eq!(host_of(0, &port("[::1]:4"), &hosts), &host("::1"));
    }

    #[test]
    fn faults_of_accept() {
        let of = |number| AcceptFault::of(&io::Error::from_raw_os_error(number));
        assert_eq!(of(nix::libc::ECONNABORTED), AcceptFault::Again);
        assert_eq!(of(nix::libc::EAGAIN), AcceptFault::Again);
        assert_eq!(of(nix::libc::EMFILE), AcceptFault::Short);
        assert_eq!(of(nix::libc::EPERM), AcceptFault::Short, "it may come for ever");
        assert_eq!(of(nix::libc::ENOTSOCK), AcceptFault::Broken);
    }
}
