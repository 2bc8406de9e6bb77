//! Where to listen: an address, a name, or everywhere.

use std::fmt;
use std::net::IpAddr;

use super::Kind;
use super::ipv::{self, IpvValue};
use crate::reject::Reject;

/// An address, a host name, or `*` for every address; it may stand in brackets, and have the
/// address family behind it: `localhost/IPv6`.
#[derive(Debug)]
pub struct Host;

/// What a [`Host`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostValue {
    /// The host.
    pub name: HostName,
    /// The family, where the text names one.
    pub ipv: Option<IpvValue>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostName {
    /// `*`: every address of every family there is.
    Any,
    /// One address.
    Address(IpAddr),
    /// A name; it is looked up when the server binds.
    Name(String),
}

impl Kind for Host {
    type Value = HostValue;
    const PLACEHOLDER: &'static str = "HOST";

    fn expected() -> String {
        "an address, a host name or `*`".into()
    }

    fn parse(text: &str) -> Result<HostValue, Reject> {
        let (name, ipv) = ipv::take_all(text)?;
        Ok(HostValue { name: HostName::parse(&name)?, ipv })
    }

    fn print(value: &HostValue) -> String {
        value.to_string()
    }
}

impl fmt::Display for HostValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        self.ipv.map_or(Ok(()), |ipv| write!(f, "/{}", ipv.token()))
    }
}

impl HostName {
    /// A host alone.
    pub(super) fn parse(text: &str) -> Result<Self, Reject> {
        let reject = || Reject::expected(Host::expected(), text);
        let bare = match text.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or_else(reject)?,
            None => text,
        };
        match bare {
            "" if text.is_empty() => Err(reject()),
            "*" | "" => Ok(Self::Any),
            _ => match bare.parse() {
                Ok(address) => Ok(Self::Address(address)),
                Err(_) if is_name(bare) => Ok(Self::Name(bare.to_owned())),
                Err(_) => Err(reject()),
            },
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Labels of letters, digits, `-` and `_`, with a letter somewhere in the last: what a mistyped
/// address (`1.2.3`, `999.1.1.1`) is not.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
    };
    let dotted = text.strip_suffix('.').unwrap_or(text);
    let last = dotted.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && dotted.split('.').all(label)
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, canonical) in [
            ("*", "*"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("localhost", "localhost"),
            ("a-b.example.com", "a-b.example.com"),
            ("[localhost]", "localhost"),
            ("[]", "*"),
            ("[*]", "*"),
            ("localhost/IPv6", "localhost/IPv6"),
            ("[::1]/ipv4/ipv6", "[::1]/IPv46"),
        ] {
            assert_eq!(Host::parse(text).map(|host| host.to_string()).as_deref(), Ok(canonical));
        }
        for bad in [
            "",
            "bad!host",
            "a b",
            "999.1.1.1",
            "1.2.3",
            "fe80::1%eth0",
            "[::1",
            "10.0.0.1/8",
            "-a",
            "a..b",
        ] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }
}
