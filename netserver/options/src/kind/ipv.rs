//! IPv4, IPv6, both, or whatever there is.

use super::Kind;
use super::token::{self, is_separator};
use crate::reject::Reject;

/// The address families of a port: `4`, `6`, both (`4 6`, in any order and spelling: `v4v6`, `IPv4
/// IPv6`), or `*`.
#[derive(Debug)]
pub struct Ipv;

/// What an [`Ipv`] text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpvValue {
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
    /// A listener for each of them.
    Both,
    /// Every address that the host has.
    Any,
}

impl IpvValue {
    /// Either of them.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::V4, Self::V4) => Self::V4,
            (Self::V6, Self::V6) => Self::V6,
            _ => Self::Both,
        }
    }

    /// As it stands behind a port.
    pub const fn token(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
            Self::Both => "IPv46",
            Self::Any => "IPv*",
        }
    }

    fn of_digit(digit: char) -> Option<Self> {
        match digit {
            '4' => Some(Self::V4),
            '6' => Some(Self::V6),
            '*' => Some(Self::Any),
            _ => None,
        }
    }

    /// Digits and `*` alone.
    fn of_digits(digits: &str) -> Option<Self> {
        let mut all = digits.chars().map(Self::of_digit);
        let first = all.next()??;
        all.try_fold(first, |sum, one| one.map(|one| sum.and(one)))
    }
}

impl Kind for Ipv {
    type Value = IpvValue;
    const PLACEHOLDER: &'static str = "IPV";

    fn expected() -> String {
        "4, 6, `4 6` or *".into()
    }

    fn parse(text: &str) -> Result<IpvValue, Reject> {
        let reject = || Reject::expected(Self::expected(), text);
        let words = text.split(is_separator).filter(|word| !word.is_empty());
        let values = words.map(|word| {
            // `IPv4`, `v4`, `4`, and these again without anything between.
            let bare = word.to_ascii_lowercase().replace("ipv", "").replace('v', "");
            let is_doubled = word.to_ascii_lowercase().contains("vv") || word.ends_with(['v', 'V']);
            if is_doubled { None } else { IpvValue::of_digits(&bare) }
        });
        let all = values.collect::<Option<Vec<_>>>().ok_or_else(reject)?;
        all.into_iter().reduce(IpvValue::and).ok_or_else(reject)
    }

    fn print(value: &IpvValue) -> String {
        match value {
            IpvValue::V4 => "4",
            IpvValue::V6 => "6",
            IpvValue::Both => "4 6",
            IpvValue::Any => "*",
        }
        .into()
    }
}

/// Takes every family (`/IPv6`) out of a text, each behind a separator, and what they are together.
pub(super) fn take_all(text: &str) -> Result<(String, Option<IpvValue>), Reject> {
    let (mut rest, mut found) = (text.to_owned(), None::<IpvValue>);
    // Of a path a folder may be called so.
    let is_path = text.starts_with(['/', '.']);
    let mut from = 0;
    while let Some((start, end)) = token::find(&rest, from, is_family) {
        let word = &rest[start..end];
        if is_path && !word.starts_with(|c| is_separator(c) && c != '/') {
            from = end;
            continue;
        }
        let digits = word.trim_start_matches(is_separator).get(3..).unwrap_or_default();
        let value = IpvValue::of_digits(digits)
            .ok_or_else(|| unknown(word.trim_start_matches(is_separator)))?;
        found = Some(found.map_or(value, |found| found.and(value)));
        rest.replace_range(start..end, "");
        from = start;
    }
    Ok((rest, found))
}

fn is_family(word: &str) -> bool {
    is_family_like(word) && word.chars().skip("ipv".len()).all(|c| c.is_ascii_digit() || c == '*')
}

/// Whether a word begins as a family does, so that it can be meant as nothing else: `IPv4v6`.
pub(super) fn is_family_like(word: &str) -> bool {
    let (begin, rest) = word.split_at_checked("ipv".len()).unwrap_or_default();
    begin.eq_ignore_ascii_case("ipv") && rest.starts_with(|c: char| c.is_ascii_digit() || c == '*')
}

/// Why `word` is no family.
pub(super) fn unknown(word: &str) -> Reject {
    Reject::expected("IPv4, IPv6 or IPv*", word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for (text, canonical) in [
            ("4", "4"),
            ("6", "6"),
            ("*", "*"),
            ("v4v6", "4 6"),
            ("46", "4 6"),
            ("64", "4 6"),
            ("IPv4 IPv6", "4 6"),
            ("IPv4, IPv6", "4 6"),
            ("ipv6", "6"),
            ("6 *", "*"),
        ] {
            assert_eq!(
                Ipv::parse(text).map(|value| Ipv::print(&value)).as_deref(),
                Ok(canonical),
                "{text}"
            );
        }
        let path = |text: &str| take_all(text).map(|(rest, _)| rest);
        assert_eq!(path("/run/ipv4/s|unix").as_deref(), Ok("/run/ipv4/s|unix"));
        assert_eq!(path("/run/s|ipv4|unix").as_deref(), Ok("/run/s|unix"));
        for bad in ["", "5", "foo", "v", "4v", "vv4", "ip", "4x", "IPv"] {
            assert!(Ipv::parse(bad).is_err(), "{bad}");
        }
    }
}
