//! Users and groups of this machine, by their names and numbers.

use std::ffi::CString;
use std::io;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

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

/// The groups of the user of that number, its own first; `None` where there is no such user.
///
/// # Errors
/// Where the databases cannot be read.
pub(crate) fn groups_of(uid: u32) -> io::Result<Option<Vec<u32>>> {
    let Some(user) = User::from_uid(Uid::from_raw(uid))? else { return Ok(None) };
    let name = CString::new(user.name).map_err(io::Error::other)?;
    let own: Gid = user.gid;
    let all = getgrouplist(&name, own)?;
    let mut groups = vec![own.as_raw()];
    groups.extend(all.into_iter().map(Gid::as_raw).filter(|gid| *gid != own.as_raw()));
    Ok(Some(groups))
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
        assert_eq!(groups_of(0).unwrap().unwrap()[0], 0);
        assert_eq!(groups_of(3_999_999_999).unwrap(), None);
    }
}
