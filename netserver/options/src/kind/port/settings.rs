//! A port with settings of its own: `{port=443, proto=ssl, listen=100}`.

use std::fmt;

use super::PortValue;
use crate::kind::ipv::Ipv;
use crate::kind::protocol::{Proto, Protocol};
use crate::kind::unix_type::UnixType;
use crate::kind::{Choice, Host, Kind};
use crate::reject::{Reject, shown};
use crate::table;

/// Reads what stands behind the opening brace.
pub(super) fn parse(text: &str) -> Result<PortValue, Reject> {
    let pairs = pairs(text)?;
    for (at, (key, _)) in pairs.iter().enumerate() {
        let repeats = table::find(key).is_some_and(|spec| spec.kind.repeats)
            && table::PER_PORT.contains(&key.as_str());
        if !repeats && pairs[..at].iter().any(|(other, _)| other == key) {
            let key = shown(key);
            let fault = format!("expected `{key}` once in a port's settings, got it twice");
            return Err(Reject::new(fault));
        }
    }
    let of = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str());
    let named = |key: &'static str| move |reject: Reject| within(key, reject);
    let port = of("port").ok_or_else(|| Reject::new("expected `port` among a port's settings"))?;
    let proto = of("proto").map(Proto::parse).transpose().map_err(named("proto"))?;
    let mut value = PortValue {
        text: port.to_owned(),
        braced: true,
        host: of("host").map(Host::parse).transpose().map_err(named("host"))?,
        protocol: proto.map(|proto| proto.protocol),
        ipv: of("ipv").map(Ipv::parse).transpose().map_err(named("ipv"))?,
        own: Vec::new(),
    };
    value.ipv = value.ipv.or(proto.and_then(|proto| proto.ipv));
    if value.protocol.is_none_or(|protocol| !protocol.is_unix()) {
        let plain = PortValue::plain(port).map_err(named("port"))?;
        let part = plain.part(plain.protocol.unwrap_or(Protocol::Tcp)).ok();
        let host = part.is_some_and(|part| part.host.is_some());
        for (key, both) in [
            ("host", host && value.host.is_some()),
            ("proto", plain.protocol.is_some() && value.protocol.is_some()),
            ("ipv", plain.ipv.is_some() && value.ipv.is_some()),
        ] {
            if both {
                let fault = format!("expected `{key}` once, got it in `port` and beside it");
                return Err(Reject::new(fault));
            }
        }
        value.text = plain.text;
        value.protocol = value.protocol.or(plain.protocol);
        value.ipv = value.ipv.or(plain.ipv);
    }
    for (key, text) in &pairs {
        value.take(key, text)?;
    }
    if let Some(protocol) = value.protocol {
        value.part(protocol).map_err(named("port"))?;
    }
    Ok(value)
}

impl PortValue {
    /// Takes an option of the port's own.
    fn take(&mut self, key: &str, text: &str) -> Result<(), Reject> {
        if ["port", "host", "proto", "ipv"].contains(&key) {
            return Ok(());
        }
        let known = table::PER_PORT.iter().chain(&["port", "host", "proto", "ipv"]).copied();
        let Some(spec) = table::find(key).filter(|spec| table::PER_PORT.contains(&spec.name))
        else {
            return Err(Reject::unknown("setting of a port", key, known));
        };
        let canonical = spec.check(text).map_err(|reject| within(spec.name, reject))?.canonical;
        if spec.name == "unix_type" {
            let unix_type = Choice::<UnixType>::parse(&canonical)?;
            return self.set_type(Some(unix_type)).map_err(|reject| within(spec.name, reject));
        }
        self.own.push((spec.name, canonical));
        Ok(())
    }
}

fn within(key: &str, reject: Reject) -> Reject {
    Reject { fault: format!("{key}: {}", reject.fault), ..reject }
}

/// Names and texts, up to the closing brace.
fn pairs(text: &str) -> Result<Vec<(String, String)>, Reject> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(end) = rest.strip_prefix('}') {
            return if end.trim().is_empty() { Ok(pairs) } else { Err(unfinished(text)) };
        }
        let (key, behind) = rest.split_once('=').ok_or_else(|| unfinished(text))?;
        let (value, behind) = value(behind.trim_start()).ok_or_else(|| unfinished(text))?;
        pairs.push((key.trim().replace('-', "_"), value));
        let behind = behind.trim_start();
        rest = match behind.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if behind.starts_with('}') => behind,
            None => return Err(unfinished(text)),
        };
    }
}

fn unfinished(text: &str) -> Reject {
    Reject::expected("`{name=value, ...}` up to a `}`", &format!("{{{text}"))
}

/// One value, in quotes or up to the next comma, and what is behind it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '}'])?;
        return Some((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// The settings as text that reads back as the same port.
pub(super) fn write(port: &PortValue, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{{port={}", quoted(&port.text))?;
    let host = port.host.as_ref().map(Host::print);
    let proto = port.protocol.map(|protocol| protocol.name().to_owned());
    let ipv = port.ipv.as_ref().map(Ipv::print);
    let parts = [("host", host), ("proto", proto), ("ipv", ipv)];
    let parts = parts.into_iter().filter_map(|(key, text)| text.map(|text| (key, text)));
    for (key, text) in parts.chain(port.own.iter().cloned()) {
        write!(f, ", {key}={}", quoted(&text))?;
    }
    f.write_str("}")
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text == text.trim() && !text.contains([',', '}', '"', '\\']);
    if plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
