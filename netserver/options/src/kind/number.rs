//! Whole numbers: of things, and of bytes.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::{Json, Kind};
use crate::reject::Reject;

/// A number of things.
#[derive(Debug)]
pub struct Count;

impl Kind for Count {
    type Value = u32;
    const PLACEHOLDER: &'static str = "NUMBER";
    const JSON: Json = Json::Bare;

    fn expected() -> String {
        "a whole number".into()
    }

    fn parse(text: &str) -> Result<u32, Reject> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| Reject::expected(Self::expected(), text))
    }

    fn print(value: &u32) -> String {
        value.to_string()
    }

    fn measure(value: &u32) -> Option<u64> {
        Some(u64::from(*value))
    }
}

/// A whole number of Rust's, of any of its types.
pub trait Whole: Copy + fmt::Debug + fmt::Display + PartialEq + FromStr + 'static {
    /// Least and greatest value, for a message.
    const BOUNDS: (&'static str, &'static str);

    /// A number that is in the same order as the values: negative ones too.
    fn ordinal(self) -> u64;
}

/// The bounds of Rust's whole numbers as texts.
macro_rules! bound {
    (u8) => {
        "255"
    };
    (u16) => {
        "65535"
    };
    (u32) => {
        "4294967295"
    };
    (u64) => {
        "18446744073709551615"
    };
    (usize) => {
        "18446744073709551615"
    };
    (i8) => {
        "127"
    };
    (i16) => {
        "32767"
    };
    (i32) => {
        "2147483647"
    };
    (i64) => {
        "9223372036854775807"
    };
    (isize) => {
        "9223372036854775807"
    };
    (min i8) => {
        "-128"
    };
    (min i16) => {
        "-32768"
    };
    (min i32) => {
        "-2147483648"
    };
    (min i64) => {
        "-9223372036854775808"
    };
    (min isize) => {
        "-9223372036854775808"
    };
}

macro_rules! whole {
    ($($unsigned:ident)+ | $($signed:ident)+) => {
        $(impl Whole for $unsigned {
            const BOUNDS: (&'static str, &'static str) = ("0", bound!($unsigned));

            fn ordinal(self) -> u64 {
                u64::try_from(self).unwrap_or(u64::MAX)
            }
        })+
        $(impl Whole for $signed {
            const BOUNDS: (&'static str, &'static str) = (bound!(min $signed), bound!($signed));

            fn ordinal(self) -> u64 {
                // One side of zero after the other.
                i64::try_from(self).unwrap_or(i64::MAX).cast_unsigned() ^ (1 << 63)
            }
        })+
    };
}

whole!(u8 u16 u32 u64 usize | i8 i16 i32 i64 isize);

/// A whole number of type `N`.
#[derive(Debug)]
pub struct Number<N>(PhantomData<N>);

impl<N: Whole> Kind for Number<N> {
    type Value = N;
    const PLACEHOLDER: &'static str = "NUMBER";
    const JSON: Json = Json::Bare;

    fn expected() -> String {
        let (low, high) = N::BOUNDS;
        format!("{} from {low} to {high}", Self::bounded())
    }

    fn bounded() -> String {
        "a whole number".into()
    }

    fn parse(text: &str) -> Result<N, Reject> {
        // Rust would take a plus sign, which no other number here may have.
        let number = if text.starts_with('+') { None } else { text.parse().ok() };
        number.ok_or_else(|| Reject::expected(Self::expected(), text))
    }

    fn print(value: &N) -> String {
        value.to_string()
    }

    fn measure(value: &N) -> Option<u64> {
        Some(value.ordinal())
    }
}

/// A number of bytes, plain or in `KiB`, `MiB`, `GiB` (short: `K`, `M`, `G`).
#[derive(Debug)]
pub struct Size;

/// Units of [`Size`], largest first.
const UNITS: [(&str, &str, u64); 3] =
    [("GiB", "G", 1 << 30), ("MiB", "M", 1 << 20), ("KiB", "K", 1 << 10)];

impl Kind for Size {
    type Value = u64;
    const PLACEHOLDER: &'static str = "SIZE";

    fn expected() -> String {
        "a number of bytes such as 512, 64KiB or 1MiB".into()
    }

    fn parse(text: &str) -> Result<u64, Reject> {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = (&text[..end], text[end..].trim_start());
        let factor = UNITS
            .iter()
            .find(|(long, short, _)| unit == *long || unit.eq_ignore_ascii_case(short))
            .map(|(_, _, factor)| *factor)
            .or(matches!(unit, "" | "B").then_some(1));
        let number: Option<u64> = digits.parse().ok();
        number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .ok_or_else(|| Reject::expected(Self::expected(), text))
    }

    fn print(value: &u64) -> String {
        let unit = UNITS.iter().find(|(_, _, factor)| *value > 0 && value.is_multiple_of(*factor));
        match unit {
            Some((name, _, factor)) => format!("{}{name}", value / factor),
            None => value.to_string(),
        }
    }

    fn measure(value: &u64) -> Option<u64> {
        Some(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(Count::parse("0"), Ok(0));
        assert_eq!(Count::parse("007"), Ok(7));
        for bad in ["", "-1", "+1", "1.5", "1e3", "4294967296", "٣"] {
            assert!(Count::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("512", 512),
            ("64KiB", 65536),
            ("64 KiB", 65536),
            ("64k", 65536),
            ("1M", 1 << 20),
            ("9B", 9),
        ] {
            assert_eq!(Size::parse(text), Ok(bytes), "{text}");
        }
        for bad in ["", "K", "64KB", "-1", "1.5M", "99999999999G", "64 Ki B"] {
            assert!(Size::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Size::print(&65536), "64KiB");
        assert_eq!(Size::print(&1000), "1000");
        assert_eq!(Size::print(&0), "0");
    }
}
