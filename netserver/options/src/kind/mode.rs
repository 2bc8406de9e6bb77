//! Permissions of a file, in octal.

use super::Kind;
use crate::reject::Reject;

/// Permissions as `chmod` takes them in digits: `0660`.
#[derive(Debug)]
pub struct Mode;

impl Kind for Mode {
    type Value = u32;
    const PLACEHOLDER: &'static str = "MODE";

    fn expected() -> String {
        "permissions in octal, 0 to 0777".into()
    }

    fn parse(text: &str) -> Result<u32, Reject> {
        let reject = || Reject::expected(Self::expected(), text);
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(reject());
        }
        let mode = u32::from_str_radix(digits, 8).map_err(|_| reject())?;
        if mode > 0o777 { Err(reject()) } else { Ok(mode) }
    }

    fn print(value: &u32) -> String {
        format!("{value:04o}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (text, canonical) in [("0660", "0660"), ("660", "0660"), ("0", "0000"), ("0o7", "0007")]
        {
            assert_eq!(Mode::parse(text).map(|mode| Mode::print(&mode)).as_deref(), Ok(canonical));
        }
        for bad in ["", "8", "1777", "rw", "-1", "+6", "0x6", "77777777777777"] {
            assert!(Mode::parse(bad).is_err(), "{bad}");
        }
    }
}
