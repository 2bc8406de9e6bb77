//! The references of options and hooks, as Markdown made from the tables.

use std::fmt::Write as _;

use crate::hook::{self, HookSpec};
use crate::personality::{BuiltIn, Scope, one_of};
use crate::table::{Group, OPTIONS, OptionSpec};

/// The whole reference: a table for each group, and the longer text of each option.
pub fn options() -> String {
    let mut text = String::from(
        "## Options\n\n\
         Each is a name in the attribute, on the command line (`--name value`, `--name=value`,\n\
         `name=value`), in the environment where the server has a prefix for it (`ECHO_NAME=value`), and in the\n\
         conf file (`name = value`). The first source to set an option wins,\n\
         whole lists too: `Server::set`, command line, environment, arguments of `run_with`, conf file,\n\
         `configure_hook`, attribute, default. A default gives way to what is set: `--max_servers=4`\n\
         lowers `min_servers` to 4.\n",
    );
    for group in Group::ALL.iter().filter(|group| **group != Group::Own) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n### {}\n", group.title());
        text.push_str("| option | value | default | works with | since |\n|---|---|---|---|---|\n");
        let rows = || OPTIONS.iter().filter(|spec| spec.group == *group);
        for spec in rows() {
            row(&mut text, spec);
        }
        for spec in rows() {
            let details: Vec<&str> = spec.details.lines().map(str::trim).collect();
            let _ = writeln!(text, "\n`{}`: {}", spec.name, details.join("\n"));
        }
    }
    text.push_str(
        "\n<!-- Made from the table in netserver-options; UPDATE=1 cargo test rewrites it. -->\n",
    );
    text
}

fn row(text: &mut String, spec: &OptionSpec) {
    let choices = (spec.kind.choices)();
    let value = match (choices.is_empty(), spec.range) {
        (false, _) => one_of(choices.into_iter()),
        (true, Some((low, high))) => {
            format!("{}, {low} to {high}", spec.kind.placeholder.to_lowercase())
        }
        (true, None) => spec.kind.placeholder.to_lowercase().replace('|', " or "),
    };
    let more = if spec.kind.repeats { ", may repeat" } else { "" };
    let default = spec.default_in_words(|text| format!("`{text}`"));
    let works_with = names(spec.works_with);
    let (name, since) = (spec.name, spec.since);
    let _ = writeln!(text, "| `{name}` | {value}{more} | {default} | {works_with} | {since} |");
}

/// Those in the set; by those that are not in it, where these are few.
fn names(scope: Scope) -> String {
    let without = BuiltIn::ALL.iter().filter(|one| !scope.contains(**one)).map(|one| one.name());
    match without.collect::<Vec<_>>()[..] {
        [] => "all".into(),
        [one] => format!("all but `{one}`"),
        [one, other] => format!("all but `{one}` and `{other}`"),
        _ => scope.names(),
    }
}

/// The page of the process flow with the row of each method as its table has it. What stands
/// between them, the phases, is written by hand.
pub fn process_flow(page: &str) -> String {
    page.lines()
        .map(|line| hook_of(line).map_or_else(|| line.to_owned(), hook_row) + "\n")
        .collect()
}

/// The personalities that call a hook, in words.
pub fn called_by(spec: &HookSpec) -> String {
    names(spec.called_by)
}

fn hook_of(line: &str) -> Option<&'static HookSpec> {
    let (name, _) = line.strip_prefix("| `")?.split_once('`')?;
    hook::find(name)
}

fn hook_row(spec: &HookSpec) -> String {
    let (name, process, called_by) = (spec.name, spec.process.name(), names(spec.called_by));
    format!("| `{name}` | {process} | {} | {called_by} |", spec.when)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_hooks_come_from_the_table() {
        let page = "| hook | process | when | with |\n| `run_n_children_hook` | ? |\n| *bind* | parent |\n";
        let row = "| `run_n_children_hook` | parent | before so many children are forked for a pool \
                   | `prefork_simple`, `prefork`, `multiplex` or `thread` |";
        assert_eq!(process_flow(page), page.replace("| `run_n_children_hook` | ? |", row));
    }

    #[test]
    fn few_that_are_missing_are_named() {
        assert_eq!(names(Scope::ALL), "all");
        assert_eq!(names(Scope::LISTENING), "all but `inet`");
        assert_eq!(names(Scope::FORKING), "all but `single` and `inet`");
        assert_eq!(names(Scope::MANAGED), "`prefork` or `thread`");
    }

    #[test]
    fn a_row_of_an_option_has_every_column() {
        for row in [
            "| `max_servers` | number, 1 to 65535 | `256` with `fork`, `50` with `prefork_simple`, `prefork` or `thread` \
             | `fork`, `prefork_simple`, `prefork` or `thread` | 0.1 |",
            "| `stdio` | yes or no | `false` | `single`, `fork`, `prefork_simple` or `prefork` | 0.1 |",
            "| `log_level` | number, 0 to 4 | `2` | all | 0.1 |",
            "| `conf_file` | file |  | all | 0.1 |",
        ] {
            assert!(options().lines().any(|line| line == row), "{row}");
        }
    }
}
