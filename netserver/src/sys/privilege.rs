//! Who the process is: its user, its groups, what it may do, and the way down.
//!
//! Each function is one step; the order of them, and what becomes of a failure, is the caller's. The calls
//! for users and groups are libc's, which makes them in every thread of the process; those for
//! capabilities and the like are the kernel's, which are for the calling thread alone.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{self, Resource};
use nix::unistd::{self, Gid, Uid};

/// A user and the groups that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    /// Real, effective, saved, and that of file access.
    pub(crate) uids: [u32; 4],
    pub(crate) gids: [u32; 4],
    pub(crate) groups: BTreeSet<u32>,
}

/// What the calling process is.
pub(crate) fn ids() -> io::Result<Ids> {
    let (user, group) = (unistd::getresuid()?, unistd::getresgid()?);
    let uids = [user.real, user.effective, user.saved, user.effective].map(Uid::as_raw);
    let gids = [group.real, group.effective, group.saved, group.effective].map(Gid::as_raw);
    let groups = unistd::getgroups()?.into_iter().map(Gid::as_raw).collect();
    Ok(Ids { uids, gids, groups })
}

/// The user whose rights the process has.
pub(crate) fn effective_user() -> u32 {
    unistd::geteuid().as_raw()
}

/// Has these be every group of the process beside its own.
pub(crate) fn set_groups(groups: &[u32]) -> io::Result<()> {
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    Ok(unistd::setgroups(&groups)?)
}

/// Has this be the group of the process in every respect, the one that it could return to included.
pub(crate) fn set_group(gid: u32) -> io::Result<()> {
    let gid = Gid::from_raw(gid);
    Ok(unistd::setresgid(gid, gid, gid)?)
}

/// The same for its user.
pub(crate) fn set_user(uid: u32) -> io::Result<()> {
    let uid = Uid::from_raw(uid);
    Ok(unistd::setresuid(uid, uid, uid)?)
}

/// Has that folder be the root of everything, and of what is relative.
pub(crate) fn enter_root(root: &Path) -> io::Result<()> {
    unistd::chroot(root)?;
    Ok(unistd::chdir("/")?)
}

/// Tries to be root again by each way there is. What of it the process could do: `None` is as it should be.
pub(crate) fn way_back(uid: u32, groups: &BTreeSet<u32>) -> Option<&'static str> {
    let (root, wheel) = (Uid::from_raw(0), Gid::from_raw(0));
    let user = uid != 0;
    let group = user && !groups.contains(&0);
    let refused = |outcome: nix::Result<()>| {
        // EINVAL where there is no such user at all, as in a namespace of its own.
        matches!(outcome, Err(Errno::EPERM | Errno::EINVAL))
    };
    match () {
        () if user && !refused(unistd::setuid(root)) => Some("setuid(0)"),
        () if user && !refused(unistd::seteuid(root)) => Some("seteuid(0)"),
        () if group && !refused(unistd::setgid(wheel)) => Some("setgid(0)"),
        () if group && !refused(unistd::setegid(wheel)) => Some("setegid(0)"),
        () => None,
    }
}

/// Takes from the calling thread, and all that it will ever start, every capability that it might gain by
/// a program.
pub(crate) fn empty_bounding_set() -> io::Result<()> {
    /// Of a kernel that knows so many the set has 64 bits.
    const MOST: libc::c_ulong = 63;
    for capability in 0..=MOST {
        // SAFETY: this one asks for numbers only.
        match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_READ, capability, 0, 0, 0) }) {
            Ok(0) => continue,
            // The last one that there is was the one before.
            Err(Errno::EINVAL) if capability > 0 => break,
            found => _ = found?,
        }
        // SAFETY: as above.
        Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) })?;
    }
    Ok(())
}

/// The version of the kernel's structure for capabilities that has 64 bits.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Takes every capability from the calling thread, and from the programs that it starts.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    let ambient = libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong;
    // SAFETY: it asks for numbers only.
    let cleared = Errno::result(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, ambient, 0, 0, 0) });
    // A kernel that does not know them has none.
    if cleared.is_err_and(|errno| errno != Errno::EINVAL) {
        cleared?;
    }
    let header = Header { version: VERSION, pid: 0 };
    let none = [Sets::default(); 2];
    // SAFETY: the two are what the kernel reads for this version, and it keeps neither.
    let outcome = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    Errno::result(outcome)?;
    Ok(())
}

/// Whether the calling thread has any capability, or could hand one on.
pub(crate) fn has_capabilities() -> io::Result<bool> {
    let header = Header { version: VERSION, pid: 0 };
    let mut found = [Sets::default(); 2];
    // SAFETY: the kernel reads the first and writes the second, which is as large as this version has it.
    let outcome = unsafe { libc::syscall(libc::SYS_capget, &raw const header, found.as_mut_ptr()) };
    Errno::result(outcome)?;
    Ok(found.iter().any(|sets| sets.effective | sets.permitted | sets.inheritable != 0))
}

/// No program that is started gains anything any more.
pub(crate) fn gain_nothing() -> io::Result<()> {
    Ok(prctl::set_no_new_privs()?)
}

/// Nobody looks into the memory of this process who is not root, and none is left on the disk.
pub(crate) fn show_nothing() -> io::Result<()> {
    prctl::set_dumpable(false)?;
    Ok(resource::setrlimit(Resource::RLIMIT_CORE, 0, 0)?)
}

/// Has so many descriptors be the most that the process may have open.
pub(crate) fn limit_descriptors(count: u32) -> io::Result<()> {
    Ok(resource::setrlimit(Resource::RLIMIT_NOFILE, count.into(), count.into())?)
}

/// Has them be as many as may be without asking anybody, up to what any server has a use for: where the limit
/// is a thousand millions, programs that it starts and that close whatever they may have take minutes.
pub(crate) fn raise_descriptors() -> io::Result<()> {
    const ENOUGH: u64 = 1 << 20;
    let (soft, hard) = resource::getrlimit(Resource::RLIMIT_NOFILE)?;
    let raised = hard.min(ENOUGH).max(soft);
    Ok(resource::setrlimit(Resource::RLIMIT_NOFILE, raised, hard)?)
}

/// How far that limit may be raised without asking anybody.
pub(crate) fn descriptors_at_most() -> io::Result<u64> {
    Ok(resource::getrlimit(Resource::RLIMIT_NOFILE)?.1)
}

/// Has new files be without these permissions.
pub(crate) fn mask_files(mode: u32) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mode));
}
