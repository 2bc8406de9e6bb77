//! Words of the command line that ask the server something and set nothing.

/// What the caller wants instead of a running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `--help`: the options, with their defaults.
    Help,
    /// `--version`: name and version of the server.
    Version,
    /// `--check`: validate everything short of binding.
    Check,
    /// `--print-config`: the effective options as a conf file.
    PrintConfig,
    /// `--print-config=json`: the same as JSON, with the resolved listen records.
    PrintConfigJson,
    /// `--print-unit`: a systemd unit that starts the server with these options.
    PrintUnit,
    /// `--print-man`: a manual page.
    PrintMan,
    /// `--print-completions=SHELL`: what has a shell complete the server's command line.
    PrintCompletions(Shell),
}

/// A shell that completes command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// The GNU one.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly one.
    Fish,
}

impl Command {
    /// Whether only programs can answer it that were built for that, with the feature `manual`.
    pub const fn is_manual(self) -> bool {
        matches!(self, Self::PrintMan | Self::PrintCompletions(_))
    }
}

/// One such word.
#[derive(Debug)]
#[non_exhaustive]
pub struct CommandSpec {
    /// The name, as options are spelled: with `_`.
    pub name: &'static str,
    /// The value that may follow `=`, if any.
    pub value: Option<&'static str>,
    /// One line for `--help`.
    pub summary: &'static str,
    /// What it asks for.
    pub command: Command,
}

const fn row(
    name: &'static str,
    value: Option<&'static str>,
    summary: &'static str,
    command: Command,
) -> CommandSpec {
    CommandSpec { name, value, summary, command }
}

const BASH: Command = Command::PrintCompletions(Shell::Bash);
const ZSH: Command = Command::PrintCompletions(Shell::Zsh);
const FISH: Command = Command::PrintCompletions(Shell::Fish);

/// All of them; a name stands once for each value it takes.
pub static COMMANDS: &[CommandSpec] = &[
    row("help", None, "Print this help", Command::Help),
    row("version", None, "Print name and version", Command::Version),
    row("check", None, "Check options and conf file, bind nothing", Command::Check),
    row("print_config", None, "Print the effective options as a conf file", Command::PrintConfig),
    row("print_config", Some("json"), "The same as JSON", Command::PrintConfigJson),
    row("print_unit", None, "Print a systemd unit for these options", Command::PrintUnit),
    row("print_man", None, "Print a manual page", Command::PrintMan),
    row("print_completions", Some("bash"), "Print completions for bash", BASH),
    row("print_completions", Some("zsh"), "Print completions for zsh", ZSH),
    row("print_completions", Some("fish"), "Print completions for fish", FISH),
];

/// The letters that stand for a command behind one dash.
pub fn shorts() -> impl Iterator<Item = (char, &'static CommandSpec)> {
    let of = |asked| COMMANDS.iter().find(|row| row.command == asked);
    let each = [('h', of(Command::Help)), ('V', of(Command::Version))];
    each.into_iter().filter_map(|(letter, row)| Some((letter, row?)))
}

/// The values that a command of that name takes.
pub fn values(name: &str) -> Vec<&'static str> {
    COMMANDS.iter().filter(|row| row.name == name).filter_map(|row| row.value).collect()
}

/// The command of that name and value.
pub fn find(name: &str, value: Option<&str>) -> Option<Command> {
    COMMANDS.iter().find(|row| row.name == name && row.value == value).map(|row| row.command)
}

/// Whether any command has that name.
pub fn is_command(name: &str) -> bool {
    COMMANDS.iter().any(|row| row.name == name)
}
