//! Users and groups: by name or by number.

use super::Kind;
use crate::reject::Reject;

/// A user or a group, by its name or its number. Which of the two it is, and whether there is one of
/// that name, is for the reader of the option to say.
#[derive(Debug)]
pub struct Account;

/// What an [`Account`] text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountValue {
    /// A name; it is looked up when the server starts.
    Name(String),
    /// A number, of somebody who may have no name.
    Number(u32),
}

/// Longest name that Linux keeps (`LOGIN_NAME_MAX`, with its NUL byte).
const LONGEST: usize = 255;

impl Kind for Account {
    type Value = AccountValue;
    const PLACEHOLDER: &'static str = "NAME|NUMBER";

    fn expected() -> String {
        "a name or a number below 4294967295".into()
    }

    fn parse(text: &str) -> Result<AccountValue, Reject> {
        let reject = || Reject::expected(Self::expected(), text);
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // The greatest number means "no change" to the kernel, and is nobody's.
            let number = text.parse().ok().filter(|number| *number != u32::MAX);
            return number.map(AccountValue::Number).ok_or_else(reject);
        }
        if is_name(text) { Ok(AccountValue::Name(text.to_owned())) } else { Err(reject()) }
    }

    fn print(value: &AccountValue) -> String {
        match value {
            AccountValue::Name(name) => name.clone(),
            AccountValue::Number(number) => number.to_string(),
        }
    }
}

/// What can stand in the first field of `/etc/passwd`, and what a directory adds to it: `@` and `\`
/// before or behind a domain, `$` behind a machine.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "._-@\\$+".contains(c);
    !text.is_empty() && text.len() <= LONGEST && !text.starts_with('-') && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, value) in [
            ("0", AccountValue::Number(0)),
            ("033", AccountValue::Number(33)),
            ("4294967294", AccountValue::Number(4_294_967_294)),
            ("www-data", AccountValue::Name("www-data".into())),
            ("_apt", AccountValue::Name("_apt".into())),
            ("ann@corp.example", AccountValue::Name("ann@corp.example".into())),
            ("CORP\\ann", AccountValue::Name("CORP\\ann".into())),
            ("33rd", AccountValue::Name("33rd".into())),
        ] {
            assert_eq!(Account::parse(text), Ok(value), "{text}");
        }
        let long = "a".repeat(256);
        for bad in
            ["", "4294967295", "99999999999", "-1", "-ann", "a b", "a:b", "a,b", "a\0", &long]
        {
            assert!(Account::parse(bad).is_err(), "{bad}");
        }
    }
}
