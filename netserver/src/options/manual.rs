//! The manual page, and what has a shell complete the command line: the table in clap's words, which its
//! writers take.
//!
//! Takes in the options that `--help` shows, hands on text. What a command line may be is not asked of clap.

mod sections;

use std::io;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ValueHint};
use netserver_options::command::{self, COMMANDS, Shell};
use netserver_options::kind::{Folder, Kind, LogFile, Path};
use netserver_options::reject::shown;
use netserver_options::{OptionSpec, Reject};

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
    text.extend(options(&page, help)?.bytes());
    text.extend(sections::text(help).bytes());
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// One section with the groups below it, and first how an option is written.
fn options(page: &clap_mangen::Man, help: &Help<'_>) -> io::Result<String> {
    let mut text = Vec::new();
    page.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text).replace("\n.SH ", "\n.SS ");
    let (title, written) = (".SS OPTIONS\n", sections::escaped(&help.closing()));
    Ok(text.replacen(title, &format!(".SH OPTIONS\n{written}\n"), 1))
}

/// Of all options together: there are too many for one line each to be read.
fn synopsis(program: &str) -> String {
    let program = program.replace('\\', "\\e").replace('-', "\\-");
    format!(
        ".SH SYNOPSIS\n\\fB{program}\\fR [\\fIOPTION\\fR=\\fIVALUE\\fR]... [\\-\\-] [\\fIARGUMENTS\\fR]\n"
    )
}

/// A script for a shell.
///
/// # Errors
/// Where the program has a name that a script cannot have in its own names.
pub(crate) fn completions(help: &Help<'_>, shell: Shell) -> Result<String, Reject> {
    hold_name(help.program)?;
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program(help), help.program, &mut text);
    Ok(String::from_utf8_lossy(&text).replacen(BEFORE, &format!("{BEFORE}{PARTED}"), 1))
}

/// A shell has functions that are called as the program is.
fn hold_name(program: &str) -> Result<(), Reject> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte);
    if !program.is_empty() && program.bytes().all(plain) {
        return Ok(());
    }
    let help = "call it by a name of letters, digits, `_`, `-`, `.` and `+`";
    Err(Reject::new(format!("no script can be for a program named {}", shown(program)))
        .with_help(help))
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
    let action = if spec.kind.repeats { ArgAction::Append } else { ArgAction::Set };
    let one = one.action(action).value_name(spec.kind.placeholder).value_hint(hint(spec));
    if spec.kind.flag {
        // The name alone is yes.
        let one = one.num_args(0..=1).hide_possible_values(true);
        return one.value_parser(PossibleValuesParser::new(["yes", "no"]));
    }
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
        // One row stands for all of its name.
        let of_one =
            row.value.and_then(|value| row.summary.strip_suffix(value)?.strip_suffix(" for "));
        let about = of_one.unwrap_or(row.summary);
        let one = Arg::new(row.name).long(row.name.replace('_', "-")).help(about);
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

/// Markdown of the table as text, without the sentences that are for whoever writes the program.
fn plain(details: &str) -> String {
    let text = details.replace("<code>", "").replace("</code>", "").replace("&#124;", "|");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = sentences(&words).filter(|sentence| !is_for_programmers(sentence));
    kept.collect::<String>().replace('`', "").trim().to_owned()
}

/// Each with the blank behind it.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.match_indices(". ").map(|(at, end)| at + end.len());
    let ends = ends.chain([text.len()]);
    ends.scan(0, |start, end| Some(&text[std::mem::replace(start, end)..end]))
}

/// Whether it names what a program calls, or has called. Of Perl's names one is a value.
fn is_for_programmers(sentence: &str) -> bool {
    let names = sentence.replace("Sys::Syslog", "");
    has_path(&names) || ["_hook`", "`mux_", "` crate"].iter().any(|mark| names.contains(mark))
}

/// Whether it has a name behind another's `::`, which stands in addresses, too.
fn has_path(text: &str) -> bool {
    text.match_indices("::").any(|(at, mark)| {
        let (before, after) = (&text[..at], &text[at + mark.len()..]);
        let is_letter = |c: char| c.is_ascii_alphabetic();
        before.ends_with(is_letter) && after.starts_with(is_letter)
    })
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
        assert!(completions(&help(), Shell::Bash).unwrap().contains(PARTED));
    }

    #[test]
    fn what_is_for_programmers_is_no_page_for_administrators() {
        let said = plain("Is cut. `Connection::x` says so. To\n `Sys::Syslog`. In `a_hook`.\n");
        assert_eq!(said, "Is cut. To Sys::Syslog.");
        let page = page(&help(), "0.1.0").unwrap().replace("Sys::Syslog", "");
        for word in ["attribute", "_hook", "crate"] {
            let found = page.lines().find(|line| line.contains(word));
            assert_eq!(found, None, "{word}");
        }
        assert_eq!(page.lines().find(|line| has_path(line)), None);
        for address in ["[::1]:53/udp", "fe80::/10"] {
            assert!(page.contains(address), "{address}");
        }
    }

    #[test]
    fn each_section_is_one_of_a_page() {
        let titles = |prefix| {
            let page = page(&Help { env_prefix: prefix, ..help() }, "0.1.0").unwrap();
            let titles = page.lines().filter_map(|line| line.strip_prefix(".SH "));
            titles.map(|title| title.replace('"', "")).collect::<Vec<_>>().join(", ")
        };
        let before = "NAME, SYNOPSIS, DESCRIPTION, OPTIONS, EXIT STATUS, ";
        assert_eq!(titles(None), format!("{before}FILES, SIGNALS"));
        assert_eq!(titles(Some("ECHO")), format!("{before}ENVIRONMENT, FILES, SIGNALS"));
    }

    #[test]
    fn a_name_that_no_script_can_have_is_refused() {
        for (name, good) in [("echo", true), ("a-b_c.d+1", true), ("a b", false), ("a;b", false)] {
            let script = completions(&Help { program: name, ..help() }, Shell::Bash);
            assert_eq!(script.is_ok(), good, "{name}");
        }
    }

    #[test]
    fn each_option_is_everywhere() {
        let page = page(&help(), "0.1.0").unwrap();
        let shells =
            [Shell::Bash, Shell::Zsh, Shell::Fish].map(|one| completions(&help(), one).unwrap());
        for spec in netserver_options::OPTIONS {
            let in_page = format!("\\-\\-{}\\fR", spec.name);
            assert!(page.contains(&in_page), "{} in {page}", spec.name);
            for script in &shells {
                assert!(script.contains(spec.name), "{} in {script}", spec.name);
            }
        }
    }
}
