//! The files that a restart reads anew, as the user that the server has become by then: said at the start
//! of those that this user may be unable to read, which the first HUP would tell else.
//!
//! Takes in the options and whom the server becomes. It is told by owners and modes, as nobody is that user
//! yet; access control lists may allow more.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use netserver_options::{BuiltIn, Hup};

use crate::identity::Identity;
use crate::options::merge::Merged;
use crate::sys::privilege;

/// Says which files the user that the server is to become may be unable to read.
pub(super) fn warn(merged: &Merged, identity: &Identity) {
    let now = privilege::effective_user();
    let Some(user) = identity.user.filter(|user| *user != 0 && *user != now) else { return };
    if !reads_again(merged) {
        return;
    }
    let name = merged.texts("user").concat();
    let reader = Reader { user, groups: &identity.groups };
    for (file, place) in merged.reread() {
        let Some(way) = Way::to(Path::new(file)) else { continue };
        if let Some((path, rights)) = way.barred(&reader) {
            let Rights { owner, group, mode } = rights;
            let (path, mode) = (path.display(), mode & 0o7777);
            log::warn!(
                "{place}: {file}: {name} may be unable to read it, and every restart (HUP) has to: {path} has \
                 mode {mode:04o}, user {owner}, group {group}; let a group of {name} in, or set hup = ignore or children"
            );
        }
    }
}

/// Whether HUP has it read its files once more.
fn reads_again(merged: &Merged) -> bool {
    let options = &merged.options;
    let is_served_again = merged.personality != Some(BuiltIn::Inet) && options.chroot().is_none();
    is_served_again && options.hup() == Hup::Exec
}

/// Whose file it is, and what the others may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Rights {
    fn of(found: &Metadata) -> Self {
        Self { owner: found.uid(), group: found.gid(), mode: found.mode() }
    }
}

/// Who is to read it.
#[derive(Debug)]
struct Reader<'a> {
    user: u32,
    groups: &'a [u32],
}

/// What is asked of each file on the way.
const READ: u32 = 0o4;
const ENTER: u32 = 0o1;

impl Reader<'_> {
    /// Whether the kernel lets it: the owner has the owner's rights, be they less than those of all.
    fn may(&self, right: u32, rights: Rights) -> bool {
        let place = match () {
            () if rights.owner == self.user => 6,
            () if self.groups.contains(&rights.group) => 3,
            () => 0,
        };
        rights.mode >> place & right != 0
    }
}

/// A file, and behind it the folders that lead to it.
#[derive(Debug)]
struct Way(Vec<(PathBuf, Rights)>);

impl Way {
    /// That to a file, where it is there; whoever reads it says that it is not.
    fn to(file: &Path) -> Option<Self> {
        // Where links lead. The folders that they stand in are not looked at.
        let file = file.canonicalize().ok()?;
        let look = |path: &Path| Some((path.to_owned(), Rights::of(&path.metadata().ok()?)));
        file.ancestors().map(look).collect::<Option<_>>().map(Self)
    }

    /// What on it keeps that user from reading the file, the uppermost first.
    fn barred(&self, reader: &Reader<'_>) -> Option<&(PathBuf, Rights)> {
        let rights = std::iter::once(READ).chain(std::iter::repeat(ENTER));
        let mut steps = self.0.iter().zip(rights).collect::<Vec<_>>();
        steps.reverse();
        let bar = steps.into_iter().find(|((_, rights), right)| !reader.may(*right, *rights))?;
        Some(bar.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WWW: Reader<'_> = Reader { user: 33, groups: &[33, 7] };

    fn rights((owner, group, mode): (u32, u32, u32)) -> Rights {
        Rights { owner, group, mode }
    }

    #[test]
    fn the_first_that_fits_of_owner_group_and_all_decides() {
        for (file, reads) in [
            ((0, 0, 0o600), false),
            ((0, 0, 0o640), false),
            ((0, 0, 0o644), true),
            ((0, 7, 0o640), true),
            ((0, 33, 0o100_640), true),
            ((33, 0, 0o400), true),
            // Less than all others have is less.
            ((33, 0, 0o044), false),
            ((0, 7, 0o604), false),
            ((33, 33, 0o244), false),
        ] {
            assert_eq!(WWW.may(READ, rights(file)), reads, "{file:?}");
        }
    }

    #[test]
    fn a_file_is_behind_all_its_folders() {
        let way = |file, folder, root| {
            let steps = [("/a/b", file), ("/a", folder), ("/", root)];
            Way(steps.map(|(path, of)| (PathBuf::from(path), rights(of))).to_vec())
        };
        let all = (0, 0, 0o755);
        for (way, bar) in [
            (way((0, 0, 0o644), all, all), None),
            (way((0, 0, 0o600), all, all), Some("/a/b")),
            // Who may list it alone cannot get in; who may enter it alone can.
            (way((0, 0, 0o644), (0, 0, 0o744), all), Some("/a")),
            (way((0, 0, 0o644), (0, 0, 0o711), all), None),
            (way((0, 0, 0o600), (0, 0, 0o700), all), Some("/a")),
            (way((33, 0, 0o600), (0, 7, 0o710), all), None),
            (way((33, 0, 0o600), all, (0, 0, 0o700)), Some("/")),
        ] {
            let found = way.barred(&WWW).map(|(path, _)| path.as_path());
            assert_eq!(found, bar.map(Path::new), "{way:?}");
        }
    }
}
