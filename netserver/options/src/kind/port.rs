//! What to listen on: a port, with or without its host and protocol.

use std::fmt;

use super::Kind;
use super::host::{Host, HostValue};
use crate::reject::Reject;

/// `PORT`, `HOST:PORT` or either with `/tcp` behind it. Port 0 lets the system choose.
#[derive(Debug)]
pub struct Port;

/// What a [`Port`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortValue {
    /// The host, where the text names one; else the `host` option at the same place has it.
    pub host: Option<HostValue>,
    /// The port number; 0 lets the system choose.
    pub port: u16,
}

impl Kind for Port {
    type Value = PortValue;
    const PLACEHOLDER: &'static str = "PORT";

    fn expected() -> String {
        "a port as 8080, host:8080 or host:8080/tcp".into()
    }

    fn parse(text: &str) -> Result<PortValue, Reject> {
        let (address, proto) = text.rsplit_once('/').unwrap_or((text, "tcp"));
        if !proto.eq_ignore_ascii_case("tcp") {
            return Err(Reject::expected("protocol `tcp` after the `/`", proto));
        }
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (Some(Host::parse(host)?), port),
            None => (None, address),
        };
        Ok(PortValue { host, port: number(port, text)? })
    }

    fn print(value: &PortValue) -> String {
        value.to_string()
    }
}

impl fmt::Display for PortValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}:{}", self.port),
            None => self.port.fmt(f),
        }
    }
}

fn number(port: &str, whole: &str) -> Result<u16, Reject> {
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reject::expected(Port::expected(), whole));
    }
    port.parse().map_err(|_| Reject::expected("a port number from 0 to 65535", port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        for (text, canonical) in [
            ("20203", "20203"),
            ("0", "0"),
            ("20203/tcp", "20203"),
            ("localhost:20204/TCP", "localhost:20204"),
            ("*:80", "*:80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("::1:80", "[::1]:80"),
        ] {
            assert_eq!(Port::parse(text).map(|port| port.to_string()).as_deref(), Ok(canonical));
        }
        for bad in [
            "",
            "-1",
            "65536",
            "99999",
            "80-90",
            "20202/",
            "localhost:",
            ":80",
            "/tcp",
            "foo.com/20202",
            "20203/tcp/udp",
            "bad!host:1",
        ] {
            assert!(Port::parse(bad).is_err(), "{bad}");
        }
    }
}
