//! How often each system call was made: the table that `strace -c` writes, read back.

use std::collections::BTreeMap;

/// System calls by name, with the number of times each was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Syscalls(BTreeMap<String, u64>);

impl Syscalls {
    /// How often the call of this name was made.
    pub fn count(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// How often the call of this name was made; it is not counted from here on.
    pub fn take(&mut self, name: &str) -> u64 {
        self.0.remove(name).unwrap_or(0)
    }

    /// How many calls were made in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Name and number of each, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Reads rows of `% time  seconds  usecs/call  calls  [errors]  syscall`. Title, rules and the
    /// sum are no such rows.
    pub(crate) fn parse(summary: &str) -> Self {
        Self(summary.lines().filter_map(row).filter(|(name, _)| name != "total").collect())
    }
}

fn row(line: &str) -> Option<(String, u64)> {
    let mut fields = line.split_whitespace();
    fields.next()?.parse::<f64>().ok()?;
    let count = fields.nth(2)?.parse().ok()?;
    let name = fields.last()?;
    Some((name.to_owned(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary() {
        let mut calls = Syscalls::parse(
            "% time     seconds  usecs/call     calls    errors syscall\n\
             ------ ----------- ----------- --------- --------- ----------------\n \
              46.52    0.001576         394         4         2 wait4\n  \
               0.00    0.000000           0      1200           accept4\n\
             ------ ----------- ----------- --------- --------- ----------------\n\
             100.00    0.003388           9      1204         2 total\n",
        );
        assert_eq!(calls.count("wait4"), 4);
        assert_eq!(calls.count("accept4"), 1200);
        assert_eq!(calls.count("fork"), 0);
        assert_eq!(calls.total(), 1204);
        assert_eq!(calls.take("accept4"), 1200);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [("wait4", 4)]);
    }

    #[test]
    fn nothing_was_called() {
        assert_eq!(Syscalls::parse(""), Syscalls::default());
    }
}
