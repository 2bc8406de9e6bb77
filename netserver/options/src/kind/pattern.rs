//! What an address or a name is held against: a network, an address, or a regular expression.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use regex_lite::{Regex, RegexBuilder};

use super::Kind;
use crate::reject::Reject;

/// A network in CIDR notation, an address, or a regular expression that has to match the whole of
/// a text, in any case.
#[derive(Debug)]
pub struct Pattern;

/// What a [`Pattern`] text stands for.
#[derive(Debug, Clone)]
pub struct PatternValue {
    text: String,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Network(IpNet),
    Expression(Regex),
}

/// Largest program that an expression may become, so that none takes the memory of the server.
const LARGEST: usize = 1 << 20;

impl PatternValue {
    /// Whether the network holds that address, or the expression matches its text. An IPv4 address
    /// in IPv6 form is the IPv4 address.
    pub fn matches_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match &self.matcher {
            Matcher::Network(network) => network.contains(&address),
            Matcher::Expression(expression) => expression.is_match(&address.to_string()),
        }
    }

    /// Whether the expression matches the whole of that text; a network matches none.
    pub fn matches_text(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Network(_) => false,
            Matcher::Expression(expression) => expression.is_match(text),
        }
    }
}

impl PartialEq for PatternValue {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for PatternValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Kind for Pattern {
    type Value = PatternValue;
    const PLACEHOLDER: &'static str = "PATTERN";

    fn expected() -> String {
        "an address, a network such as 10.0.0.0/8, or a regular expression".into()
    }

    fn parse(text: &str) -> Result<PatternValue, Reject> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Reject::expected(Self::expected(), text));
        }
        let matcher = match network(text)? {
            Some(network) => Matcher::Network(network),
            None => Matcher::Expression(expression(text)?),
        };
        Ok(PatternValue { text: text.to_owned(), matcher })
    }

    fn print(value: &PatternValue) -> String {
        value.text.clone()
    }
}

/// The network that a text names; `None` where it is not meant to be one.
fn network(text: &str) -> Result<Option<IpNet>, Reject> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Some(address.to_canonical().into()));
    }
    if text.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()) {
        // As an expression it would be good, and match nobody.
        return Err(Reject::expected("an address without a zone", text));
    }
    let Some((address, _)) = text.split_once('/') else { return Ok(None) };
    if address.parse::<IpAddr>().is_err() {
        return Ok(None);
    }
    let network: IpNet =
        text.parse().map_err(|_| Reject::expected("a network such as 10.0.0.0/8", text))?;
    if network.addr() != network.network() {
        // Somebody thought of one host, or of another network: it is not for us to say which.
        let reject = Reject::expected("a network without host bits", text);
        return Err(reject.with_help(format!("write {} or {address}", network.trunc())));
    }
    Ok(Some(canonical(network)))
}

/// Bits of an IPv6 address before the IPv4 address that it may stand for.
const MAPPED: u8 = 96;

/// The network in the family that its clients have: those of `::ffff:10.0.0.0/104` are IPv4.
fn canonical(network: IpNet) -> IpNet {
    let (IpAddr::V4(address), IpNet::V6(_)) = (network.addr().to_canonical(), network) else {
        return network;
    };
    let length = network.prefix_len().checked_sub(MAPPED);
    let mapped = length.and_then(|length| Ipv4Net::new(address, length).ok());
    mapped.map_or(network, IpNet::V4)
}

fn expression(text: &str) -> Result<Regex, Reject> {
    let compiled =
        |text: &str| RegexBuilder::new(text).case_insensitive(true).size_limit(LARGEST).build();
    // By itself first: a stray `)` would end the group, and what follows it not be anchored.
    let whole = compiled(text).and_then(|_| compiled(&format!(r"\A(?:{text})\z")));
    whole.map_err(|err| {
        let why = err.to_string();
        let why = why.lines().last().unwrap_or_default().trim();
        Reject::expected(format!("{} ({why})", Pattern::expected()), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, address: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches_address(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_networks() {
        for (pattern, address, expected) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.10", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("::/0", "::1", true),
            ("fe80::/10", "fe80::1", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("::ffff:0.0.0.0/96", "11.1.2.3", true),
            ("::/0", "11.1.2.3", false),
            (r"10\.0\.0\.1|192\.168\.1\.1", "10.0.0.1", true),
            (r"10\.0\.0\.1|192\.168\.1\.1", "10.0.0.12", false),
        ] {
            assert_eq!(holds(pattern, address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn names_match_as_a_whole_and_in_any_case() {
        let pattern = Pattern::parse(r".+\.example\.com").unwrap();
        assert!(pattern.matches_text("a.EXAMPLE.com"));
        assert!(!pattern.matches_text("a.example.com.evil"));
        assert!(!pattern.matches_text("a.example.com\n"));
        assert!(!Pattern::parse("10.0.0.0/8").unwrap().matches_text("10.0.0.0/8"));
    }

    #[test]
    fn what_is_none_is_refused() {
        for bad in [
            "",
            "(",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "a\nb",
            r"(\w{1000}){1000}",
            "a)|(?:b",
            "fe80::1%eth0",
            "fe80::%eth0/64",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        let help = Pattern::parse("10.0.0.1/8").unwrap_err().help;
        assert_eq!(help.as_deref(), Some("write 10.0.0.0/8 or 10.0.0.1"));
    }
}
