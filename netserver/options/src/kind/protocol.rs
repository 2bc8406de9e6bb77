//! The protocols that come with netserver, and the text of the `proto` option.

use std::fmt;

use super::Kind;
use super::ipv::{self, IpvValue};
use crate::personality::one_of;
use crate::reject::Reject;

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Streams over IPv4 and IPv6.
    Tcp,
    /// Packets over IPv4 and IPv6.
    Udp,
    /// Streams over a UNIX socket.
    Unix,
    /// Packets over a UNIX socket.
    UnixDgram,
    /// TLS over TCP.
    Ssl,
    /// The same under its old name.
    Ssleay,
}

impl Protocol {
    /// All of them, in the order in which messages name them.
    pub const ALL: &'static [Self] =
        &[Self::Tcp, Self::Udp, Self::Unix, Self::UnixDgram, Self::Ssl, Self::Ssleay];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::UnixDgram => "unixdgram",
            Self::Ssl => "ssl",
            Self::Ssleay => "ssleay",
        }
    }

    /// The protocol of that name, in any case; Perl's class of it (`Net::Server::Proto::UDP`) is one
    /// too.
    pub fn from_name(name: &str) -> Option<Self> {
        const CLASS: &str = "Net::Server::Proto::";
        let bare = match name.split_at_checked(CLASS.len()) {
            Some((class, rest)) if class.eq_ignore_ascii_case(CLASS) => rest,
            _ => name,
        };
        Self::ALL.iter().copied().find(|one| one.name().eq_ignore_ascii_case(bare))
    }

    /// Why `name` is none of them.
    pub fn unknown(name: &str) -> Reject {
        Reject::unknown("protocol", name, Self::ALL.iter().map(|one| one.name()))
    }

    /// Whether it is bound to a path, and not to an address.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::UnixDgram)
    }

    /// Whether each packet is a request of its own.
    pub const fn is_datagram(self) -> bool {
        matches!(self, Self::Udp | Self::UnixDgram)
    }

    /// Whether it is TLS.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::Ssleay)
    }
}

/// A protocol, perhaps with the address family: `udp`, `udp IPv6`.
#[derive(Debug)]
pub struct Proto;

/// What a [`Proto`] text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtoValue {
    /// The protocol.
    pub protocol: Protocol,
    /// The family, where the text names one.
    pub ipv: Option<IpvValue>,
}

impl Kind for Proto {
    type Value = ProtoValue;
    const PLACEHOLDER: &'static str = "PROTO";

    fn expected() -> String {
        one_of(Self::choices().into_iter())
    }

    fn parse(text: &str) -> Result<ProtoValue, Reject> {
        let (name, ipv) = ipv::take_all(text)?;
        match Protocol::from_name(&name) {
            Some(protocol) => Ok(ProtoValue { protocol, ipv }),
            None => Err(Protocol::unknown(&name)),
        }
    }

    fn print(value: &ProtoValue) -> String {
        value.to_string()
    }

    fn choices() -> Vec<&'static str> {
        Protocol::ALL.iter().map(|one| one.name()).collect()
    }
}

impl fmt::Display for ProtoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.protocol.name())?;
        self.ipv.map_or(Ok(()), |ipv| write!(f, " {}", ipv.token()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        for (text, canonical) in [
            ("tcp", "tcp"),
            ("UDP", "udp"),
            ("unixdgram", "unixdgram"),
            ("SSLeay", "ssleay"),
            ("Net::Server::Proto::TCP", "tcp"),
            ("udp IPv6", "udp IPv6"),
            ("tcp/ipv4", "tcp IPv4"),
        ] {
            assert_eq!(Proto::parse(text).map(|value| value.to_string()).as_deref(), Ok(canonical));
        }
        for bad in ["", "t!p", "nosuch", "tcp udp", "Net::Server::Proto::", "My::Proto"] {
            assert!(Proto::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Proto::parse("upd").unwrap_err().to_string(),
            "unknown protocol upd\n  help: did you mean `udp`?"
        );
    }
}
