//! What is made of the text of a port, by Perl and by us, in a form that can be compared.

use std::net::IpAddr;

/// What stands between the parts of a port.
pub(super) const SEP: &str = ",|:/ ";

/// What one side makes of a text: its records, or why it refuses it.
pub(super) type Answer = Result<Vec<Record>, String>;

/// One thing to listen on, as its parts are shown; numbers and addresses are in their usual form,
/// so that only what they mean is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) host: String,
    pub(super) port: String,
    pub(super) proto: String,
    pub(super) ipv: String,
}

impl Record {
    /// From the fields that the script writes.
    pub(super) fn of_perl(fields: &[&str]) -> Self {
        let named = fields[2].to_lowercase();
        let proto = match named.strip_prefix("net::server::proto::").unwrap_or(&named) {
            "unix" if fields[4] == "sock_dgram" => "unixdgram",
            proto => proto,
        };
        let is_unix = proto.starts_with("unix");
        let host = fields[0].parse::<IpAddr>();
        let number = fields[1].parse::<u64>().ok().filter(|_| !is_unix);
        Self {
            host: host.map_or_else(|_| fields[0].to_owned(), |ip| ip.to_string()),
            port: number.map_or_else(|| fields[1].to_owned(), |number| number.to_string()),
            proto: proto.to_owned(),
            ipv: fields[3].to_owned(),
        }
    }

    pub(super) fn is_unix(&self) -> bool {
        self.proto.starts_with("unix")
    }

    /// Whether there is such a protocol.
    pub(super) fn has_protocol(&self) -> bool {
        ["tcp", "udp", "ssl", "ssleay", "unix", "unixdgram"].contains(&self.proto.as_str())
    }

    /// Whether there can be such a host. That of a path is of no use, and may be nearly anything.
    pub(super) fn has_host(&self) -> bool {
        let (host, last) = (&self.host, self.host.rsplit('.').next().unwrap());
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = host.chars().all(is_letter)
            && last.contains(char::is_alphabetic)
            && !host.contains("..");
        let is_unused = self.is_unix() && !host.contains("::");
        is_unused || host == "*" || host.parse::<IpAddr>().is_ok() || is_name
    }

    /// Whether there can be such a port, or a path without what Perl takes for separators.
    pub(super) fn has_port(&self) -> bool {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_service = self.port.chars().all(|c| is_word(c) || "-.+".contains(c))
            && self.port.starts_with(|c: char| c.is_ascii_alphanumeric())
            && self.port.contains(|c: char| c.is_ascii_alphabetic());
        let is_path = self.port.chars().all(|c| is_word(c) || "-./*".contains(c));
        if self.is_unix() { is_path } else { is_service || self.port.parse::<u16>().is_ok() }
    }

    /// What Perl takes for a protocol or a part of the port, read as a port behind a slash.
    pub(super) fn behind_slash(&self) -> Self {
        let is_number = self.proto.chars().all(|c| c.is_ascii_digit());
        if !is_number {
            return self.split(|c| c == '/');
        }
        let port = format!("{}/{}", self.port, self.proto);
        Self { port, proto: "tcp".into(), ..self.clone() }.split(|c| c == '/')
    }

    /// What Perl leaves in the port, read as a host and a port behind a separator.
    pub(super) fn behind_separator(&self) -> Self {
        self.split(|c| SEP.contains(c) && c != '/')
    }

    fn split(&self, is_cut: fn(char) -> bool) -> Self {
        let Some(at) = self.port.rfind(is_cut).filter(|_| !self.is_unix()) else {
            return self.clone();
        };
        let host = self.port[..at].trim_end_matches(|c| SEP.contains(c));
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let (host, ipv) = match bare.parse::<IpAddr>() {
            Ok(ip) if ip.is_ipv6() => (ip.to_string(), "6".to_owned()),
            Ok(ip) if self.ipv == "*" => (ip.to_string(), "4".to_owned()),
            _ if bare.is_empty() => ("*".to_owned(), self.ipv.clone()),
            _ => (bare.to_owned(), self.ipv.clone()),
        };
        let port = &self.port[at + 1..];
        let number = port.parse::<u64>().map_or_else(|_| port.to_owned(), |one| one.to_string());
        Self { host, port: number, proto: self.proto.clone(), ipv }
    }
}
