//! Where values come from, and which source beats which: in this one place.

use std::fmt;

/// Where a value came from. The order of the variants is the order of strength, strongest first:
/// the first source to set an option wins, whole lists too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The program: `Server::set`.
    Object,
    /// The command line.
    CommandLine,
    /// A variable of the environment.
    Environment {
        /// What such variables begin with.
        prefix: &'static str,
    },
    /// The arguments of `run_with`.
    RunArguments,
    /// A line of the conf file.
    Conf {
        /// The file's name, as it was given.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// The server's `configure_hook`.
    ConfigureHook,
    /// The attribute.
    Attribute,
    /// The table.
    Default,
}

impl Source {
    /// Smaller is stronger.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Object => 0,
            Self::CommandLine => 1,
            Self::Environment { .. } => 2,
            Self::RunArguments => 3,
            Self::Conf { .. } => 4,
            Self::ConfigureHook => 5,
            Self::Attribute => 6,
            Self::Default => 7,
        }
    }

    /// Strongest first, and lines of the conf file in their order.
    pub(crate) const fn order(&self) -> (u8, usize) {
        let line = if let Self::Conf { line, .. } = self { *line } else { 0 };
        (self.rank(), line)
    }

    /// The place that an error names: the option as it stands in this source.
    pub(crate) fn place(&self, option: &str) -> String {
        match self {
            Self::CommandLine => format!("--{option}"),
            Self::Environment { prefix } => variable(prefix, option),
            Self::Conf { .. } => format!("{}: {option}", self.in_config()),
            _ => format!("{self}: {option}"),
        }
    }

    /// The source as `--print-config` writes it behind a value.
    pub(crate) fn in_config(&self) -> String {
        match self {
            Self::Conf { file, line } => format!("{file}:{line}"),
            _ => self.to_string(),
        }
    }
}

/// The variable that sets an option.
pub(crate) fn variable(prefix: &str, option: &str) -> String {
    format!("{prefix}_{}", option.to_ascii_uppercase())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "object",
            Self::CommandLine => "command line",
            Self::Environment { .. } => "environment",
            Self::RunArguments => "run arguments",
            Self::Conf { file, line } => return write!(f, "conf {file}:{line}"),
            Self::ConfigureHook => "configure_hook",
            Self::Attribute => "attribute",
            Self::Default => "default",
        })
    }
}
