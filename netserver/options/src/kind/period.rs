//! Spans of time.

use std::time::Duration;

use super::Kind;
use crate::reject::Reject;

/// A span of time: `500ms`, `30s`, `1.5m`, `2h`, `1d`; a bare number is seconds. To the
/// millisecond.
#[derive(Debug)]
pub struct Period;

/// Units in milliseconds, smallest first.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Kind for Period {
    type Value = Duration;
    const PLACEHOLDER: &'static str = "DURATION";

    fn expected() -> String {
        "a duration such as 500ms, 30s, 5m or 1h".into()
    }

    fn parse(text: &str) -> Result<Duration, Reject> {
        milliseconds(text)
            .map(Duration::from_millis)
            .ok_or_else(|| Reject::expected(Self::expected(), text))
    }

    fn print(value: &Duration) -> String {
        let total = Self::measure(value).unwrap_or_default();
        let unit =
            UNITS.iter().rev().find(|(_, length)| total > 0 && total.is_multiple_of(*length));
        match unit {
            Some((name, length)) => format!("{}{name}", total / length),
            None => "0s".into(),
        }
    }

    fn measure(value: &Duration) -> Option<u64> {
        u64::try_from(value.as_millis()).ok()
    }
}

/// The milliseconds of `NUMBER[.FRACTION][UNIT]`, where they are whole.
fn milliseconds(text: &str) -> Option<u64> {
    let end = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let length = match unit {
        "" => 1_000,
        _ => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.len() <= 9 => (whole, fraction),
        Some(_) => return None,
        None => (number, "0"),
    };
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let parts = fraction.parse::<u64>().ok()?.checked_mul(length)?;
    if parts % scale != 0 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(length)?.checked_add(parts / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_fractions() {
        for (text, millis) in [
            ("0", 0),
            ("30", 30_000),
            ("30s", 30_000),
            ("30 s", 30_000),
            ("500ms", 500),
            ("1.5", 1_500),
            ("0.001s", 1),
            ("1.5m", 90_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(Period::parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in
            ["", "s", ".5", "5.", "1.2.3", "-1", "1y", "0.0001s", "1 m s", "99999999999999999d"]
        {
            assert!(Period::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn prints_the_largest_whole_unit() {
        for (millis, text) in
            [(0, "0s"), (500, "500ms"), (30_000, "30s"), (90_000, "90s"), (600_000, "10m")]
        {
            assert_eq!(Period::print(&Duration::from_millis(millis)), text);
        }
    }
}
