//! The command line: options, commands, and what is left to the server.
//!
//! `--name value`, `--name=value` and `name=value` set an option; a boolean may stand alone, and
//! takes the next word only where that is one of its own. What stands after `--`, and bare words,
//! are the server's; so is a word with one dash, unless an option or a command was meant, as by any letter
//! where options have letters. A server may
//! ask for everything that is no option.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use netserver_options::command::{self, Command};
use netserver_options::kind::{Flag, Kind};
use netserver_options::reject::shown;
use netserver_options::{OptionSpec, Reject, Table, nearest};

use super::secret;
use super::set::{OptionSet, Setting};
use super::source::Source;
use crate::error::OptionError;

/// What a command line said.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub(crate) settings: Vec<Setting>,
    /// What is asked for, where that is not a running server. The first one counts.
    pub(crate) command: Option<Command>,
    /// Words for the server itself.
    pub(crate) rest: Vec<OsString>,
}

/// What becomes of a word that looks like an option and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It ends the start: it was misspelt, or meant for another server.
    Refused,
    /// It is the server's, as the manual has it.
    Passed,
}

/// Reads the words behind the program's name.
///
/// # Errors
/// Any word that looks like an option and is none, or whose value is refused.
pub(crate) fn read(
    words: impl IntoIterator<Item = OsString>,
    table: Table,
    unknown: Unknown,
) -> Result<CommandLine, OptionError> {
    let mut reader = Reader {
        set: OptionSet::new(table, Source::CommandLine),
        command: None,
        rest: Vec::new(),
        unknown,
        words: words.into_iter().peekable(),
    };
    while let Some(word) = reader.words.next() {
        if word == "--" {
            reader.rest.extend(reader.words.by_ref());
        } else {
            reader.word(word)?;
        }
    }
    let Reader { set, command, rest, .. } = reader;
    Ok(CommandLine { settings: set.into_settings(), command, rest })
}

struct Reader<I: Iterator<Item = OsString>> {
    set: OptionSet,
    command: Option<Command>,
    rest: Vec<OsString>,
    unknown: Unknown,
    words: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = OsString>> Reader<I> {
    fn word(&mut self, word: OsString) -> Result<(), OptionError> {
        let bytes = word.as_bytes();
        let looks_ours = bytes.starts_with(b"--") || bytes.contains(&b'=');
        let Some(text) = word.to_str() else {
            let text = word.to_string_lossy();
            let passed = !looks_ours || self.unknown == Unknown::Passed;
            if passed && self.letters(&text).is_none() {
                self.rest.push(word);
                return Ok(());
            }
            let reject = Reject::new("not valid UTF-8").with_help(AFTER_DASHES);
            return Err(OptionError::new(self.shown(&text), reject));
        };
        self.text(text)
    }

    fn text(&mut self, text: &str) -> Result<(), OptionError> {
        // Two dashes and no more: `---port` is a slip, and not another way to write it.
        if let Some(asked) = short_command(text) {
            self.command.get_or_insert(asked);
            return Ok(());
        }
        if let Some(dashed) = text.strip_prefix("--") {
            let (name, value) = halves(dashed);
            return match self.set.table().find(name) {
                Some(spec) => self.option(spec, value),
                None if self.passes(name) => self.leave(text),
                None => self.command(name, value),
            };
        }
        if let Some(letters) = self.letters(text) {
            return self.short(letters);
        }
        let (name, value) = halves(text);
        match self.set.table().find(name) {
            Some(spec) if value.is_some() => self.option(spec, value),
            _ => self.leave(text),
        }
    }

    /// What stands behind one dash, where it begins with the letter of an option and is not the name of
    /// one, or with a `=` behind it nearly one. Where options have letters at all, any letter is meant for one.
    fn letters<'a>(&self, text: &'a str) -> Option<&'a str> {
        let letters = text.strip_prefix('-')?;
        let table = self.set.table();
        let first = letters.chars().find(|letter| asked_by(*letter).is_none())?;
        let is_meant = first.is_ascii_alphabetic() && self.refuses_letters();
        (is_meant || table.find_short(first).is_some()).then_some(())?;
        let (name, rest) = head(letters);
        let is_name = match rest.chars().next() {
            // Of one letter all names are near.
            Some('=') if name.len() > 1 => nearest(&name.replace('-', "_"), names(table)).is_some(),
            _ => letters.len() > 1 && table.find(name).is_some(),
        };
        (!is_name).then_some(letters)
    }

    fn refuses_letters(&self) -> bool {
        let has_letters = self.set.table().iter().any(|spec| spec.short.is_some());
        has_letters && self.unknown == Unknown::Refused
    }

    /// The option that a name is, or nearly is.
    fn nearly(&self, name: &str) -> Option<&'static OptionSpec> {
        let table = self.set.table();
        nearest(&name.replace('-', "_"), names(table)).and_then(|near| table.find(near))
    }

    /// Letters of options: those that are yes or no may stand together, and the last may have a value,
    /// which follows at once, behind a `=`, or in the next word.
    fn short(&mut self, letters: &str) -> Result<(), OptionError> {
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            let before = letters.len() - rest.len();
            rest = &rest[letter.len_utf8()..];
            if let Some(asked) = asked_by(letter) {
                self.command.get_or_insert(asked);
                continue;
            }
            let Some(spec) = self.set.table().find_short(letter) else {
                // What stands behind it may be a secret.
                let place = shown(&format!("-{}{letter}", &letters[..before]));
                let fault = format!("`{}` is short for no option", letter.escape_default());
                return Err(OptionError::new(place, Reject::new(fault).with_help(AFTER_DASHES)));
            };
            let value = rest.strip_prefix('=').or((!rest.is_empty()).then_some(rest));
            if rest.is_empty() || rest.starts_with('=') || !spec.kind.flag {
                return self.option(spec, value);
            }
            self.set.push(spec.name, &Flag::print(&true), Source::CommandLine)?;
        }
        Ok(())
    }

    /// A word as a message shows it: without its value where that may be a secret.
    fn shown(&self, word: &str) -> String {
        let bare = word.trim_start_matches('-');
        let (name, rest) = head(bare);
        if !rest.is_empty() && self.nearly(name).is_some_and(|spec| spec.secret) {
            return shown(&word[..word.len() - rest.len()]);
        }
        let behind = if word.starts_with("--") { None } else { word.strip_prefix('-') };
        let secret = behind.and_then(|letters| self.secret_letter(letters));
        shown(secret.map_or(word, |end| &word[..=end]))
    }

    /// Where a secret begins among letters that stand together.
    fn secret_letter(&self, letters: &str) -> Option<usize> {
        for (at, letter) in letters.char_indices() {
            let spec = self.set.table().find_short(letter)?;
            if spec.secret {
                return Some(at + letter.len_utf8());
            }
            spec.kind.flag.then_some(())?;
        }
        None
    }

    /// Leaves a word to the server, unless it was meant for an option.
    fn leave(&mut self, text: &str) -> Result<(), OptionError> {
        let help = match text.strip_prefix('-') {
            _ if self.unknown == Unknown::Passed => None,
            Some(dashed) => one_dash(self.set.table(), dashed),
            None => misspelt(self.set.table(), text),
        };
        if let Some(help) = help {
            let reject = Reject::new("unknown option");
            let reject = reject.with_help(format!("{help} {AFTER_DASHES}"));
            return Err(OptionError::new(self.shown(text), reject));
        }
        self.rest.push(text.into());
        Ok(())
    }

    /// Whether a name behind two dashes is the server's: it is no command either.
    fn passes(&self, name: &str) -> bool {
        self.unknown == Unknown::Passed && !command::is_command(&name.replace('-', "_"))
    }

    fn option(
        &mut self,
        spec: &'static OptionSpec,
        value: Option<&str>,
    ) -> Result<(), OptionError> {
        let value = match value {
            Some(value) => value.to_owned(),
            None => self.next_value(spec)?,
        };
        self.set.push(spec.name, &value, Source::CommandLine)
    }

    /// The value of an option whose word has none: the next word, where it may be one.
    fn next_value(&mut self, spec: &OptionSpec) -> Result<String, OptionError> {
        let flag = spec.kind.flag;
        let is_value = |word: &OsStr| match word.to_str() {
            Some(text) if flag => Flag::word(text).is_some(),
            Some(text) => !text.starts_with("--"),
            None => !flag,
        };
        let Some(word) = self.words.next_if(|word| is_value(word)) else {
            let missing =
                || Reject::new("needs a value").with_help(format!("write {}", written(spec)));
            return if flag {
                Ok(Flag::print(&true))
            } else {
                Err(OptionError::new(place(spec), missing()))
            };
        };
        word.into_string().map_err(|word| {
            let what = if spec.secret { secret::HIDDEN.to_owned() } else { lossy(&word) };
            OptionError::new(place(spec), Reject::new(format!("{what} is not valid UTF-8")))
        })
    }

    fn command(&mut self, name: &str, value: Option<&str>) -> Result<(), OptionError> {
        let underscored = name.replace('-', "_");
        if !command::is_command(&underscored) {
            return Err(self.unknown(name, &underscored));
        }
        let next = if value.is_none() { self.next_value_of(&underscored) } else { None };
        let value = value.or(next);
        let Some(asked) = command::find(&underscored, value) else {
            return Err(OptionError::new(format!("--{name}"), wrong_value(&underscored, value)));
        };
        self.command.get_or_insert(asked);
        Ok(())
    }

    /// The next word, where it is a value of that command.
    fn next_value_of(&mut self, name: &str) -> Option<&'static str> {
        let values = command::values(name);
        let next = self.words.peek().and_then(|word| word.to_str())?;
        let value = values.into_iter().find(|value| *value == next)?;
        self.words.next();
        Some(value)
    }

    /// What is wrong with a name behind two dashes that is no option's and no command's. With its value in the
    /// same word, as quotes in a unit or a manifest have it, it is one that needs a `=`.
    fn unknown(&self, name: &str, underscored: &str) -> OptionError {
        let (bare, rest) = head(name);
        let near = if rest.is_empty() { None } else { self.nearly(bare) };
        let Some(spec) = near else {
            return OptionError::new(
                format!("--{}", shown(name)),
                unknown_word(self.set.table(), underscored),
            );
        };
        let shown_name = if spec.secret { bare } else { name };
        let reject = Reject::new("unknown option").with_help(format!("write {}", written(spec)));
        OptionError::new(format!("--{}", shown(shown_name)), reject)
    }
}

/// Why a command is not asked for like that.
fn wrong_value(name: &str, value: Option<&str>) -> Reject {
    let values = command::values(name);
    let help = || {
        let dashed = name.replace('_', "-");
        let each = values.iter().map(|value| format!("--{dashed}={value}"));
        format!("write {}", each.collect::<Vec<_>>().join(" or "))
    };
    let reject = match value {
        Some(value) => Reject::new(format!("takes no value {}", shown(value))),
        None => Reject::new("needs a value"),
    };
    if values.is_empty() { reject } else { reject.with_help(help()) }
}

/// What one writes instead of `name=value`, where the name is nearly an option's, or one
/// of Perl's.
fn misspelt(table: Table, text: &str) -> Option<String> {
    let (name, value) = halves(text);
    value?;
    Reject::unknown_option(name, table.iter().map(|spec| spec.name)).help
}

/// What one writes instead of `-name` or `-name=value`, where that has a dash too few.
fn one_dash(table: Table, dashed: &str) -> Option<String> {
    let (name, value) = halves(dashed);
    // One letter is near to everything.
    (name.len() > 1).then_some(())?;
    let near = nearest(&head(name).0.replace('-', "_"), names(table))?;
    // A value in the same word is behind a `=`, or it is a secret's.
    let is_secret = table.find(near).is_some_and(|spec| spec.secret);
    (is_secret || head(name).1.is_empty()).then_some(())?;
    Some(match (value, table.find(near)) {
        (_, Some(spec)) if spec.secret => format!("write {};", written(spec)),
        (Some(value), _) => format!("write {};", shown(&format!("--{near}={value}"))),
        (None, Some(spec)) => format!("write {};", written(spec)),
        (None, None) => format!("write --{near};"),
    })
}

/// What everybody tries first: the letter of a command.
fn short_command(text: &str) -> Option<Command> {
    let mut letters = text.strip_prefix('-')?.chars();
    let asked = letters.next().and_then(asked_by);
    asked.filter(|_| letters.next().is_none())
}

/// The command that a letter stands for.
fn asked_by(letter: char) -> Option<Command> {
    command::shorts().find(|(short, _)| *short == letter).map(|(_, row)| row.command)
}

/// How one says that a word is not an option.
const AFTER_DASHES: &str = "words for the server itself stand after `--`";

/// What stands before the first `=`, and what behind it.
fn halves(text: &str) -> (&str, Option<&str>) {
    text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)))
}

/// What may be a name, and all that stands behind it.
fn head(text: &str) -> (&str, &str) {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// All that may stand behind `--`.
fn names(table: Table) -> impl Iterator<Item = &'static str> {
    let commands = command::COMMANDS.iter().map(|row| row.name);
    table.iter().map(|spec| spec.name).chain(commands)
}

fn unknown_word(table: Table, name: &str) -> Reject {
    let reject = Reject::unknown_option(name, names(table));
    // The place in front of it names the word already.
    Reject { fault: "unknown option".into(), ..reject }
}

fn place(spec: &OptionSpec) -> String {
    Source::CommandLine.place(spec.name)
}

/// An option as one writes it.
pub(super) fn written(spec: &OptionSpec) -> String {
    format!("--{}={}", spec.name, secret::placeholder(spec))
}

fn lossy(word: &OsStr) -> String {
    shown(&word.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use netserver_options::command::Shell;

    use super::*;

    fn read_words(words: &[&str]) -> Result<CommandLine, OptionError> {
        read(words.iter().map(OsString::from), Table::BUILT_IN, Unknown::Refused)
    }

    fn pairs(words: &[&str]) -> Vec<(String, String)> {
        let line = read_words(words).unwrap();
        line.settings.iter().map(|one| (one.spec.name.to_owned(), one.text.clone())).collect()
    }

    fn fault(words: &[&str]) -> String {
        read_words(words).unwrap_err().to_string()
    }

    #[test]
    fn every_form_sets_an_option() {
        let eight = [("max_servers".to_owned(), "8".to_owned())];
        for words in [
            &["--max_servers", "8"][..],
            &["--max-servers", "8"],
            &["--max_servers=8"],
            &["max_servers=8"],
            &["max-servers= 8 "],
        ] {
            assert_eq!(pairs(words), eight, "{words:?}");
        }
        assert_eq!(pairs(&["--keepalive"])[0].1, "true");
        assert_eq!(pairs(&["--keepalive", "off"])[0].1, "false");
        assert_eq!(pairs(&["--keepalive", "--port=1"]).len(), 2);
        assert_eq!(pairs(&["--port", "1", "--port=2"]).len(), 2);
    }

    #[test]
    fn the_rest_is_the_servers() {
        let line =
            read_words(&["word", "--keepalive", "word", "x=1", "--", "--port", "y"]).unwrap();
        assert_eq!(line.rest, ["word", "word", "x=1", "--port", "y"]);
        let line = read(
            [OsString::from("--"), OsStr::from_bytes(b"\xff").to_owned()],
            Table::BUILT_IN,
            Unknown::Refused,
        )
        .unwrap();
        assert_eq!(line.rest.len(), 1);
    }

    #[test]
    fn a_dash_too_few_or_too_many_is_told() {
        let help = |cure: &str| {
            format!(
                ": unknown option\n  help: write {cure}; words for the server itself stand after `--`"
            )
        };
        for (word, cure) in [
            ("-port", "--port=PORT"),
            ("-port=1", "--port=1"),
            ("-prot=1", "--port=1"),
            ("-max_servers=4", "--max_servers=4"),
            ("-max-server", "--max_servers=NUMBER"),
            ("-keepalive", "--keepalive=YES|NO"),
            ("-help", "--help"),
            ("-print-config=json", "--print_config=json"),
            ("-host=a b", "\"--host=a b\""),
        ] {
            let place = shown(word);
            assert_eq!(fault(&[word]), format!("{place}{}", help(cure)), "{word}");
        }
        // One word of a quoted line, which may end with a secret elsewhere.
        assert_eq!(fault(&["--port 1"]), "--\"port 1\": unknown option\n  help: write --port=PORT");
        assert_eq!(fault(&["---port=1"]), "---port: unknown option\n  help: did you mean `port`?");
        assert_eq!(
            fault(&["----check"]),
            "----check: unknown option\n  help: did you mean `check`?"
        );
    }

    #[test]
    fn a_word_with_one_dash_is_the_servers_where_no_option_was_meant() {
        let help = read_words(&["-h"]).unwrap();
        assert!(matches!(help.command, Some(Command::Help)) && help.rest.is_empty());
        let words = ["-", "-v", "-1", "-p=1", "-colour=red"];
        assert_eq!(read_words(&words).unwrap().rest, words);
        let line =
            read([OsStr::from_bytes(b"-\xff").to_owned()], Table::BUILT_IN, Unknown::Refused)
                .unwrap();
        assert_eq!(line.rest.len(), 1);
        // The value of an option may start with one.
        assert_eq!(
            fault(&["--listen", "-1"]),
            "--listen: expected a whole number, 1 to 65535, got -1"
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            fault(&["--max_server=9"]),
            "--max_server: unknown option\n  help: did you mean `max_servers`?"
        );
        assert_eq!(
            fault(&["--max_servers"]),
            "--max_servers: needs a value\n  help: write --max_servers=NUMBER"
        );
        assert_eq!(
            fault(&["--max_servers", "--port=1"]),
            "--max_servers: needs a value\n  help: write --max_servers=NUMBER"
        );
        assert_eq!(
            fault(&["--max_servers="]),
            "--max_servers: expected a whole number, 1 to 65535, got \"\""
        );
        assert_eq!(
            fault(&["prot=1"]),
            "prot=1: unknown option\n  help: did you mean `port`? words for the server itself stand after `--`"
        );
        assert_eq!(fault(&["--hepl"]), "--hepl: unknown option\n  help: did you mean `help`?");
        assert_eq!(fault(&["--check=now"]), "--check: takes no value now");
        assert!(fault(&["--print-completions", "csh"]).contains("needs a value"));
        let word = OsStr::from_bytes(b"--port=\xff").to_owned();
        assert!(
            read([word], Table::BUILT_IN, Unknown::Refused)
                .unwrap_err()
                .to_string()
                .contains("not valid UTF-8")
        );
    }

    #[test]
    fn what_is_no_option_is_the_servers_where_it_asks_for_it() {
        let words = ["--colour", "red", "--max_server=9", "-p", "prot=1", "--port=7", "--check"];
        let words =
            words.iter().map(OsString::from).chain([OsStr::from_bytes(b"--\xff").to_owned()]);
        let line = read(words, Table::BUILT_IN, Unknown::Passed).unwrap();
        assert_eq!(line.rest[..5], ["--colour", "red", "--max_server=9", "-p", "prot=1"]);
        assert_eq!(line.rest.len(), 6);
        assert_eq!(line.settings.len(), 1);
        assert_eq!(line.command, Some(Command::Check));
        // An option of ours is still held to its values.
        let wrong = [OsString::from("--listen=0")];
        assert!(read(wrong, Table::BUILT_IN, Unknown::Passed).is_err());
    }

    #[test]
    fn a_command_takes_the_next_word_where_that_is_a_value_of_its_own() {
        for (words, asked, rest) in [
            (&["--print-config", "json"][..], Command::PrintConfigJson, 0),
            (&["--print-config", "yaml"], Command::PrintConfig, 1),
            (&["--print-config=json", "json"], Command::PrintConfigJson, 1),
            (&["--print-completions", "zsh"], Command::PrintCompletions(Shell::Zsh), 0),
            (&["--check", "json"], Command::Check, 1),
        ] {
            let line = read_words(words).unwrap();
            assert_eq!((line.command, line.rest.len()), (Some(asked), rest), "{words:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_words_make_it_panic(words: Vec<Vec<u8>>) {
            let _ = read(words.iter().map(|word| OsStr::from_bytes(word).to_owned()), Table::BUILT_IN, Unknown::Refused);
        }
    }
}
