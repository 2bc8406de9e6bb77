//! Users and groups of this machine, by their names.

use std::io;

use nix::unistd::{Group, User};

/// The number of the user of that name; `None` where there is no such user.
///
/// # Errors
/// Where the user database cannot be read.
pub(crate) fn uid_of(name: &str) -> io::Result<Option<u32>> {
    Ok(User::from_name(name)?.map(|user| user.uid.as_raw()))
}

/// The number of the group of that name; `None` where there is no such group.
///
/// # Errors
/// Where the group database cannot be read.
pub(crate) fn gid_of(name: &str) -> io::Result<Option<u32>> {
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_0_and_nobody_is_called_so() {
        assert_eq!(uid_of("root").unwrap(), Some(0));
        assert_eq!(gid_of("root").unwrap(), Some(0));
        assert_eq!(uid_of("no such user").unwrap(), None);
        assert_eq!(gid_of("no such group").unwrap(), None);
    }
}
