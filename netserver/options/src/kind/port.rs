//! What to listen on: a port, with or without its host, protocol and address family.

mod settings;

use std::fmt;
use std::net::Ipv6Addr;

use super::Kind;
use super::host::{HostName, HostValue};
use super::ipv::{self, IpvValue};
use super::protocol::Protocol;
use super::token::{self, is_separator};
use super::unix_type::UnixType;
use crate::reject::{Reject, shown};

/// A port number or the name of a service, perhaps with a host before it and a protocol and an
/// address family behind it; or a path and a protocol of UNIX sockets; or any of these with
/// settings of its own:
///
/// | text | what it is |
/// |---|---|
/// | `8080`, `http` | a port of every address |
/// | `localhost:8080`, `[::1]:8080`, `localhost/8080` | a port of one host |
/// | `8080/udp`, `localhost:8080/tcp/IPv4` | with its protocol, and its family |
/// | <code>/run/s&#124;unix</code>, <code>/run/s&#124;unixdgram</code> | a UNIX socket |
/// | `{port=8080, host=localhost, listen=5}` | with options of its own |
///
/// `,`, `|`, `:`, `/` and blanks all stand between the parts. Port 0 lets the system choose.
#[derive(Debug)]
pub struct Port;

/// What a [`Port`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortValue {
    /// What is left without protocol and family: host and port, or a path.
    text: String,
    /// Whether it stood in braces, where a path is one as it is.
    braced: bool,
    /// The host that the settings name.
    host: Option<HostValue>,
    /// The protocol, where the text names one.
    pub protocol: Option<Protocol>,
    /// The family, where the text names one.
    pub ipv: Option<IpvValue>,
    /// Options that are this port's own: names and canonical values.
    pub own: Vec<(&'static str, String)>,
}

/// What a port is with a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The host, where there is one: else the `host` option has it.
    pub host: Option<HostValue>,
    /// What is bound there.
    pub target: Target,
}

/// What is bound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A port number; 0 lets the system choose.
    Number(u16),
    /// The name of a service.
    Service(String),
    /// The path of a UNIX socket.
    Path(String),
}

impl Kind for Port {
    type Value = PortValue;
    const PLACEHOLDER: &'static str = "PORT";
    const TRIMMED: bool = false;

    fn expected() -> String {
        "a port as 8080, host:8080, host:8080/tcp or /path|unix".into()
    }

    fn parse(text: &str) -> Result<PortValue, Reject> {
        if text.contains('\0') {
            // No name and no path has one, and no conf file.
            return Err(Reject::expected(Self::expected(), text));
        }
        match text.strip_prefix('{') {
            Some(settings) => settings::parse(settings),
            None => PortValue::plain(text),
        }
    }

    fn print(value: &PortValue) -> String {
        value.to_string()
    }
}

impl PortValue {
    /// Without settings of its own.
    fn plain(text: &str) -> Result<Self, Reject> {
        let (rest, unix_type) = take_type(text);
        let (rest, ipv) = ipv::take_all(&rest)?;
        let (rest, protocol) = take_protocol(&rest);
        if let (rest, Some(other)) = take_protocol(&rest) {
            let two = protocol.map_or("", Protocol::name);
            let reject = Reject::expected("one protocol", text);
            let (rest, one) = (shown(&rest), other.name());
            return Err(reject.with_help(format!("write {rest}/{one} or {rest}/{two}")));
        }
        let mut value =
            Self { text: rest, braced: false, host: None, protocol, ipv, own: Vec::new() };
        value.set_type(unix_type)?;
        if value.is_path() && value.text.ends_with(is_separator) {
            // No socket is there, and printed with its protocol it would be another one.
            return Err(Reject::expected("the path of a UNIX socket", &value.text));
        }
        // A type of UNIX sockets has named one, too.
        match value.protocol {
            Some(protocol) => drop(value.part(protocol)?),
            // The `proto` option will say what the path is.
            None if value.is_path() => {}
            None => drop(value.part(Protocol::Tcp)?),
        }
        Ok(value)
    }

    fn set_type(&mut self, unix_type: Option<UnixType>) -> Result<(), Reject> {
        match (unix_type, self.protocol) {
            (None, _) => {}
            (Some(_), Some(protocol)) if !protocol.is_unix() => {
                let what = format!("no type of UNIX sockets with protocol `{}`", protocol.name());
                return Err(Reject::expected(what, &self.text));
            }
            (Some(UnixType::Stream), Some(Protocol::UnixDgram)) => {
                let what = "datagrams with protocol `unixdgram`, got sock_stream for";
                return Err(Reject::new(format!("expected {what} {}", shown(&self.text))));
            }
            (Some(_), None) if !self.is_path() => {
                let reject = Reject::expected("a path with a type of UNIX sockets", &self.text);
                return Err(reject.with_help("name the protocol too: `unix` or `unixdgram`"));
            }
            (Some(UnixType::Dgram), _) => self.protocol = Some(Protocol::UnixDgram),
            (Some(UnixType::Stream), _) => self.protocol = Some(Protocol::Unix),
        }
        Ok(())
    }

    /// Host and target, where the port speaks `protocol`.
    ///
    /// # Errors
    /// Where the text is no port, or no path, of such a protocol.
    pub fn part(&self, protocol: Protocol) -> Result<Part, Reject> {
        let part = if protocol.is_unix() { self.path() } else { self.number(protocol) };
        part.map(|part| Part { host: self.host.clone().or(part.host), ..part })
    }

    fn is_path(&self) -> bool {
        ["/", "./", "../"].iter().any(|begin| self.text.starts_with(begin))
    }

    fn path(&self) -> Result<Part, Reject> {
        let reject = || Reject::expected("the path of a UNIX socket", &self.text);
        let behind = |c| is_separator(c) && c != '/';
        let (host, path) = match self.text.rfind(behind) {
            Some(at) if !self.braced => {
                let (host, path) = (self.text[..at].trim_end_matches(behind), &self.text[at + 1..]);
                // The host is of no use, and need not be one.
                let name = HostName::parse(host).ok();
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let may_precede =
                    name.is_some() || host.chars().all(|c| is_word(c) || "-./:".contains(c));
                if !path.chars().all(is_word) || !may_precede || ipv::is_family_like(path) {
                    let help = r#"in braces a path may be any text: {port="/run/a b", proto=unix}"#;
                    return Err(reject().with_help(help));
                }
                (name, path)
            }
            _ => (None, self.text.as_str()),
        };
        if path.is_empty() || path.contains('\0') {
            return Err(reject());
        }
        let host = host.map(|name| HostValue { name, ipv: None });
        Ok(Part { host, target: Target::Path(path.to_owned()) })
    }

    fn number(&self, protocol: Protocol) -> Result<Part, Reject> {
        let text = self.text.as_str();
        if self.is_path() {
            let (path, name) = (shown(text), protocol.name());
            let reject = Reject::new(format!("{path} is a path, and its protocol is {name}"));
            return Err(reject.with_help(format!("write {path}|unix")));
        }
        let behind = |c| is_separator(c) && c != '/';
        let (host, port) = match text.rfind(behind) {
            Some(at) => (text[..at].trim_end_matches(behind), &text[at + 1..]),
            None => text.rsplit_once('/').unwrap_or(("", text)),
        };
        let by_slash = !text.contains(behind) && text.contains('/');
        if by_slash && ipv::is_family_like(port) {
            return Err(ipv::unknown(port));
        }
        if by_slash && !port.is_empty() && !port.bytes().all(|byte| byte.is_ascii_digit()) {
            // `20202/MyTcp`: a protocol was meant, and not a service of a host.
            return Err(Protocol::unknown(port));
        }
        if text.parse::<Ipv6Addr>().is_ok() && host.parse::<Ipv6Addr>().is_err() {
            let reject = Reject::expected("a port behind the address", text);
            return Err(reject.with_help(format!("write [{text}]:8080")));
        }
        let target = target(port, text)?;
        let host = match host {
            "" => None,
            host => Some(HostValue { name: HostName::parse(host)?, ipv: None }),
        };
        Ok(Part { host, target })
    }
}

/// A number, or the name of a service, which only the system knows.
fn target(port: &str, whole: &str) -> Result<Target, Reject> {
    if whole.is_empty() {
        return Ok(Target::Number(0));
    }
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
    if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() {
        let reject = |_| Reject::expected("a port number from 0 to 65535", port);
        return port.parse().map(Target::Number).map_err(reject);
    }
    if ipv::is_family_like(port) {
        return Err(ipv::unknown(port));
    }
    let is_service = port.len() <= 64
        && port.bytes().all(is_word)
        && port.bytes().any(|byte| byte.is_ascii_alphabetic())
        && port.starts_with(|c: char| c.is_ascii_alphanumeric());
    if is_service {
        return Ok(Target::Service(port.to_owned()));
    }
    Err(Reject::expected(Port::expected(), whole))
}

/// Takes the type of a UNIX socket out of a text: by its name, or by its number before `unix`.
fn take_type(text: &str) -> (String, Option<UnixType>) {
    let of = |word: &str| match word.to_ascii_lowercase().as_str() {
        "sock_stream" => Some(UnixType::Stream),
        "sock_dgram" => Some(UnixType::Dgram),
        _ => None,
    };
    let by_name = token::find(text, 0, |word| of(word).is_some());
    let by_number = || {
        let (start, end) = token::find(text, 0, |word| matches!(word, "1" | "2"))?;
        let rest = text[end..].trim_start_matches(is_separator);
        // Else it is a port.
        let apart = text[start..].starts_with('|') && text[end..].starts_with('|');
        let is_type = apart && text.starts_with(['/', '.']) && rest.eq_ignore_ascii_case("unix");
        is_type.then_some((start, end))
    };
    let Some((start, end)) = by_name.or_else(by_number) else {
        return (text.to_owned(), None);
    };
    let word = text[start..end].trim_start_matches(is_separator);
    let found = match word {
        "1" => Some(UnixType::Stream),
        "2" => Some(UnixType::Dgram),
        word => of(word),
    };
    let mut rest = text.to_owned();
    rest.replace_range(start..end, "");
    (rest, found)
}

/// Takes a protocol off the end of a text.
fn take_protocol(text: &str) -> (String, Option<Protocol>) {
    // Perl's class has separators in it.
    let begin = text.to_ascii_lowercase().rfind("net::server::proto::");
    let begin = begin.or_else(|| text.rfind(is_separator).map(|at| at + 1));
    let Some(begin) = begin.filter(|begin| *begin > 0) else {
        return (text.to_owned(), None);
    };
    let (rest, name) = text.split_at(begin);
    let bare = rest.trim_end_matches(is_separator);
    match Protocol::from_name(name) {
        Some(protocol) if !bare.is_empty() && bare.len() < rest.len() => {
            (bare.to_owned(), Some(protocol))
        }
        _ => (text.to_owned(), None),
    }
}

impl fmt::Display for PortValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.braced {
            return settings::write(self, f);
        }
        let unix = self.protocol.is_some_and(Protocol::is_unix);
        let between = if unix { '|' } else { '/' };
        match (self.protocol, self.number(Protocol::Tcp)) {
            (Some(protocol), _) if protocol.is_unix() => f.write_str(&self.text)?,
            (_, Ok(Part { host, target })) => {
                host.map_or(Ok(()), |host| write!(f, "{host}:"))?;
                target.fmt(f)?;
            }
            (_, Err(_)) => f.write_str(&self.text)?,
        }
        self.ipv.map_or(Ok(()), |ipv| write!(f, "{between}{}", ipv.token()))?;
        self.protocol.map_or(Ok(()), |protocol| write!(f, "{between}{}", protocol.name()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Service(text) | Self::Path(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::properties;

    #[test]
    fn ports() {
        for (text, canonical) in [
            ("20203", "20203"),
            ("0", "0"),
            ("", "0"),
            ("http", "http"),
            ("20203/tcp", "20203/tcp"),
            ("localhost:20204/TCP", "localhost:20204/tcp"),
            ("*:80", "*:80"),
            (":80", "80"),
            (" 80", "80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("::1:80", "[::1]:80"),
            ("::1, 80", "[::1]:80"),
            ("foo.com/20202", "foo.com:20202"),
            ("localhost 20201 ipv4 tcp", "localhost:20201/IPv4/tcp"),
            ("[localhost]:IPv6:20201", "localhost:20201/IPv6"),
            ("20202/IPv4/IPv6", "20202/IPv46"),
            ("localhost|20202|Net::Server::Proto::TCP", "localhost:20202/tcp"),
            ("foo/bar/unix", "foo/bar|unix"),
            ("/run/s|SOCK_DGRAM|unix", "/run/s|unixdgram"),
            ("/run/s|2|unix", "/run/s|unixdgram"),
            ("/run/s|1|unix", "/run/s|unix"),
            ("/srv/2/unix", "/srv/2|unix"),
            ("/run/s|sock_dgram", "/run/s|unixdgram"),
            ("/run/x.sock unixdgram", "/run/x.sock|unixdgram"),
            ("/run/s", "/run/s"),
            ("{port=80, listen=5}", "{port=80, listen=5}"),
            (
                "{ host=a.com , port=80 , proto=udp , ipv=4 6 }",
                "{port=80, host=a.com, proto=udp, ipv=4 6}",
            ),
            (r#"{port="/run/a,b c", proto=unix}"#, r#"{port="/run/a,b c", proto=unix}"#),
        ] {
            let read = Port::parse(text).map(|port| port.to_string());
            assert_eq!(read.as_deref(), Ok(canonical), "{text}");
            let again = Port::parse(canonical).map(|port| port.to_string());
            assert_eq!(again.as_deref(), Ok(canonical), "{text} again");
        }
    }

    #[test]
    fn no_ports() {
        for (bad, words) in [
            ("::1", "a port behind the address"),
            ("fe80::1", "a port behind the address"),
            ("{port=80/udp, proto=tcp}", "`proto` once"),
            ("{port=a.com:80, host=b.com}", "`host` once"),
            ("-1", "a port as"),
            ("65536", "0 to 65535"),
            ("99999", "0 to 65535"),
            ("80-90", "a port as"),
            ("20202/", "a port as"),
            ("20202 ", "a port as"),
            ("localhost:", "a port as"),
            ("20203/tcp/udp", "one protocol"),
            ("20202/MyTcp", "unknown protocol MyTcp"),
            ("20202/IPv4v6", "IPv4, IPv6 or IPv*, got IPv4v6"),
            ("20202/IPv5", "IPv4, IPv6 or IPv*"),
            ("http:IPv4v6", "IPv4, IPv6 or IPv*, got IPv4v6"),
            ("/run/s:IPv4v6|unix", "the path of a UNIX socket"),
            ("80|sock_stream", "a path with a type of UNIX sockets"),
            ("foo/bar|sock_dgram", "name the protocol too"),
            ("{port=80, unix_type=sock_dgram}", "unix_type: expected a path"),
            ("bad!host:1", "an address, a host name"),
            ("a b c 20202", "an address, a host name"),
            ("10.0.0.1/8:20203", "an address, a host name"),
            ("80/sock_dgram/tcp", "no type of UNIX sockets"),
            ("/run/s|sock_stream|unixdgram", "datagrams with protocol `unixdgram`"),
            ("/run/a b.sock|unix", "got \"/run/a b.sock\"\n  help: in braces"),
            ("/run/a!: b|unix", "the path of a UNIX socket"),
            ("/run/a b.sock|sock_dgram", "the path of a UNIX socket"),
            ("/run/a\0b", "a port as"),
            ("/run/sock_dgram/a/", "the path of a UNIX socket"),
            ("/run/a ", "the path of a UNIX socket"),
            ("{port=80", "`}`"),
            ("{host=a.com}", "`port`"),
            ("{port=80, lisen=5}", "lisen"),
            ("{port=80, listen=0}", "listen"),
            ("{port=80, port=81}", "`port` once"),
        ] {
            match Port::parse(bad) {
                Ok(value) => panic!("{bad}: {value:?}"),
                Err(err) => assert!(err.to_string().contains(words), "{bad}: {err}"),
            }
        }
    }

    #[test]
    fn a_hostile_port_stays_on_one_line() {
        for bad in ["/run/\n\u{1b}[2J", "\n80/tcp/udp", "{port=\n", "a\nb/\nc", "[\n]:80"] {
            let said = match Port::parse(bad) {
                Ok(value) => value.part(Protocol::Tcp).unwrap_err(),
                Err(reject) => reject,
            };
            let texts = said.fault + &said.help.unwrap_or_default();
            assert!(!texts.contains(char::is_control), "{bad:?}: {texts}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_printed_and_read_again(text in "[a-z0-9:/|,\\[\\]*. {}=\"\\\\IPvtcpudnixm_-]{0,24}") {
            properties::port(&text);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            properties::port(&text);
        }
    }
}
