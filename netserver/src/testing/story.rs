//! What a failing test tells of a program: how it does, and the last lines of its log.

use std::fmt::Display;

use crate::testing::output::Seen;

/// How many lines of a log are told.
const LAST_LINES: usize = 20;

/// A headline, the program with its state, and the end of its log.
pub(crate) fn tell(headline: impl Display, program: impl Display, seen: &Seen) -> String {
    let state = match seen.ending {
        Some(ending) => format!("ended with {ending}"),
        None => "still running".to_owned(),
    };
    let skipped = seen.log.len().saturating_sub(LAST_LINES);
    let log = &seen.log[skipped..];
    let heading = if log.is_empty() { "it logged nothing" } else { "its last log lines:" };
    let mut story = format!("{headline}\n  {program}: {state}; {heading}");
    story.extend(log.iter().flat_map(|line| ["\n  | ", line]));
    story
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ending::Ending;
    use crate::testing::output::Output;

    #[test]
    fn only_the_end_of_a_long_log_is_told() {
        let output = Output::new(1);
        let log: Vec<_> = (1..=30).map(|line| format!("line {line}")).collect();
        output.collect_log(log.join("\n").as_bytes());
        let story = tell("it hangs", "echo[12]", &output.seen());
        assert!(story.starts_with("it hangs\n  echo[12]: still running; its last log lines:\n"));
        assert!(story.contains("\n  | line 11\n") && story.ends_with("\n  | line 30"));
        assert!(!story.contains("line 10"));
    }

    #[test]
    fn a_program_without_a_word_is_told_so() {
        let output = Output::new(0);
        output.seen().ending = Some(Ending::Code(2));
        let story = tell("it is gone", "echo[12]", &output.seen());
        assert_eq!(story, "it is gone\n  echo[12]: ended with exit code 2; it logged nothing");
    }
}
