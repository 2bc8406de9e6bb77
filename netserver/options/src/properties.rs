//! What holds for any text whatever. Generated tests and the targets of `fuzz/` call these alike; each
//! panics where it does not hold.

use std::net::IpAddr;

use crate::kind::{Kind, Pattern, PatternValue, Port};

/// A port is refused in one line, or read; what is read is printed, and read as what it was.
pub fn port(text: &str) {
    match Port::parse(text) {
        Ok(value) => {
            let printed = value.to_string();
            let again = Port::parse(&printed).map(|value| value.to_string());
            assert_eq!(
                again.map_err(|reject| reject.to_string()).as_ref(),
                Ok(&printed),
                "{text:?}"
            );
        }
        Err(reject) => {
            let said = reject.fault + &reject.help.unwrap_or_default();
            assert!(!said.contains(char::is_control), "{text:?}: {said:?}");
        }
    }
}

/// The same of a text that has a pattern, an address and a name on a line each: see [`holds`].
pub fn pattern(text: &str) {
    let mut lines = text.lines();
    let [text, address, name] = [(); 3].map(|()| lines.next().unwrap_or_default());
    if let Ok(address) = address.parse() {
        holds(text, address, name);
    }
}

/// A pattern holds an address by the bits of its network, and a name as a whole or not at all.
pub fn holds(text: &str, address: IpAddr, name: &str) {
    let Ok(value) = Pattern::parse(text) else { return };
    assert_eq!(Pattern::parse(&Pattern::print(&value)).as_ref(), Ok(&value));
    let spellings = [address, address.to_canonical(), in_ipv6(address)];
    let held = spellings.map(|address| value.matches_address(address));
    assert!(held.iter().all(|one| *one == held[0]), "{text} holds {address} in one spelling only");
    if let Some((network, length)) = network(text) {
        assert_eq!(held[0], is_inside(address, network, length), "{text} {address}");
        assert!(!value.matches_text(name), "{text} is no name {name:?}");
        return;
    }
    by_its_text(text, &value, name);
}

fn by_its_text(text: &str, value: &PatternValue, name: &str) {
    let held = value.matches_text(name);
    // Unless the pattern itself says that its case counts.
    if !text.contains("(?") {
        assert_eq!(held, value.matches_text(&name.to_ascii_uppercase()), "{text} {name:?}");
    }
    let is_literal = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    if is_literal {
        assert_eq!(held, text.eq_ignore_ascii_case(name), "{text} {name:?}");
        for more in [format!("{text}.evil"), format!("evil.{text}"), format!("{text}\n")] {
            assert!(!value.matches_text(&more), "{text} {more:?}");
        }
    }
}

/// The network that a good text of a pattern names, and the length of its prefix.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    Some((address, if length.is_empty() { all } else { length.parse().ok()? }))
}

/// Bit by bit, of all addresses in the form of IPv6; those of IPv4 are in no network of IPv6.
fn is_inside(address: IpAddr, network: IpAddr, length: u32) -> bool {
    let length = if network.is_ipv4() { length + 96 } else { length };
    let is_ipv4 = |address: IpAddr| address.to_canonical().is_ipv4();
    let [one, other] = [address, network].map(|address| match in_ipv6(address) {
        IpAddr::V6(address) => address.to_bits(),
        IpAddr::V4(_) => unreachable!("it was made IPv6"),
    });
    let differs = (0..length).any(|bit| (one ^ other) & (1 << (127 - bit)) != 0);
    is_ipv4(address) == is_ipv4(network) && !differs
}

fn in_ipv6(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// The network around an address, as somebody writes it.
    fn around(address: IpAddr, length: u32) -> String {
        match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
                format!("{}/{}", Ipv4Addr::from_bits(address.to_bits() & mask), length.min(32))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        }
    }

    /// The address that differs in one bit.
    fn beside(address: IpAddr, bit: u32) -> IpAddr {
        match address {
            IpAddr::V4(address) => {
                Ipv4Addr::from_bits(address.to_bits() ^ (1 << (bit % 32))).into()
            }
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() ^ (1 << bit)).into(),
        }
    }

    proptest! {
        #[test]
        fn networks_are_held_bit_by_bit(address: IpAddr, bit in 0..128_u32, length in 0..=128_u32) {
            for address in [address, in_ipv6(address)] {
                let network = around(address, length);
                prop_assert!(Pattern::parse(&network).is_ok(), "{}", network);
                holds(&network, address, "localhost");
                holds(&network, beside(address, bit), "localhost");
            }
        }

        #[test]
        fn names_are_held_as_a_whole(
            text in r"[a-z0-9_ ]{1,8}|[a-z.*+?|()\[\]^$\\]{1,8}", address: IpAddr, name in "[a-zA-Z.-]{0,8}",
        ) {
            holds(&text, address, &name);
            holds(&text, address, &text);
        }
    }

    /// What the fuzzer starts from, and what it has found before.
    #[test]
    fn the_seeds_of_the_fuzzer() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        if !seeds.exists() {
            // The package alone is tested, and has none.
            return;
        }
        for (target, property) in [("patterns", pattern as fn(&str)), ("ports", port)] {
            let files: Vec<_> = fs::read_dir(seeds.join(target)).unwrap().collect();
            assert!(files.len() > 3, "{target} has {} seeds", files.len());
            for file in files {
                property(&fs::read_to_string(file.unwrap().path()).unwrap());
            }
        }
    }
}
