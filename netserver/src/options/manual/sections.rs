//! What a manual page says beside the options: the same of every server, in the words of the guide.
//!
//! Hands on text for `man`; what is in it of a server is the prefix of its variables.

use std::fmt::Write as _;

use super::super::help::Help;
use super::super::source::variable;

/// A name, and what is said of it.
type Row = (&'static str, &'static str);

const STATUS: &[Row] = &[
    ("0", "It has stopped as it was asked, or has answered what it was asked instead of serving."),
    (
        "1",
        "It could not start or could not go on, or the last step of a stop has killed what was left.",
    ),
    ("2", "An option was refused, wherever it was set."),
];

const FILES: &[Row] = &[(
    "conf_file",
    "Further options, one on a line: name = value. # begins a comment, and there are no sections. \
     What --print-config prints is such a file; --check tells what is wrong with one.",
)];

const SIGNALS: &[Row] = &[
    (
        "TERM, QUIT",
        "A graceful stop: no new clients; requests in progress finish within graceful_timeout, and are cut \
         then. Where there is a drain_delay, clients are served as before for that long. A further one \
         goes to the next step.",
    ),
    (
        "INT",
        "A quick stop: requests in progress are cut. What is left after kill_timeout is killed.",
    ),
    (
        "HUP",
        "A restart with the program and the conf file as they are now, which loses no client; or what hup \
         says. A server that is inet ignores it.",
    ),
    (
        "TTIN, TTOU",
        "One child more, or one less, with the personalities that have several; one thread with thread.",
    ),
    ("USR1", "The log file is opened anew."),
];

/// All of them, in the order of a manual page.
pub(super) fn text(help: &Help<'_>) -> String {
    let mut text = String::new();
    section(&mut text, "EXIT STATUS", STATUS);
    if let Some(prefix) = help.env_prefix {
        text.push_str(&environment(prefix));
    }
    section(&mut text, "FILES", FILES);
    section(&mut text, "SIGNALS", SIGNALS);
    text
}

fn section(text: &mut String, title: &str, rows: &[Row]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, ".SH \"{title}\"");
    for (name, said) in rows {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", escaped(name), escaped(said));
    }
}

fn environment(prefix: &str) -> String {
    let said = "It sets the option of that name, as the command line does where it says nothing of it, and is \
                stronger than the conf file. Without a value it sets nothing; of an option that may repeat \
                each of its lines is a value.";
    let name = variable(prefix, "");
    let example = format!("max_servers is {}.", variable(prefix, "max_servers"));
    format!(".SH ENVIRONMENT\n.TP\n\\fB{name}\\fR\\fIOPTION\\fR\n{said} {}\n", escaped(&example))
}

/// A text as `man` shows it: what it would hyphenate or take for a command stands for itself.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    text.lines()
        .map(|line| if line.starts_with('.') { format!("\\&{line}") } else { line.into() })
        .collect::<Vec<_>>()
        .join("\n")
}
