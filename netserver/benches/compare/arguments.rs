//! What is asked for, from the words after `--`.

use std::ffi::OsString;

/// What `--help` says.
pub(crate) const HELP: &str = "\
cargo bench -p netserver --bench compare -- [OPTIONS]

  --quick         5 pairs of 0.1 s, few points in the charts: whether it works, and a rough figure
  --pairs N       so many pairs of each test, 0.2 s each (21)
  --only PATTERN  tests and charts whose name contains it; may repeat
  --list          the names of tests and charts, and what they compare
  --page          measures nothing, and writes the results that are there, none of them quick, into
                  docs/performance.md and README.md
";

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    Measure,
    List,
    Page,
    Help,
}

/// The words, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) job: Job,
    pub(crate) is_quick: bool,
    pub(crate) pairs: usize,
    pub(crate) only: Vec<String>,
}

/// So many pairs enclose a median within a few per cent.
const PAIRS: usize = 21;
const QUICK_PAIRS: usize = 5;

impl Arguments {
    /// # Errors
    /// The word that is none of ours.
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = Self { job: Job::Measure, is_quick: false, pairs: 0, only: Vec::new() };
        // `cargo bench` says `--bench`; `cargo test` says nothing, and wants to know whether it works.
        let mut is_trial = true;
        let mut words = words.map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--bench" => is_trial = false,
                "--quick" => arguments.is_quick = true,
                "--pairs" => arguments.pairs = count(&value()?)?,
                "--only" => arguments.only.push(value()?),
                "--list" => arguments.job = Job::List,
                "--page" => arguments.job = Job::Page,
                "--help" | "-h" => arguments.job = Job::Help,
                _ => return Err(format!("{word}: unknown argument\n\n{HELP}")),
            }
        }
        if is_trial && arguments.only.is_empty() {
            arguments.is_quick = true;
            arguments.only.push("single".to_owned());
        }
        if arguments.pairs == 0 {
            arguments.pairs = if arguments.is_quick { QUICK_PAIRS } else { PAIRS };
        }
        Ok(arguments)
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| name.contains(pattern.as_str()))
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=1_000).contains(&count) => Ok(count),
        _ => Err(format!("--pairs: expected a number, 1 to 1000, got {text}")),
    }
}
