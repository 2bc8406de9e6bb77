//! The manual page, and what has a shell complete the command line: the table in clap's words, which its
//! writers take.
//!
//! Takes in the options that `--help` shows, hands on text. What a command line may be is not asked of clap.

use std::io;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ValueHint};
use netserver_options::OptionSpec;
use netserver_options::command::{self, COMMANDS, Shell};
use netserver_options::kind::{Folder, Kind, LogFile, Path};

use super::help::Help;

/// The section of what administrators run.
const SECTION: &str = "8";

/// A page for `man`.
///
/// # Errors
/// None that a text in memory has.
pub(crate) fn page(help: &Help<'_>, version: &str) -> io::Result<String> {
    let page = clap_mangen::Man::new(program(help).version(version.to_owned()));
    let page = page.section(SECTION).source(format!("{} {version}", help.program));
    let page = page.manual("").date("");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    text.extend(synopsis(help.program).bytes());
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    page.render_extra_section(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Of all options together: there are too many for one line each to be read.
fn synopsis(program: &str) -> String {
    let program = program.replace('\\', "\\e").replace('-', "\\-");
    format!(
        ".SH SYNOPSIS\n\\fB{program}\\fR [\\fIOPTION\\fR=\\fIVALUE\\fR]... [\\-\\-] [\\fIARGUMENTS\\fR]\n"
    )
}

/// A script for a shell.
pub(crate) fn completions(help: &Help<'_>, shell: Shell) -> String {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program(help), help.program, &mut text);
    String::from_utf8_lossy(&text).replacen(BEFORE, &format!("{BEFORE}{PARTED}"), 1)
}

/// Where bash's script knows the word before the one that is completed.
const BEFORE: &str = "    prev=\"$3\"\n";

/// `--name=value` comes as three words there, which clap does not mind.
const PARTED: &str = "    [[ ${prev} == \"=\" ]] && prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    [[ ${cur} == \"=\" ]] && cur=\"\"
";

fn program(help: &Help<'_>) -> clap::Command {
    let rest = Arg::new("arguments").value_name("ARGUMENTS").num_args(0..).last(true);
    clap::Command::new(help.program.to_owned())
        .about(help.about.to_owned())
        .after_help(help.closing())
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(help.rows().map(|(title, spec)| option(help, spec).help_heading(title)))
        .args(commands())
        .arg(rest.help("Words for the server itself"))
}

fn option(help: &Help<'_>, spec: &'static OptionSpec) -> Arg {
    let about = help.explanation(spec);
    let details = plain(spec.details);
    let long = format!("{about}\n\n{details}");
    let one = Arg::new(spec.name).long(spec.name).help(about);
    let one = if details.is_empty() { one } else { one.long_help(long) };
    let one = spec.short.map_or(one.clone(), |letter| one.short(letter));
    if spec.kind.flag {
        return one.action(ArgAction::SetTrue);
    }
    let action = if spec.kind.repeats { ArgAction::Append } else { ArgAction::Set };
    let one = one.action(action).value_name(spec.kind.placeholder).value_hint(hint(spec));
    let meanings = (spec.kind.meanings)();
    let choices = (spec.kind.choices)().into_iter().enumerate().map(|(at, choice)| {
        let value = PossibleValue::new(choice);
        let meaning = meanings.get(at).filter(|meaning| is_inert(meaning));
        meaning.map_or(value.clone(), |meaning| value.help(*meaning))
    });
    let choices: Vec<_> = choices.collect();
    // The table's own explanation names them.
    let one = one.hide_possible_values(true);
    if choices.is_empty() { one } else { one.value_parser(PossibleValuesParser::new(choices)) }
}

/// Whether a meaning is shown and nothing more: fish reads it in double quotes, which clap does not mind.
fn is_inert(meaning: &str) -> bool {
    !meaning.is_empty() && !meaning.contains(['"', '$', '\\'])
}

fn hint(spec: &OptionSpec) -> ValueHint {
    match spec.kind.placeholder {
        Path::PLACEHOLDER | LogFile::PLACEHOLDER => ValueHint::FilePath,
        Folder::PLACEHOLDER => ValueHint::DirPath,
        _ => ValueHint::Other,
    }
}

/// What is asked instead of serving: one for each name, with the values it takes.
fn commands() -> impl Iterator<Item = Arg> {
    let first = |at: usize| COMMANDS[..at].iter().all(|row| row.name != COMMANDS[at].name);
    (0..COMMANDS.len()).filter(move |at| first(*at)).map(|at| {
        let row = &COMMANDS[at];
        let one = Arg::new(row.name).long(row.name.replace('_', "-")).help(row.summary);
        let one = one.help_heading("Instead of serving");
        let short = command::shorts().find(|(_, asked)| asked.name == row.name);
        let one = short.map_or(one.clone(), |(letter, _)| one.short(letter));
        let values = command::values(row.name);
        if values.is_empty() {
            return one.action(ArgAction::SetTrue);
        }
        let fewest = usize::from(row.value.is_some());
        let one = one.num_args(fewest..=1).require_equals(true).value_name(values.join("|"));
        one.hide_possible_values(true).value_parser(PossibleValuesParser::new(values))
    })
}

/// Markdown of the table as text.
fn plain(details: &str) -> String {
    let text = details.replace("<code>", "").replace("</code>", "").replace("&#124;", "|");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("\n").replace('`', "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use netserver_options::{BuiltIn, Table};

    use super::*;

    fn help() -> Help<'static> {
        Help {
            program: "echo",
            about: "Echoes lines.",
            table: Table::BUILT_IN,
            declared: Some(BuiltIn::PreFork),
            env_prefix: None,
            default_of: Box::new(|_| Some("it's -x \\fB.".to_owned())),
        }
    }

    #[test]
    fn clap_takes_the_table() {
        program(&help()).debug_assert();
    }

    #[test]
    fn a_meaning_that_a_shell_would_read_is_left_out() {
        for (meaning, inert) in
            [("As among friends", true), ("the \"fast\" one", false), ("$(id)", false), ("", false)]
        {
            assert_eq!(is_inert(meaning), inert, "{meaning}");
        }
        assert!(completions(&help(), Shell::Bash).contains(PARTED));
    }

    #[test]
    fn each_option_is_everywhere() {
        let page = page(&help(), "0.1.0").unwrap();
        let shells = [Shell::Bash, Shell::Zsh, Shell::Fish].map(|one| completions(&help(), one));
        for spec in netserver_options::OPTIONS {
            let in_page = format!("\\-\\-{}\\fR", spec.name);
            assert!(page.contains(&in_page), "{} in {page}", spec.name);
            for script in &shells {
                assert!(script.contains(spec.name), "{} in {script}", spec.name);
            }
        }
    }
}
