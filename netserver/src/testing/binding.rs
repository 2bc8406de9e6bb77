//! Where a server can be reached: the address in the record that it writes for each listener.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::testing::record::Record;

/// The address to connect to, where the line is a record such as
/// `Binding to TCP port 45123 on host 127.0.0.1 with IPv4`.
pub(crate) fn address(line: &str) -> Option<SocketAddr> {
    let text = Record::parse(line)?.text.strip_prefix("Binding to ")?;
    let (_proto, rest) = text.split_once(" port ")?;
    let (port, rest) = rest.split_once(" on host ")?;
    let (host, version) = rest.split_once(" with IPv")?;
    Some(SocketAddr::new(reachable(host, version)?, port.parse().ok()?))
}

/// An address of this machine that a listener on `host` answers to.
fn reachable(host: &str, version: &str) -> Option<IpAddr> {
    let loopback = match version {
        "6" => IpAddr::from(Ipv6Addr::LOCALHOST),
        _ => IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    if host == "*" || host == "localhost" {
        return Some(loopback);
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse().ok()? {
        IpAddr::V4(address) if address.is_unspecified() => Some(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(address) if address.is_unspecified() => Some(Ipv6Addr::LOCALHOST.into()),
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("Binding to TCP port 80 on host 127.0.0.1 with IPv4", Some("127.0.0.1:80")),
            ("Binding to UDP port 80 on host 10.1.2.3 with IPv4", Some("10.1.2.3:80")),
            ("Binding to TCP port 80 on host * with IPv4", Some("127.0.0.1:80")),
            ("Binding to TCP port 80 on host * with IPv6", Some("[::1]:80")),
            ("Binding to TCP port 80 on host * with IPv*", Some("127.0.0.1:80")),
            ("Binding to TCP port 80 on host localhost with IPv6", Some("[::1]:80")),
            ("Binding to TCP port 80 on host 0.0.0.0 with IPv4", Some("127.0.0.1:80")),
            ("Binding to TCP port 80 on host [::] with IPv6", Some("[::1]:80")),
            ("Binding to TCP port 80 on host ::1 with IPv6", Some("[::1]:80")),
            ("Binding to TCP port 65536 on host ::1 with IPv6", None),
            ("Binding to UNIX socket file /tmp/socket", None),
            ("Closing", None),
        ] {
            let line = format!("2026/11/22-23:18:04 echo[1234] notice: {text}");
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(address(&line), expected, "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_record_announces_nothing() {
        assert_eq!(address("Binding to TCP port 80 on host 127.0.0.1 with IPv4"), None);
    }
}
