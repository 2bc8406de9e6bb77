//! `--help`: the table for a terminal, grouped and aligned.

use std::fmt::Write as _;

use netserver_options::command::COMMANDS;
use netserver_options::table::Group;
use netserver_options::{BuiltIn, OptionSpec, Table};

/// Column at which the explanations start, and the widest line.
const COLUMN: usize = 32;
const WIDTH: usize = 100;

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

fn explanation(spec: &OptionSpec, default: Option<String>) -> String {
    let choices = (spec.kind.choices)();
    let choices =
        if choices.is_empty() { String::new() } else { format!(": {}", choices.join(", ")) };
    let default = default.map(|text| format!(" [default: {text}]")).unwrap_or_default();
    format!("{}{choices}{default}", spec.summary)
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
        if line.len() + 1 + word.len() > WIDTH && line.trim_end().len() > COLUMN {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(COLUMN);
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

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
