//! What the kernel says of each thread of this process.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

use nix::dir::Dir;
use nix::fcntl::{self, OFlag};
use nix::sys::stat::Mode;

use super::privilege::Ids;
use super::process;

/// The folder of a process's threads, opened while it could be: there may be no `/proc` later on.
#[derive(Debug)]
pub(crate) struct Tasks(Dir);

/// A thread, as its status says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) ids: Ids,
    /// Effective, permitted and ambient capabilities together.
    pub(crate) capabilities: u64,
    pub(crate) bounding: u64,
    pub(crate) gains_nothing: bool,
}

impl Tasks {
    /// `None` where there is one thread only, which may be asked by calls.
    pub(crate) fn open() -> io::Result<Option<Self>> {
        if process::threads().is_none() {
            return Ok(None);
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Some(Self(Dir::open("/proc/self/task", flags, Mode::empty())?)))
    }

    /// All that there are now.
    ///
    /// # Errors
    /// Where the kernel does not say.
    pub(crate) fn all(mut self) -> io::Result<Vec<Task>> {
        let mut names = Vec::new();
        for entry in self.0.iter() {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                names.push(name);
            }
        }
        let each = names.into_iter().filter_map(|name| self.status(&name).transpose());
        each.map(|status| status.and_then(|text| parse(&text))).collect()
    }

    /// The status of one; `None` where it has ended by now.
    fn status(&self, name: &str) -> io::Result<Option<String>> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let path = format!("{name}/status");
        let opened = fcntl::openat(&self.0, path.as_str(), flags, Mode::empty());
        let mut text = String::new();
        match opened
            .map_err(io::Error::from)
            .and_then(|file| File::from(file).read_to_string(&mut text))
        {
            Ok(_) => Ok(Some(text)),
            Err(err)
                if [Some(nix::libc::ENOENT), Some(nix::libc::ESRCH)]
                    .contains(&err.raw_os_error()) =>
            {
                Ok(None)
            }
            Err(err) => Err(err),
        }
    }
}

impl AsFd for Tasks {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn parse(status: &str) -> io::Result<Task> {
    let lacking = |name: &str| io::Error::other(format!("the kernel says nothing of {name}"));
    let field = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.ok_or_else(|| lacking(name))
    };
    let numbers = |name: &str| -> io::Result<Vec<u32>> {
        let numbers = field(name)?.split_whitespace().map(str::parse);
        numbers.collect::<Result<_, _>>().map_err(io::Error::other)
    };
    let four = |name: &str| -> io::Result<[u32; 4]> {
        numbers(name)?.try_into().map_err(|_| lacking(name))
    };
    let set = |name: &str| u64::from_str_radix(field(name)?.trim(), 16).map_err(io::Error::other);
    let groups: BTreeSet<u32> = numbers("Groups")?.into_iter().collect();
    Ok(Task {
        ids: Ids { uids: four("Uid")?, gids: four("Gid")?, groups },
        capabilities: set("CapEff")? | set("CapPrm")? | set("CapAmb").unwrap_or(0),
        bounding: set("CapBnd")?,
        gains_nothing: field("NoNewPrivs").is_ok_and(|text| text.trim() == "1"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::privilege;

    #[test]
    fn a_thread_is_what_the_process_is() {
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        assert_eq!(parse(&text).unwrap().ids, privilege::ids().unwrap());
        // The test runner has threads.
        let waits = std::thread::spawn(std::thread::park);
        let all = Tasks::open().unwrap().unwrap().all().unwrap();
        assert!(all.len() > 1);
        assert!(all.iter().all(|task| task.ids == privilege::ids().unwrap()));
        waits.thread().unpark();
        waits.join().unwrap();
    }

    #[test]
    fn a_status_without_a_field_is_an_error() {
        assert!(parse("Uid:\t0\t0\t0\t0\n").is_err());
        assert!(parse("").is_err());
    }
}
