//! From the privileges of the start to those that the server keeps, for good.
//!
//! Takes in a server that is bound, hands on one that may meet clients. Anything that fails ends the start:
//! half a drop is none. This is the one place that makes a [`Secured`], and nothing is bound after it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use netserver_options::BuiltIn;

use super::phase::Bound;
use super::privileges::Privileges;
use crate::caution::caution;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::logger;
use crate::options::Options;
use crate::sys::clock;
use crate::sys::folder;
use crate::sys::privilege::{self, Ids};
use crate::sys::task::Tasks;

/// As [`Bound`], with the privileges that the server keeps.
#[derive(Debug)]
pub(crate) struct Secured(Bound);

impl Secured {
    pub(super) fn into_bound(self) -> Bound {
        self.0
    }
}

/// Gives up what is to be given up, in this order, and sees that it is gone.
///
/// # Errors
/// Whatever of it fails, or can be undone.
pub(super) fn secure(bound: Bound) -> Result<Secured> {
    let Privileges { identity, root, folder } = &bound.privileges;
    let options = bound.info.options();
    let strict = options.strict();
    let before = ids()?;
    tell_of_root(&before, identity, bound.info.personality());
    let tasks = tried("cannot look at the threads", Tasks::open())?;
    let drops = is_drop(&before, identity);
    if drops {
        empty_bounding_set(options)?;
    }
    if let Some(root) = root {
        let held: Vec<_> = tasks.iter().map(AsFd::as_fd).collect();
        close_ways_out(&held, strict)?;
        enter_root(root)?;
    }
    if !is_already(&before, identity) {
        give_log(&before, identity)?;
        become_it(identity)?;
    }
    if drops {
        tried("cannot drop the capabilities", privilege::drop_capabilities())?;
    }
    see(identity, drops)?;
    // An exec takes some of that back.
    if drops || (identity.user.is_some_and(|user| user != 0) && bound.restart.is_restarted()) {
        harden(options)?;
    }
    if let Some(tasks) = tasks {
        see_threads(tasks, drops, strict)?;
    }
    if let Some(folder) = folder {
        enter_folder(folder)?;
    }
    Ok(Secured(bound))
}

/// Tells whether that could be become here, and becomes nobody.
///
/// # Errors
/// Where it could not.
pub(super) fn check(privileges: &Privileges) -> Result<()> {
    let before = ids()?;
    if before.uids[1] == 0 || is_already(&before, &privileges.identity) {
        return Ok(());
    }
    let what = "cannot become another `user` or `group`, as root's rights are given up: stop the server and start it";
    Err(Error::new(what))
}

/// What nobody needs who has given up what he had.
fn harden(options: &Options) -> Result<()> {
    if !options.new_privs() {
        tried("cannot set no_new_privs", privilege::gain_nothing())?;
    }
    tried("cannot keep this process from being dumped", privilege::show_nothing())
}

/// As whom the server is by now: it must not stand where that one may not.
fn enter_folder(folder: &Path) -> Result<()> {
    let what = || format!("cannot enter working_directory {}", folder.display());
    std::env::set_current_dir(folder).map_err(|err| Error::because(what(), err))
}

fn ids() -> Result<Ids> {
    tried("cannot find out who this process is", privilege::ids())
}

fn tried<T>(what: &str, outcome: io::Result<T>) -> Result<T> {
    outcome.map_err(|err| Error::because(what, err))
}

/// Net::Server's notices, and what they mean. Of `inet` whoever starts it has named the user, and it would
/// be said for each client.
fn tell_of_root(before: &Ids, identity: &Identity, personality: &str) {
    if before.uids[1] != 0 {
        return;
    }
    let inet = personality == BuiltIn::Inet.name();
    let level = if inet { log::Level::Debug } else { log::Level::Warn };
    if identity.groups.is_empty() {
        let groups = listed(before.groups.iter());
        let egid = format!("{} {groups}", before.gids[1]);
        log::log!(level, "Group Not Defined.  Defaulting to EGID '{}'", egid.trim_end());
    }
    if identity.user.is_none() {
        log::log!(level, "User Not Defined.  Defaulting to EUID '0'");
        log::log!(level, "running as root: {AS_ROOT}");
    }
}

const AS_ROOT: &str = "set `user` to whom clients are to meet; to root, if that is meant";

/// Whether the user changes, in any respect: it is another one that others may become, or have been.
fn is_drop(before: &Ids, identity: &Identity) -> bool {
    identity.user.is_some_and(|user| before.uids != [user; 4])
}

/// Whether there is nothing to be done. A process may have its own group among the others, or not.
fn is_already(before: &Ids, identity: &Identity) -> bool {
    let user = identity.user.is_none_or(|user| before.uids == [user; 4]);
    let Some(gid) = identity.groups.first() else { return user };
    let all: BTreeSet<u32> = identity.groups.iter().copied().collect();
    let with_own: BTreeSet<u32> = before.groups.iter().chain([gid]).copied().collect();
    user && before.gids == [*gid; 4] && with_own == all
}

/// As long as it is root: afterwards nobody may. Where it may not now, as it is not root and has no use for
/// it, or in a container, that is no fault.
fn empty_bounding_set(options: &Options) -> Result<()> {
    match privilege::empty_bounding_set() {
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied && options.new_privs() => {
            let what = "programs that handlers start may gain capabilities: new_privs is set, and the bounding set";
            caution(options.strict(), &format!("{what} cannot be emptied: {err}"))
        }
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
            log::debug!("the bounding set of capabilities stays: {err}");
            Ok(())
        }
        outcome => tried("cannot empty the bounding set of capabilities", outcome),
    }
}

fn enter_root(root: &Path) -> Result<()> {
    // libc reads the zone once: from the files that there are now.
    clock::local_time();
    log::info!("Chrooting to {}", root.display());
    let what = || format!("cannot chroot to {}", root.display());
    privilege::enter_root(root).map_err(|err| Error::because(what(), only_root(err)))
}

/// An open folder leads out of a new root, whoever has it. One that came from outside is nobody's here; one
/// that the program has opened may be wanted. Those that are `held` are the runtime's own.
fn close_ways_out(held: &[BorrowedFd<'_>], strict: bool) -> Result<()> {
    let folders = match folder::open_ones(held) {
        Ok(folders) => folders,
        Err(err) => {
            return caution(
                strict,
                &format!("cannot look for open folders, which lead out of chroot: {err}"),
            );
        }
    };
    for folder in folders {
        if folder.inherited {
            log::info!("Closing the folder {}, which was left open for this server", folder.path);
            tried("cannot close a folder", folder.close())?;
        } else {
            caution(
                strict,
                &format!("the folder {} is open, and leads out of chroot", folder.path),
            )?;
        }
    }
    Ok(())
}

/// A log file that this start has made is for whoever writes to it from here on.
fn give_log(before: &Ids, identity: &Identity) -> Result<()> {
    let uid = identity.user.unwrap_or(before.uids[1]);
    logger::belongs_to(uid, identity.groups.first().copied().unwrap_or(before.gids[1]))
}

/// Groups, then group, then user: who is not root any more may change none of them.
fn become_it(identity: &Identity) -> Result<()> {
    if let Some(gid) = identity.groups.first() {
        let groups = listed(identity.groups.iter());
        log::info!("Setting gid to \"{gid} {groups}\"");
        change(
            format!("cannot set the groups to {groups}"),
            privilege::set_groups(&identity.groups),
        )?;
        change(format!("cannot become group {gid}"), privilege::set_group(*gid))?;
    }
    if let Some(uid) = identity.user {
        log::info!("Setting uid to \"{uid}\"");
        change(format!("cannot become user {uid}"), privilege::set_user(uid))?;
    }
    Ok(())
}

fn change(what: String, outcome: io::Result<()>) -> Result<()> {
    outcome.map_err(|err| Error::because(what, only_root(err)))
}

/// Says whose right it is.
fn only_root(err: io::Error) -> io::Error {
    match err.raw_os_error() {
        Some(nix::libc::EPERM) => io::Error::new(err.kind(), format!("{err}: start it as root")),
        _ => err,
    }
}

fn listed<'a>(numbers: impl Iterator<Item = &'a u32>) -> String {
    numbers.map(u32::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads back what the process is, and tries whether it could be root again.
fn see(identity: &Identity, drops: bool) -> Result<()> {
    let now = ids()?;
    if let Some(uid) = identity.user
        && now.uids != [uid; 4]
    {
        return Err(Error::new(format!("asked to be user {uid}, and is {:?}", now.uids)));
    }
    if !is_already(&now, identity) {
        let (gids, groups) = (now.gids, &now.groups);
        let asked = listed(identity.groups.iter());
        return Err(Error::new(format!(
            "asked for the groups {asked}, and has {gids:?}, {groups:?}"
        )));
    }
    if drops && tried("cannot look at the capabilities", privilege::has_capabilities())? {
        return Err(Error::new("it has capabilities left"));
    }
    if drops && let Some(way) = privilege::way_back(now.uids[0], &with_own(&now)) {
        return Err(Error::new(format!("it can be root again: {way} is not refused")));
    }
    Ok(())
}

fn with_own(ids: &Ids) -> BTreeSet<u32> {
    ids.groups.iter().chain(&ids.gids).copied().collect()
}

/// The same for every thread. What the kernel takes from the calling one alone they still have.
fn see_threads(tasks: Tasks, drops: bool, strict: bool) -> Result<()> {
    let all = tried("cannot look at the threads", tasks.all())?;
    let now = ids()?;
    if let Some(other) = all.iter().find(|task| task.ids != now) {
        return Err(Error::new(format!("a thread is {:?}, and not {now:?}", other.ids)));
    }
    if drops && all.iter().any(|task| task.capabilities != 0) {
        return Err(Error::new("a thread has capabilities left"));
    }
    let may_gain = all.iter().filter(|task| task.bounding != 0 && !task.gains_nothing).count();
    if drops && may_gain > 0 && all.len() > 1 {
        let what = "that were there before the privileges were dropped may gain some by programs that they \
                    start: start threads in pre_loop_hook or child_init_hook";
        caution(strict, &format!("{may_gain} threads {what}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(uid: u32, gid: u32, groups: &[u32]) -> Ids {
        Ids { uids: [uid; 4], gids: [gid; 4], groups: groups.iter().copied().collect() }
    }

    fn identity(user: Option<u32>, groups: &[u32]) -> Identity {
        Identity { user, groups: groups.to_vec() }
    }

    #[test]
    fn whoever_it_is_already_does_nothing() {
        for (before, wanted, already) in [
            (ids(0, 0, &[]), identity(None, &[]), true),
            (ids(7, 7, &[7, 8]), identity(Some(7), &[7, 8]), true),
            (ids(7, 7, &[8]), identity(Some(7), &[7, 8]), true),
            (ids(7, 7, &[7, 8]), identity(Some(7), &[7]), false),
            (ids(7, 7, &[7]), identity(Some(7), &[7, 8]), false),
            (ids(7, 8, &[7, 8]), identity(Some(7), &[7, 8]), false),
            (ids(0, 7, &[7]), identity(Some(7), &[7]), false),
            (ids(0, 7, &[7]), identity(None, &[7]), true),
        ] {
            assert_eq!(is_already(&before, &wanted), already, "{before:?} {wanted:?}");
        }
        let saved = Ids { uids: [7, 7, 0, 7], ..ids(7, 7, &[7]) };
        assert!(!is_already(&saved, &identity(Some(7), &[7])));
        assert!(is_drop(&saved, &identity(Some(7), &[7])));
        assert!(!is_drop(&ids(7, 7, &[]), &identity(Some(7), &[])));
    }
}
