//! Judges a whole log: what is in it that nobody expected, what was expected and is not in it.

use crate::testing::record::{Level, Record};

/// What a test said about the log beforehand.
#[derive(Debug, Default)]
pub(crate) struct Expectations {
    /// Texts that must occur, in lines that may then be grave.
    pub(crate) expected: Vec<String>,
    /// Texts that excuse a line, and need not occur.
    pub(crate) allowed: Vec<String>,
}

impl Expectations {
    /// One sentence for each fault of the log.
    pub(crate) fn faults(&self, log: &[String]) -> Vec<String> {
        let unexpected = log.iter().filter(|line| !self.excuses(line)).filter_map(|line| {
            offence(line).map(|offence| format!("it logged {offence}: {line:?}"))
        });
        let missing = self.expected.iter().filter(|text| !occurs(text, log)).map(|text| {
            format!(
                "it never logged {text:?}, which was expected (see allow_log for what may come)"
            )
        });
        unexpected.chain(missing).collect()
    }

    fn excuses(&self, line: &str) -> bool {
        self.expected.iter().chain(&self.allowed).any(|text| line.contains(text))
    }
}

fn occurs(text: &str, log: &[String]) -> bool {
    log.iter().any(|line| line.contains(text))
}

/// What a server says as root that was given no user, as most are here: neither unexpected nor a fault.
const AS_ROOT: [&str; 3] = ["Group Not Defined.  ", "User Not Defined.  ", "running as root: "];

/// Whether a line, or what it says, is no more than that the server runs as root.
pub fn is_notice_of_root(line: &str) -> bool {
    AS_ROOT.iter().any(|notice| line.contains(notice))
}

/// Why a line is not what a healthy server writes.
fn offence(line: &str) -> Option<&'static str> {
    // First, since a panic may well come as a record, and then even as a harmless one.
    if line.contains("panicked at") {
        return Some("a panic");
    }
    match Record::parse(line).map(|record| (record.level, record.text)) {
        None => Some("a line that is no record"),
        Some((Level::Error, _)) => Some("an unexpected error"),
        Some((Level::Warning, text)) => {
            (!is_notice_of_root(text)).then_some("an unexpected warning")
        }
        Some((Level::Notice | Level::Info | Level::Debug, _)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICE: &str = "2026/11/22-23:18:04 echo[1234] notice: up";
    const WARNING: &str = "2026/11/22-23:18:04 echo[1234] warning: disk is slow";
    const ERROR: &str = "2026/11/22-23:18:04 echo[1234] error: disk is gone";
    const AS_ROOT: &str =
        "2026/11/22-23:18:04 echo[1234] warning: User Not Defined.  Defaulting to EUID '0'";
    const PANIC: &str = "2026/11/22-23:18:04 echo[1234] info: thread panicked at src/main.rs";

    fn faults(expected: &[&str], allowed: &[&str], log: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        Expectations { expected: owned(expected), allowed: owned(allowed) }.faults(&owned(log))
    }

    #[test]
    fn a_healthy_log_has_no_fault() {
        assert_eq!(faults(&[], &[], &[NOTICE, AS_ROOT, NOTICE]), [""; 0]);
    }

    #[test]
    fn each_offence_is_told() {
        let told = faults(&[], &[], &[NOTICE, WARNING, ERROR, PANIC, "", "Segmentation fault"]);
        let begin: Vec<_> = told.iter().filter_map(|fault| fault.split(':').next()).collect();
        assert_eq!(
            begin,
            [
                "it logged an unexpected warning",
                "it logged an unexpected error",
                "it logged a panic",
                "it logged a line that is no record",
                "it logged a line that is no record",
            ]
        );
    }

    #[test]
    fn what_was_expected_or_allowed_is_no_fault() {
        assert_eq!(faults(&["slow"], &["gone"], &[WARNING, ERROR]), [""; 0]);
    }

    #[test]
    fn what_was_expected_must_come_and_what_was_allowed_need_not() {
        assert_eq!(faults(&["slow"], &["gone"], &[NOTICE]).len(), 1);
    }
}
