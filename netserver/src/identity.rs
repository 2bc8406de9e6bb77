//! Whom a server is to become: names of users and groups go in, numbers come out.
//!
//! They are looked up before anything is bound, as there may be no database behind a `chroot`. Changes
//! nothing: becoming it is for [`lifecycle`](crate::lifecycle).

use std::io;

use netserver_options::Reject;
use netserver_options::kind::AccountValue;

use crate::error::{Error, Result};
use crate::options::merge::Merged;
use crate::sys::account;

/// What `user` and `group` ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `None`: whoever it is, it stays.
    pub(crate) user: Option<u32>,
    /// All groups there are to be, that of the process first. Where there are none, they stay.
    pub(crate) groups: Vec<u32>,
}

impl Identity {
    /// Looks them up.
    ///
    /// # Errors
    /// Where there is nobody of that name, a user's groups cannot be known, or the databases cannot be
    /// read.
    pub(crate) fn of(merged: &Merged) -> Result<Self> {
        let options = &merged.options;
        let named = options.user();
        let user_number = |user| number(merged, "user", user, account::uid_of, "user");
        let user = named.map(user_number).transpose()?;
        let mut groups = Vec::new();
        for group in options.group().iter().flatten() {
            let found = number(merged, "group", group, account::gid_of, "group")?;
            if !groups.contains(&found) {
                groups.push(found);
            }
        }
        if let (Some(uid), true) = (user, groups.is_empty()) {
            groups = own_groups(merged, uid)?;
        }
        Ok(Self { user, groups })
    }
}

/// The number of a user or a group, which `number_of` finds by its name.
fn number(
    merged: &Merged,
    option: &str,
    account: &AccountValue,
    number_of: impl Fn(&str) -> io::Result<Option<u32>>,
    what: &str,
) -> Result<u32> {
    let name = match account {
        AccountValue::Number(number) => return Ok(*number),
        AccountValue::Name(name) => name,
    };
    let found = number_of(name)
        .map_err(|err| Error::because(format!("cannot look up the {what} {name}"), err))?;
    Ok(found.ok_or_else(|| {
        let reject = Reject::expected(format!("a {what} of this machine"), name);
        merged.refuse(option, reject.with_help(format!("create the {what}, or write a number")))
    })?)
}

/// The groups of a user, where nobody has named any: never those that the server was started with.
fn own_groups(merged: &Merged, uid: u32) -> Result<Vec<u32>> {
    let found = account::groups_of(uid)
        .map_err(|err| Error::because(format!("cannot look up the groups of user {uid}"), err))?;
    Ok(found.ok_or_else(|| {
        let reject = Reject::new(format!("this machine does not know the groups of user {uid}"));
        merged.refuse("user", reject.with_help("name the groups too: group = NAME|NUMBER,..."))
    })?)
}

#[cfg(test)]
mod tests {
    use netserver_options::{BuiltIn, Table};

    use super::*;
    use crate::options::merge::merge;
    use crate::options::set::OptionSet;
    use crate::options::source::Source;

    fn identity(texts: &[(&str, &str)]) -> std::result::Result<(Option<u32>, Vec<u32>), String> {
        let mut set = OptionSet::new(Table::BUILT_IN, Source::CommandLine);
        for (name, text) in texts {
            set.set(name, *text).unwrap();
        }
        let merged = merge(&set.into_settings(), Table::BUILT_IN, Some(BuiltIn::Single)).unwrap();
        Identity::of(&merged).map(|found| (found.user, found.groups)).map_err(|err| err.chain())
    }

    #[test]
    fn names_become_numbers() {
        assert_eq!(identity(&[]), Ok((None, vec![])));
        assert_eq!(identity(&[("user", "root"), ("group", "root")]), Ok((Some(0), vec![0])));
        assert_eq!(identity(&[("group", "7,root 7"), ("group", "9")]), Ok((None, vec![7, 0, 9])));
        // An unknown number is somebody where its groups are named.
        let unknown = ("user", "3999999999");
        assert_eq!(identity(&[unknown, ("group", "7")]), Ok((Some(3_999_999_999), vec![7])));
        // Root's own groups, whatever others it has besides.
        assert_eq!(identity(&[("user", "0")]).unwrap().1[0], 0);
    }

    #[test]
    fn whoever_is_not_there_is_told_with_its_place() {
        for (texts, said) in [
            (
                &[("user", "no-such-user")][..],
                "--user: expected a user of this machine, got no-such-user",
            ),
            (
                &[("group", "root,no-such")],
                "--group: expected a group of this machine, got no-such",
            ),
            (
                &[("user", "3999999999")],
                "--user: this machine does not know the groups of user 3999999999",
            ),
        ] {
            let err = identity(texts).unwrap_err();
            assert!(err.starts_with(said), "{err}");
        }
    }
}
