//! What the options ask for of privileges: looked up, and held against each other, before anything is bound.
//!
//! Takes in the options, hands on what [`secure`](super::secure) is to do. What is only dangerous is a
//! warning, and with `strict` an error.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use netserver_options::{BuiltIn, Reject};

use super::rereads;
use crate::error::{OptionError, Result};
use crate::identity::Identity;
use crate::options::merge::Merged;
use crate::plain_file;
use crate::sys::privilege;

/// All that is to be done once the server is bound.
#[derive(Debug)]
pub(crate) struct Privileges {
    pub(super) identity: Identity,
    /// The folder that becomes the root.
    pub(super) root: Option<PathBuf>,
    /// The folder to work in, in the new root where there is one.
    pub(super) folder: Option<PathBuf>,
}

/// The conf file, as it was when it was opened.
#[derive(Debug)]
pub(super) struct ConfFile {
    pub(super) name: String,
    pub(super) opened: Metadata,
    pub(super) bytes: Vec<u8>,
}

impl Privileges {
    /// Looks up where, and says what is hardly meant.
    ///
    /// # Errors
    /// Whatever is not there; and what is dangerous, with `strict`.
    pub(super) fn of(merged: &Merged, identity: Identity, conf: Option<&ConfFile>) -> Result<Self> {
        let options = &merged.options;
        let root = options.chroot().map(|path| absolute(merged, "chroot", path)).transpose()?;
        if let Some(root) = &root {
            folder_is_there(merged, "chroot", root, root)?;
        }
        let folder = options.working_directory();
        let folder = folder.map(|path| folder_in(merged, root.as_deref(), path)).transpose()?;
        if options.new_privs() && identity.user.unwrap_or(0) == 0 {
            log::warn!("new_privs has no effect: the server does not become another user");
        }
        rereads::warn(merged, &identity);
        if privilege::effective_user() == 0 {
            warn_root(merged, &identity)?;
            conf.map_or(Ok(()), |conf| warn_of_conf_file(merged, conf))?;
        }
        Ok(Self { identity, root, folder })
    }
}

/// Sets what holds from the start on, before any file is made, and tells whom the server is to become.
///
/// # Errors
/// Where more descriptors are asked for than this process may ask for, or somebody is not there.
pub(super) fn begin(merged: &Merged) -> Result<Identity> {
    set_limits(merged)?;
    Identity::of(merged)
}

fn set_limits(merged: &Merged) -> Result<(), OptionError> {
    let options = &merged.options;
    if let Some(mode) = options.umask() {
        privilege::mask_files(*mode);
    }
    let Some(count) = options.rlimit_nofile() else {
        if matches!(merged.personality, Some(BuiltIn::Multiplex | BuiltIn::Thread)) {
            // Each client of such a process is one; where there are to be no more, clients wait.
            let _ = privilege::raise_descriptors();
        }
        return Ok(());
    };
    privilege::limit_descriptors(*count).map_err(|err| {
        let hard =
            privilege::descriptors_at_most().map_or_else(|_| "?".into(), |most| most.to_string());
        let what = format!("cannot have {count} descriptors: {err}; the hard limit is {hard}");
        let help =
            format!("write {hard} or less, or have whoever starts the server raise the limit");
        merged.refuse("rlimit_nofile", Reject::new(what).with_help(help))
    })
}

/// A later change of folder must not make it another one.
fn absolute(merged: &Merged, option: &str, path: &Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path).map_err(|err| {
        let reject = Reject::new(format!("{}: {err}", path.display()));
        merged.refuse(option, reject)
    })?)
}

/// The folder to work in, as it is to be entered.
fn folder_in(merged: &Merged, root: Option<&Path>, path: &Path) -> Result<PathBuf> {
    const OPTION: &str = "working_directory";
    let Some(root) = root else {
        let path = absolute(merged, OPTION, path)?;
        folder_is_there(merged, OPTION, &path, &path)?;
        return Ok(path);
    };
    // All folders of a root are below it, those that begin with `/` too.
    let inside = Path::new("/").join(path);
    let outside = root.join(inside.strip_prefix("/").unwrap_or(&inside));
    folder_is_there(merged, OPTION, &outside, path)?;
    Ok(inside)
}

fn folder_is_there(merged: &Merged, option: &str, path: &Path, named: &Path) -> Result<()> {
    let fault = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "is no folder".to_owned(),
        Err(err) => err.to_string(),
    };
    let where_it_is = if path == named { String::new() } else { format!(" ({})", path.display()) };
    let reject = Reject::new(format!("{}{where_it_is}: {fault}", named.display()));
    Err(merged.refuse(option, reject.with_help("make the folder, or name another")).into())
}

/// Says of a server that stays root, and of a `chroot` for root, what that is worth.
fn warn_root(merged: &Merged, identity: &Identity) -> Result<()> {
    let strict = merged.options.strict();
    if identity.user.is_none() && strict {
        let reject = Reject::new("the server would run as root");
        let help = "set `user`: to root, if that is meant";
        return Err(merged.refuse("strict", reject.with_help(help)).into());
    }
    if merged.options.chroot().is_some() && identity.user.unwrap_or(0) == 0 {
        let fault = "root can leave it again";
        if strict {
            let reject = Reject::new(fault).with_help("set `user` to somebody else");
            return Err(merged.refuse("chroot", reject).into());
        }
        log::warn!("chroot keeps nobody in: {fault}; set `user` to somebody else");
    }
    Ok(())
}

/// Who may change the conf file of a server that starts as root can make it do anything.
fn warn_of_conf_file(merged: &Merged, conf: &ConfFile) -> Result<()> {
    let own = fault_of(conf.opened.uid(), conf.opened.mode());
    let Some(fault) = own.or_else(|| folder_fault(&conf.name)) else { return Ok(()) };
    let what = format!("{} {fault}", conf.name);
    if merged.options.strict() {
        let help = "have it belong to root, with mode 0644 or less";
        return Err(merged.refuse("conf_file", Reject::new(what).with_help(help)).into());
    }
    log::warn!("conf_file {what}: whoever changes it decides what root does");
    Ok(())
}

/// Who else than root may change a file of that owner and mode.
fn fault_of(owner: u32, mode: u32) -> Option<String> {
    if owner != 0 && !started_by(owner) {
        return Some(format!("belongs to user {owner}"));
    }
    (mode & 0o022 != 0).then(|| format!("may be changed by others (mode {:04o})", mode & 0o7777))
}

/// Whether others may put another file in its place.
fn folder_fault(name: &str) -> Option<String> {
    let path = std::path::absolute(name).ok()?;
    let folder = path.parent()?;
    let mode = std::fs::metadata(folder).ok()?.mode();
    let fault = plain_file::hold_directory(mode).err()?;
    Some(format!("may be replaced by others: {fault}"))
}

/// Whether that user is the one who has started a program that is root by its file.
fn started_by(user: u32) -> bool {
    privilege::ids().is_ok_and(|ids| ids.uids[0] == user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conf_file_that_others_may_change_is_a_fault() {
        for (owner, mode, fault) in [
            (0, 0o100_644, None),
            (0, 0o100_400, None),
            (0, 0o100_664, Some("may be changed by others (mode 0664)")),
            (0, 0o100_646, Some("may be changed by others (mode 0646)")),
            (3_999_999_999, 0o100_600, Some("belongs to user 3999999999")),
        ] {
            assert_eq!(fault_of(owner, mode).as_deref(), fault);
        }
    }
}
