//! The processes of this machine as /proc shows them: who is whose child, who is in which group.

use std::fmt;
use std::fs;

/// One process at the moment it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) is_zombie: bool,
    name: String,
}

impl Process {
    /// The process with that number, where there is one.
    pub(crate) fn find(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Reads `pid (name) state parent group …`; the name may itself hold spaces and brackets, and
    /// so ends at the last bracket.
    fn parse(stat: &str) -> Option<Self> {
        let (pid, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        Some(Self {
            pid: pid.parse().ok()?,
            is_zombie: fields.next()? == "Z",
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_zombie { ", a zombie" } else { "" };
        write!(f, "{}[{}]{state}", self.name, self.pid)
    }
}

/// Every process whose parent is `pid`, zombies among them, by number.
pub(crate) fn children_of(pid: i32) -> Vec<Process> {
    all(|process| process.parent == pid)
}

/// What is left of a group whose leader has ended, by number.
///
/// A zombie counts only where its parent is in the group too. Any other has been handed to init,
/// which reaps it when it likes, and in a container perhaps never.
pub(crate) fn left_in_group(leader: i32) -> Vec<Process> {
    let group = all(|process| process.group == leader && process.pid != leader);
    let has_parent_here = |one: &Process| group.iter().any(|other| other.pid == one.parent);
    group.iter().filter(|one| !one.is_zombie || has_parent_here(one)).cloned().collect()
}

/// The processes that `wanted` picks. One that ends while we look is left out.
fn all(wanted: impl Fn(&Process) -> bool) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found: Vec<_> = pids.filter_map(Process::find).filter(wanted).collect();
    found.sort_by_key(|process| process.pid);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let process = Process::parse("12 (a) S (b c) Z 3 4 4 0 -1").unwrap();
        assert_eq!((process.pid, process.parent, process.group), (12, 3, 4));
        assert_eq!(process.to_string(), "a) S (b c[12], a zombie");
    }

    #[test]
    fn we_are_a_live_process() {
        let this = Process::find(std::process::id().cast_signed()).unwrap();
        assert!(!this.is_zombie);
        assert!(all(|_| true).iter().any(|process| process.pid == this.pid));
    }

    #[test]
    fn what_is_no_process_is_not_found() {
        assert_eq!(Process::find(-1), None);
        assert_eq!(Process::parse(""), None);
    }
}
