//! From the options `port`, `host`, `proto` and `ipv` to what is to be listened on: pure, and
//! without asking anybody for an address.

use std::net::IpAddr;

use crate::kind::{HostName, HostValue, IpvValue, PortValue, ProtoValue, Protocol, Target};
use crate::reject::Reject;

/// One thing to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wish {
    /// The place of its port in the `port` option.
    pub at: usize,
    /// The host; for a path it is of no use.
    pub host: HostName,
    /// What to bind there.
    pub target: Target,
    /// What to speak.
    pub protocol: Protocol,
    /// Whether the port itself says so, and not the `proto` option.
    pub named: bool,
    /// The addresses of the host that count.
    pub family: Family,
    /// Options of the port's own: names and canonical values.
    pub own: Vec<(&'static str, String)>,
}

/// Which addresses of a host count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Those of IPv4.
    V4,
    /// Those of IPv6.
    V6,
    /// All; of `*`, one listener for both.
    Any,
}

impl Family {
    /// As it is shown: 4, 6 or *.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "4",
            Self::V6 => "6",
            Self::Any => "*",
        }
    }
}

/// What the options ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wishes {
    /// Each once.
    pub all: Vec<Wish>,
    /// Those that were asked for again, and are left out.
    pub repeated: Vec<Wish>,
}

/// What the options ask for together. Where a port leaves something open, the other options have it
/// at the port's place, and the last one of each for all further ports.
///
/// # Errors
/// The place of a port that is none with its protocol, and why.
pub fn wishes(
    ports: &[PortValue],
    hosts: &[HostValue],
    protos: &[ProtoValue],
    ipvs: &[IpvValue],
) -> Result<Wishes, (usize, Reject)> {
    let mut wishes = Wishes::default();
    for (at, port) in ports.iter().enumerate() {
        let (host, proto) = (at_or_last(hosts, at), at_or_last(protos, at));
        let option = at_or_last(ipvs, at).copied();
        for wish in of_port(at, port, host, proto, option).map_err(|reject| (at, reject))? {
            // Port 0 is another port each time.
            let again = wish.target != Target::Number(0)
                && wishes.all.iter().any(|other| is_same(other, &wish));
            if again { wishes.repeated.push(wish) } else { wishes.all.push(wish) }
        }
    }
    Ok(wishes)
}

fn at_or_last<T>(values: &[T], at: usize) -> Option<&T> {
    values.get(at).or_else(|| values.last())
}

fn is_same(one: &Wish, other: &Wish) -> bool {
    let place = |wish: &Wish| (wish.target.clone(), wish.protocol, wish.family);
    // The host of a path is of no use.
    let host = one.host == other.host || one.protocol.is_unix();
    place(one) == place(other) && host
}

fn of_port(
    at: usize,
    port: &PortValue,
    host: Option<&HostValue>,
    proto: Option<&ProtoValue>,
    option: Option<IpvValue>,
) -> Result<Vec<Wish>, Reject> {
    let named = port.protocol.is_some();
    let protocol = port.protocol.or(proto.map(|proto| proto.protocol)).unwrap_or(Protocol::Tcp);
    let part = port.part(protocol)?;
    let host = part.host.as_ref().or(host);
    let name = host.map_or(HostName::Any, |host| host.name.clone());
    let own_proto = proto.filter(|_| !named);
    // The nearest to the port counts.
    let ipv = port.ipv.or(host.and_then(|host| host.ipv));
    let ipv = ipv.or(own_proto.and_then(|proto| proto.ipv)).or(option).unwrap_or(IpvValue::Any);
    let families = families(protocol, &name, ipv);
    let wish = |family: &Family| Wish {
        at,
        host: name.clone(),
        target: part.target.clone(),
        protocol,
        named,
        family: *family,
        own: port.own.clone(),
    };
    Ok(families.iter().map(wish).collect())
}

/// An address has its family, whatever else is said: but of an IPv4 address as IPv6 bind says what
/// is wrong.
fn families(protocol: Protocol, host: &HostName, ipv: IpvValue) -> &'static [Family] {
    match (host, ipv) {
        _ if protocol.is_unix() => &[Family::Any],
        (HostName::Address(IpAddr::V6(_)), _) | (_, IpvValue::V6) => &[Family::V6],
        (HostName::Address(IpAddr::V4(_)), IpvValue::Any) | (_, IpvValue::V4) => &[Family::V4],
        (_, IpvValue::Both) => &[Family::V6, Family::V4],
        (_, IpvValue::Any) => &[Family::Any],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Host, Ipv, Kind, List, Port, Proto};
    use crate::table;

    /// The options of one row of `ports.txt`, by their texts.
    struct Row<'a>(Vec<(&'a str, &'a str)>);

    impl Row<'_> {
        fn texts(&self, name: &str) -> Vec<String> {
            let of_it = self.0.iter().filter(|(key, _)| *key == name);
            let texts: Vec<String> = of_it.map(|(_, text)| (*text).to_owned()).collect();
            if texts.is_empty() { defaults(name) } else { texts }
        }

        /// What the options ask for, as the table shows it.
        fn records(&self) -> Result<Vec<String>, Reject> {
            for (name, text) in &self.0 {
                table::find(name).ok_or_else(|| Reject::new("unknown option"))?.check(text)?;
            }
            let ports = List::<Port>::gather(&self.texts("port"))?;
            let hosts = List::<Host>::gather(&self.texts("host"))?;
            let protos = List::<Proto>::gather(&self.texts("proto"))?;
            let ipvs = List::<Ipv>::gather(&self.texts("ipv"))?;
            let wishes = wishes(&ports, &hosts, &protos, &ipvs).map_err(|(_, reject)| reject)?;
            Ok(wishes.all.iter().map(shown).collect())
        }
    }

    fn defaults(name: &str) -> Vec<String> {
        let defaults = table::find(name).unwrap().defaults_for(None);
        defaults.iter().map(|text| (*text).to_owned()).collect()
    }

    fn shown(wish: &Wish) -> String {
        let host = match &wish.host {
            HostName::Address(ip) => ip.to_string(),
            host => host.to_string(),
        };
        format!("{host} {} {} {}", wish.target, wish.protocol.name(), wish.family.name())
    }

    /// Hand-written; the attribute and the command line are held to it elsewhere.
    #[test]
    fn each_row_is_what_the_options_ask_for_together() {
        let rows = include_str!("../ports.txt");
        let mut numbers = Vec::new();
        for line in rows.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split(" => ").collect();
            numbers.push(columns[0].parse::<usize>().unwrap());
            let options = columns[1].split(" ; ").filter(|option| !option.is_empty());
            let row = Row(options.map(|option| option.split_once('=').unwrap()).collect());
            match (columns[2].strip_prefix("error: "), row.records()) {
                (None, Ok(records)) => assert_eq!(records.join(" ; "), columns[2], "{line}"),
                (Some(words), Err(reject)) => {
                    assert!(reject.to_string().contains(words), "{line}: {reject}");
                }
                (_, said) => panic!("{line}: {said:?}"),
            }
        }
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!(numbers, (1..=100).collect::<Vec<_>>(), "every row is there");
    }

    #[test]
    fn what_is_asked_for_twice_is_told() {
        let ports = List::<Port>::gather(&["80".into(), "0".into(), "80/tcp".into(), "0".into()]);
        let wishes = wishes(&ports.unwrap(), &[], &[], &[]).unwrap();
        let at = |wishes: &[Wish]| wishes.iter().map(|wish| wish.at).collect::<Vec<_>>();
        assert_eq!((at(&wishes.all), at(&wishes.repeated)), (vec![0, 1, 3], vec![2]));
    }
}
