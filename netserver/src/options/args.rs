//! The command line: options, commands, and what is left to the server.
//!
//! `--name value`, `--name=value` and `name=value` set an option; a boolean may stand alone, and
//! takes the next word only where that is one of its own. What stands after `--`, and bare words,
//! are the server's.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use netserver_options::command::{self, Command};
use netserver_options::kind::{Flag, Kind};
use netserver_options::{OptionSpec, Reject, Table, nearest};

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

/// Reads the words behind the program's name.
///
/// # Errors
/// Any word that looks like an option and is none, or whose value is refused.
pub(crate) fn read(
    words: impl IntoIterator<Item = OsString>,
    table: Table,
) -> Result<CommandLine, OptionError> {
    let mut reader = Reader {
        set: OptionSet::new(table, Source::CommandLine),
        command: None,
        rest: Vec::new(),
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
    words: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = OsString>> Reader<I> {
    fn word(&mut self, word: OsString) -> Result<(), OptionError> {
        let dashed = word.as_bytes().starts_with(b"--");
        let equals = word.as_bytes().contains(&b'=');
        if !dashed && !equals {
            self.rest.push(word);
            return Ok(());
        }
        let Some(text) = word.to_str() else {
            let reject = Reject::new("not valid UTF-8")
                .with_help("words for the server itself stand after `--`");
            return Err(OptionError::new(lossy(&word), reject));
        };
        let bare = text.trim_start_matches('-');
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        match (self.set.table().find(name), dashed) {
            (Some(spec), _) => self.option(spec, value),
            (None, true) => self.command(name, value),
            (None, false) => self.not_ours(name, &word),
        }
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
            let missing = || Reject::new("needs a value").with_help(example(spec));
            return if flag {
                Ok(Flag::print(&true))
            } else {
                Err(OptionError::new(place(spec), missing()))
            };
        };
        word.into_string().map_err(|word| {
            OptionError::new(
                place(spec),
                Reject::new(format!("{} is not valid UTF-8", lossy(&word))),
            )
        })
    }

    fn command(&mut self, name: &str, value: Option<&str>) -> Result<(), OptionError> {
        let underscored = name.replace('-', "_");
        if !command::is_command(&underscored) {
            return Err(OptionError::new(
                format!("--{}", netserver_options::reject::shown(name)),
                unknown_word(self.set.table(), &underscored),
            ));
        }
        let Some(asked) = command::find(&underscored, value) else {
            let reject = Reject::new(format!(
                "takes no value {}",
                netserver_options::reject::shown(value.unwrap_or_default())
            ));
            return Err(OptionError::new(format!("--{name}"), reject));
        };
        self.command.get_or_insert(asked);
        Ok(())
    }

    /// `name=value` where the name is no option: a misspelt one, or a word of the server's.
    fn not_ours(&mut self, name: &str, word: &OsStr) -> Result<(), OptionError> {
        if nearest(name, self.set.table().iter().map(|spec| spec.name)).is_none() {
            self.rest.push(word.to_owned());
            return Ok(());
        }
        let reject = self.set.table().unknown(name);
        let help = reject.help.as_deref().unwrap_or_default();
        let help = format!("{help} words for the server itself stand after `--`");
        Err(OptionError::new(lossy(word), Reject::new("unknown option").with_help(help)))
    }
}

fn unknown_word(table: Table, name: &str) -> Reject {
    let commands = command::COMMANDS.iter().map(|row| row.name);
    let reject =
        Reject::unknown("option", name, table.iter().map(|spec| spec.name).chain(commands));
    // The place in front of it names the word already.
    Reject { fault: "unknown option".into(), ..reject }
}

fn place(spec: &OptionSpec) -> String {
    Source::CommandLine.place(spec.name)
}

fn example(spec: &OptionSpec) -> String {
    format!("write --{}={}", spec.name, spec.kind.placeholder)
}

fn lossy(word: &OsStr) -> String {
    netserver_options::reject::shown(&word.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<CommandLine, OptionError> {
        read(words.iter().map(OsString::from), Table::BUILT_IN)
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
        let line =
            read([OsString::from("--"), OsStr::from_bytes(b"\xff").to_owned()], Table::BUILT_IN)
                .unwrap();
        assert_eq!(line.rest.len(), 1);
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
        let word = OsStr::from_bytes(b"--port=\xff").to_owned();
        assert!(read([word], Table::BUILT_IN).unwrap_err().to_string().contains("not valid UTF-8"));
    }

    proptest::proptest! {
        #[test]
        fn no_words_make_it_panic(words: Vec<Vec<u8>>) {
            let _ = read(words.iter().map(|word| OsStr::from_bytes(word).to_owned()), Table::BUILT_IN);
        }
    }
}
