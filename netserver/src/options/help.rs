//! `--help`: the table for a terminal, grouped and aligned.

use std::fmt::Write as _;

use netserver_options::command::COMMANDS;
use netserver_options::table::Group;
use netserver_options::{BuiltIn, OptionSpec, Table};

/// Column at which the explanations start, and the widest line.
const COLUMN: usize = 32;
const WIDTH: usize = 100;
/// A blank at which no line ends.
const FIXED: char = '\u{a0}';

/// The whole help text. `about` is what the server says of itself; `default_of` tells the value
/// that holds where nobody sets one.
pub(crate) fn text(
    program: &str,
    about: &str,
    table: Table,
    declared: Option<BuiltIn>,
    default_of: impl Fn(&OptionSpec) -> Option<String>,
) -> String {
    let mut text = String::new();
    if !about.is_empty() {
        text.push_str(about);
        text.push_str("\n\n");
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Usage: {program} [OPTION=VALUE]... [--] [ARGUMENTS]");
    for group in Group::ALL {
        let in_group = |spec: &&OptionSpec| spec.group == *group && is_offered(spec, declared);
        let mut rows = table.iter().filter(in_group).peekable();
        if rows.peek().is_some() {
            let _ = writeln!(text, "\n{}:", title(*group, program));
        }
        for spec in rows {
            let left = format!("--{} {}", spec.name, spec.kind.placeholder);
            row(&mut text, &left, &explanation(spec, default_of(spec)));
        }
    }
    let _ = writeln!(text, "\nInstead of serving:");
    for command in COMMANDS {
        let name = command.name.replace('_', "-");
        let value = command.value.map(|value| format!("={value}")).unwrap_or_default();
        row(&mut text, &format!("--{name}{value}"), command.summary);
    }
    text.push_str("\nAn option may be written --name VALUE, --name=VALUE or name=VALUE, with - or _, and in the\n");
    text.push_str("conf file as name = VALUE. The command line beats the conf file.\n");
    text
}

/// The server's own options stand under its name: "Greeter's own".
fn title(group: Group, program: &str) -> String {
    let mut name = program.chars();
    match (group, name.next()) {
        (Group::Own, Some(first)) => format!("{}{}'s own", first.to_uppercase(), name.as_str()),
        _ => group.title().to_owned(),
    }
}

/// A server with a personality of its own offers no other.
fn is_offered(spec: &OptionSpec, declared: Option<BuiltIn>) -> bool {
    declared.is_some() || spec.name != "server_type"
}

/// Summary, what the value may be, and what it is where nobody sets it. The bounds of the table's
/// own options are so wide that only who exceeds them is told.
fn explanation(spec: &OptionSpec, default: Option<String>) -> String {
    let choices = (spec.kind.choices)();
    let choices = (!choices.is_empty()).then(|| choices.join(", "));
    let bounds = spec.range.filter(|_| spec.group == Group::Own);
    let allowed = choices.or_else(|| bounds.map(|(low, high)| format!("{low} to {high}")));
    let about = [(!spec.summary.is_empty()).then(|| spec.summary.to_owned()), allowed];
    let about: Vec<String> = about.into_iter().flatten().collect();
    let note = match default {
        _ if spec.required => Some("[required]".to_owned()),
        default => default.map(|text| format!("[default:{FIXED}{text}]")),
    };
    [Some(about.join(": ")), note].into_iter().flatten().collect::<Vec<_>>().join(" ")
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
        assert_eq!(said(&row("").range("1", "9").required(), None), "1 to 9 [required]");
    }

    #[test]
    fn help_lists_every_option_and_stays_narrow() {
        let text = text("echo", "Echoes lines.", Table::BUILT_IN, Some(BuiltIn::PreFork), |spec| {
            spec.default_for(Some(BuiltIn::PreFork)).map(str::to_owned)
        });
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
