//! The table of open descriptors of a process at one moment, to hold against that of another.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;

/// The open descriptors of a process: number and target, as in `/proc/PID/fd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptors(BTreeMap<i32, String>);

impl Descriptors {
    /// Those that the process has now.
    ///
    /// The kernel hands them out one by one: of a process that opens and closes at the same moment
    /// this is no table that it ever had.
    #[track_caller]
    pub fn of(pid: i32) -> Self {
        match Self::read(pid) {
            Ok(table) => table,
            Err(err) => panic!("cannot read the descriptors of process {pid}: {err}"),
        }
    }

    pub(crate) fn read(pid: i32) -> io::Result<Self> {
        let entries = fs::read_dir(format!("/proc/{pid}/fd"))?;
        // One that is closed while we look has no target any more, and is left out.
        let open = entries.flatten().filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let target = fs::read_link(entry.path()).ok()?;
            Some((number, target.to_string_lossy().into_owned()))
        });
        Ok(Self(open.collect()))
    }

    /// Number and target of each, by number.
    pub fn iter(&self) -> impl Iterator<Item = (i32, &str)> {
        self.0.iter().map(|(number, target)| (*number, target.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What `later` has more of, kind by kind; empty means that nothing leaked.
    ///
    /// Neither its number nor its inode makes a descriptor another one: a server may close a pipe
    /// and make a new one, but must not end up with two.
    #[must_use]
    pub fn leaked(&self, later: &Self) -> Self {
        let mut budget: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, target) in self.iter() {
            *budget.entry(kind(target)).or_default() += 1;
        }
        let leaked = later.iter().filter(|(_, target)| match budget.get_mut(kind(target)) {
            Some(left @ 1..) => {
                *left -= 1;
                false
            }
            _ => true,
        });
        Self(leaked.map(|(number, target)| (number, target.to_owned())).collect())
    }
}

impl fmt::Display for Descriptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (number, target)) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{number} -> {target}")?;
        }
        Ok(())
    }
}

/// A target without its inode: `socket:[123]` is a `socket`, a path is itself.
fn kind(target: &str) -> &str {
    match target.split_once(":[") {
        Some((kind, rest)) if rest.trim_end_matches(']').parse::<u64>().is_ok() => kind,
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(targets: &[&str]) -> Descriptors {
        Descriptors((0..).zip(targets.iter().map(ToString::to_string)).collect())
    }

    #[test]
    fn a_new_pipe_for_an_old_one_is_no_leak() {
        let before = table(&["/dev/null", "pipe:[1]", "socket:[2]"]);
        assert!(before.leaked(&table(&["pipe:[7]", "socket:[8]", "/dev/null"])).is_empty());
        assert!(before.leaked(&table(&["/dev/null"])).is_empty());
    }

    #[test]
    fn one_more_of_a_kind_is_a_leak() {
        let before = table(&["/dev/null", "anon_inode:[eventpoll]", "socket:[2]"]);
        let later = table(&["/dev/null", "anon_inode:[eventfd]", "socket:[2]", "socket:[3]"]);
        let leaked = before.leaked(&later);
        assert_eq!(leaked.to_string(), "1 -> anon_inode:[eventfd], 3 -> socket:[3]");
    }

    #[test]
    fn our_own_are_seen() {
        let this = std::process::id().cast_signed();
        let file = fs::File::open("/dev/null").unwrap();
        assert!(Descriptors::of(this).iter().any(|(_, target)| target == "/dev/null"));
        drop(file);
    }
}
