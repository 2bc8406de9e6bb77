//! What a program has said so far and how it ended: threads write it down, a test waits for it.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix::unistd::Pid;

use crate::testing::deadline::Deadline;
use crate::testing::ending::Ending;

/// Of each stream no more is kept than this, lest a server that logs in a loop fill the machine
/// before its deadline.
const LIMIT: u64 = 64 << 20;

/// Everything seen of a program.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) stdout: Vec<u8>,
    /// The lines of its standard error, without their ends.
    pub(crate) log: Vec<String>,
    /// How many of the two streams may still bring something.
    open: u8,
    pub(crate) ending: Option<Ending>,
}

impl Seen {
    /// Whether both streams are closed, by the program and by all that inherited them.
    pub(crate) fn is_closed(&self) -> bool {
        self.open == 0
    }

    /// Whether nothing can change any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_closed() && self.ending.is_some()
    }
}

/// What was seen, and the bell that rings at each change.
#[derive(Debug)]
pub(crate) struct Output {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Output {
    /// Of a program with that many streams to collect.
    pub(crate) fn new(open: u8) -> Self {
        let seen = Seen { stdout: Vec::new(), log: Vec::new(), open, ending: None };
        Self { seen: Mutex::new(seen), changed: Condvar::new() }
    }

    /// All that was seen until now.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        // A test that panics while it looks leaves the record as good as it was.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `find` finds something.
    pub(crate) fn wait<T>(
        &self,
        deadline: Deadline,
        mut find: impl FnMut(&Seen) -> Option<T>,
    ) -> Option<T> {
        let mut seen = self.seen();
        loop {
            if let Some(found) = find(&seen) {
                return Some(found);
            }
            let left = deadline.left()?;
            let waited = self.changed.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.changed.notify_all();
    }

    /// Reads standard output to its end. Runs in a thread of its own, as the next two.
    pub(crate) fn collect_stdout(&self, stream: impl Read) {
        let mut stream = stream.take(LIMIT);
        let mut chunk = [0; 8192];
        while let Some(length) = read_some(&mut stream, &mut chunk) {
            self.update(|seen| seen.stdout.extend_from_slice(&chunk[..length]));
        }
        self.update(|seen| seen.open -= 1);
    }

    /// Reads standard error to its end, line by line.
    pub(crate) fn collect_log(&self, stream: impl Read) {
        let mut stream = BufReader::new(stream.take(LIMIT));
        let mut line = Vec::new();
        // `read_until` begins again by itself after an interruption; any other fault ends a pipe.
        while matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = String::from_utf8_lossy(text).into_owned();
            self.update(|seen| seen.log.push(text));
            line.clear();
        }
        self.update(|seen| seen.open -= 1);
    }

    /// Waits for the end of the process.
    pub(crate) fn watch(&self, pid: Pid) {
        let ending = Ending::wait(pid);
        self.update(|seen| seen.ending = Some(ending));
    }
}

/// How many bytes came; `None` at the end.
fn read_some(stream: &mut impl Read, chunk: &mut [u8]) -> Option<usize> {
    loop {
        match stream.read(chunk) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Ok(length @ 1..) => return Some(length),
            Ok(0) | Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_log_is_taken_line_by_line_to_its_very_end() {
        let output = Output::new(1);
        output.collect_log(&b"one\n\ntwo \xff\nno end"[..]);
        assert_eq!(output.seen().log, ["one", "", "two \u{fffd}", "no end"]);
        assert!(output.seen().is_closed());
        assert!(!output.seen().is_complete());
    }

    #[test]
    fn a_wait_without_time_still_looks_once() {
        let output = Output::new(1);
        output.collect_stdout(&b"here"[..]);
        let deadline = Deadline::after(Duration::ZERO);
        let find = |what: &'static [u8]| move |seen: &Seen| (seen.stdout == what).then_some(());
        assert_eq!(output.wait(deadline, find(b"here")), Some(()));
        assert_eq!(output.wait(deadline, find(b"there")), None);
    }
}
