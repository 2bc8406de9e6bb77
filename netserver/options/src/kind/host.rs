//! Where to listen: an address, a name, or everywhere.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::Kind;
use crate::reject::Reject;

/// An address, a host name, or `*` for every address. An IPv6 address may stand in brackets.
#[derive(Debug)]
pub struct Host;

/// What a [`Host`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostValue {
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
        let reject = || Reject::expected(Self::expected(), text);
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or_else(reject)?;
            let address: Ipv6Addr = inner.parse().map_err(|_| reject())?;
            return Ok(HostValue::Address(address.into()));
        }
        if text == "*" {
            return Ok(HostValue::Any);
        }
        if let Ok(address) = text.parse() {
            return Ok(HostValue::Address(address));
        }
        if is_name(text) { Ok(HostValue::Name(text.to_owned())) } else { Err(reject()) }
    }

    fn print(value: &HostValue) -> String {
        value.to_string()
    }
}

impl fmt::Display for HostValue {
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
        ] {
            assert_eq!(Host::parse(text).map(|host| host.to_string()).as_deref(), Ok(canonical));
        }
        for bad in [
            "",
            "bad!host",
            "a b",
            "999.1.1.1",
            "1.2.3",
            "[127.0.0.1]",
            "[::1",
            "10.0.0.1/8",
            "-a",
            "a..b",
        ] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }
}
