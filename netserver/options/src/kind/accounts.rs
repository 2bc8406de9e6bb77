//! Several groups in one text.

use super::Kind;
use super::account::{Account, AccountValue};
use crate::reject::Reject;

/// One account or more, by names or numbers, with blanks or commas between them.
#[derive(Debug)]
pub struct Accounts;

impl Kind for Accounts {
    type Value = Vec<AccountValue>;
    const PLACEHOLDER: &'static str = "NAME|NUMBER,...";

    fn expected() -> String {
        "names or numbers below 4294967295, with commas or blanks between them".into()
    }

    fn parse(text: &str) -> Result<Self::Value, Reject> {
        let reject = || Reject::expected(Self::expected(), text);
        // A comma has a name on both its sides; blanks are only blanks.
        let each = text.split(',').map(|part| part.split_whitespace().peekable());
        let mut accounts = Vec::new();
        for mut part in each {
            part.peek().ok_or_else(reject)?;
            for name in part {
                accounts.push(Account::parse(name).map_err(|_| reject())?);
            }
        }
        Ok(accounts)
    }

    fn print(value: &Self::Value) -> String {
        value.iter().map(Account::print).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_in_one_text() {
        for (text, canonical) in [
            ("www-data", "www-data"),
            ("www-data adm", "www-data,adm"),
            ("33,4 ,  27\tadm", "33,4,27,adm"),
            ("007", "7"),
        ] {
            let value = Accounts::parse(text).unwrap();
            assert_eq!(Accounts::print(&value), canonical, "{text}");
            assert_eq!(Accounts::parse(canonical), Ok(value), "{text}");
        }
        for bad in ["", " ", ",", "adm,", ",adm", "adm,,sys", "a:b", "adm -1", "4294967295"] {
            assert!(Accounts::parse(bad).is_err(), "{bad}");
        }
    }
}
