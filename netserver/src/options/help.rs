//! `--help`: the table for a terminal, grouped and aligned.

use std::fmt::Write as _;

use netserver_options::command::COMMANDS;
use netserver_options::table::Group;
use netserver_options::{BuiltIn, OptionSpec, Table};

use super::source::variable;

/// Column at which the explanations start, and the widest line.
const COLUMN: usize = 32;
const WIDTH: usize = 100;
/// A blank at which no line ends.
const FIXED: char = '\u{a0}';

/// Tells the value that holds where nobody sets one.
pub(crate) type DefaultOf<'a> = dyn Fn(&OptionSpec) -> Option<String> + 'a;

/// What `--help` is made of.
pub(crate) struct Help<'a> {
    pub(crate) program: &'a str,
    /// What the server says of itself.
    pub(crate) about: &'a str,
    pub(crate) table: Table,
    /// None of a server with a personality of its own.
    pub(crate) declared: Option<BuiltIn>,
    /// What variables begin with that set options.
    pub(crate) env_prefix: Option<&'a str>,
    /// Tells the value that holds where nobody sets one.
    pub(crate) default_of: Box<DefaultOf<'a>>,
}

impl Help<'_> {
    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if !self.about.is_empty() {
            text.push_str(self.about);
            text.push_str("\n\n");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Usage: {} [OPTION=VALUE]... [--] [ARGUMENTS]", self.program);
        let mut under = "";
        for (title, spec) in self.rows() {
            if title != under {
                let _ = writeln!(text, "\n{title}:");
                under = title;
            }
            let short = spec.short.map(|letter| format!("-{letter}, ")).unwrap_or_default();
            let left = format!("{short}--{} {}", spec.name, spec.kind.placeholder);
            row(&mut text, &left, &explanation(spec, (self.default_of)(spec)));
        }
        let _ = writeln!(text, "\nInstead of serving:");
        let has_manual = cfg!(feature = "manual");
        for command in COMMANDS.iter().filter(|one| has_manual || !one.command.is_manual()) {
            let name = command.name.replace('_', "-");
            let value = command.value.map(|value| format!("={value}")).unwrap_or_default();
            row(&mut text, &format!("--{name}{value}"), command.summary);
        }
        text.push('\n');
        text.push_str(&self.closing());
        text
    }

    /// The options that are offered, each with its heading.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, &'static OptionSpec)> {
        Group::ALL.iter().flat_map(move |group| {
            let in_group = |spec: &&OptionSpec| spec.group == *group;
            let rows = self.table.iter().filter(in_group);
            let rows = rows.filter(|spec| is_offered(spec, self.declared));
            rows.map(|spec| (title(*group), spec))
        })
    }

    /// What is said of an option, where lines end anywhere.
    #[cfg(feature = "manual")]
    pub(crate) fn explanation(&self, spec: &OptionSpec) -> String {
        explanation(spec, (self.default_of)(spec)).replace(FIXED, " ")
    }

    /// How options are written, and where else.
    pub(crate) fn closing(&self) -> String {
        let mut text = String::from(
            "An option may be written --name VALUE, --name=VALUE or name=VALUE, with - or _, and in the\n\
             conf file as name = VALUE. The command line beats the conf file.\n",
        );
        if let Some(prefix) = self.env_prefix {
            let example = variable(prefix, "max_servers");
            text.push_str("In the environment max_servers is ");
            text.push_str(&example);
            text.push_str(", and so on; it beats the conf file, too.\n");
        }
        text
    }
}

/// No file name: what a program is installed as is no name of a server.
const fn title(group: Group) -> &'static str {
    if matches!(group, Group::Own) { "Options of its own" } else { group.title() }
}

/// A server with a personality of its own offers no other.
fn is_offered(spec: &OptionSpec, declared: Option<BuiltIn>) -> bool {
    declared.is_some() || spec.name != "server_type"
}

/// Summary, what the value may be, and what it is where nobody sets it. The bounds of the table's
/// own options are so wide that only who exceeds them is told.
fn explanation(spec: &OptionSpec, default: Option<String>) -> String {
    let choices = choices(spec);
    let choices = (!choices.is_empty()).then(|| choices.join(", "));
    let bounds = spec.range.filter(|_| spec.group == Group::Own);
    let allowed = choices.or_else(|| bounds.map(|(low, high)| format!("{low} to {high}")));
    let about = [(!spec.summary.is_empty()).then(|| spec.summary.to_owned()), allowed];
    let about: Vec<String> = about.into_iter().flatten().collect();
    let note = match default {
        _ if spec.required => Some("[required]".to_owned()),
        default => default.map(|text| format!("[default:{FIXED}{text}]")),
    };
    let secret = spec.secret.then(|| format!("[secret; @FILE{FIXED}reads{FIXED}a{FIXED}file]"));
    [Some(about.join(": ")), secret, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What the value may be where that is few, each with its meaning where that is told.
fn choices(spec: &OptionSpec) -> Vec<String> {
    let meanings = (spec.kind.meanings)();
    let told = |(at, choice): (usize, &'static str)| match meanings.get(at) {
        None | Some(&"") => choice.to_owned(),
        Some(meaning) => format!("{choice} ({meaning})"),
    };
    (spec.kind.choices)().into_iter().enumerate().map(told).collect()
}

fn row(text: &mut String, left: &str, right: &str) {
    let mut line = format!("  {left}");
    let _ = if line.len() + 2 > COLUMN {
        writeln!(text, "{line}").map(|()| line.clear())
    } else {
        Ok(())
    };
    line = format!("{line:COLUMN$}");
    for word in right.split(' ') {
        let word = word.replace(FIXED, " ");
        if line.len() + 1 + word.len() > WIDTH && line.trim_end().len() > COLUMN {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(COLUMN);
        }
        line.push_str(&word);
        line.push(' ');
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_its_own_shows_what_it_may_be() {
        use netserver_options::kind::{Count, KindSpec};
        let row = |summary| OptionSpec::own("size", summary, "", KindSpec::of::<Count>());
        let said = |spec: &OptionSpec, default: Option<&str>| {
            explanation(spec, default.map(str::to_owned))
        };
        assert_eq!(said(&row("How big"), Some("3")), "How big [default:\u{a0}3]");
        assert_eq!(said(&row("How big").range("1", "9"), None), "How big: 1 to 9");
        assert_eq!(
            said(&row("A pin").secret(), None),
            "A pin [secret; @FILE\u{a0}reads\u{a0}a\u{a0}file]"
        );
        assert_eq!(said(&row("").range("1", "9").required(), None), "1 to 9 [required]");
    }

    #[test]
    fn help_lists_every_option_and_stays_narrow() {
        let text = Help {
            program: "echo",
            about: "Echoes lines.",
            table: Table::BUILT_IN,
            declared: Some(BuiltIn::PreFork),
            env_prefix: Some("ECHO"),
            default_of: Box::new(|spec| {
                spec.default_for(Some(BuiltIn::PreFork)).map(str::to_owned)
            }),
        }
        .text();
        assert!(text.contains("max_servers is ECHO_MAX_SERVERS, and so on"), "{text}");
        for spec in netserver_options::OPTIONS {
            assert!(text.contains(&format!("--{} ", spec.name)), "{}", spec.name);
        }
        assert!(
            text.contains("--max_servers NUMBER          Most children alive [default: 50]\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= WIDTH && line == line.trim_end()), "{text}");
    }
}
