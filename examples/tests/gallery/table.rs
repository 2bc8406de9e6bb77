//! The table of examples in README.md: it has all of them, and what it says holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use netserver::testing::{Program, Server, scratch, tool};

use super::{example, folder};

/// A row of the table.
struct Row {
    name: String,
    clients: Vec<String>,
    command: String,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix("| [`")?;
        // What stands between bars, but for those of a pipe.
        let line = line.replace("\\|", "\0");
        let cells: Vec<String> =
            line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
        let code = |cell: &str| cell.trim_matches('`').to_owned();
        let name = cells[0].split('`').next()?.to_owned();
        let clients = cells[2].split(", ").map(code).collect();
        Some(Self { name, clients, command: code(&cells[3]) })
    }

    fn source(&self) -> String {
        fs::read_to_string(folder().join(format!("{}.rs", self.name))).unwrap()
    }

    /// The port of 127.0.0.1 that the command asks, where it asks one.
    fn port(&self) -> Option<&str> {
        let is_port = |word: &&str| word.len() == 5 && word.starts_with("20");
        self.command.split(|char: char| !char.is_ascii_digit()).find(is_port)
    }
}

fn rows() -> Vec<Row> {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    readme.lines().filter_map(Row::parse).collect()
}

/// What a command of the table prints, somewhere; and with what its server is started.
const PRINTED: [(&str, &str, &[&str]); 27] = [
    ("echo", "You said \"hello\"", &[]),
    ("daytime", " UTC", &[]),
    ("exec", "HELLO", &["--", "tr", "a-z", "A-Z"]),
    ("kv", "1\n", &[]),
    ("policy", "action=defer_if_permit Come back later", &[]),
    ("quotes", "A program should do one thing", &[]),
    ("smtp_sink", "<-  221 bye", &[]),
    ("unix", "buy milk", &[]),
    ("udp", " ", &["--port=127.0.0.1:0/udp"]),
    ("tls", "You whispered \"hello\"", &["--port=127.0.0.1:0/ssl", "--read_timeout=1s"]),
    ("many_ports", "tcp from 127.0.0.1:", &["--port=127.0.0.1:0", "--port=127.0.0.1:0/ssl"]),
    ("fork", "Right, in ", &[]),
    ("sandboxed", "hello", &[]),
    ("prefork_hooks", "noted", &[]),
    ("thread", "tea: 1, of 1 by this thread", &[]),
    ("chat", "* In hall: ada", &[]),
    ("job_queue", "queued", &[]),
    ("talk", "5 in all", &[]),
    ("custom_options", "hello Ada, visitor 1", &[]),
    ("hooks", "hello", &[]),
    ("reported", "HELLO", &[]),
    ("few", "ticket 1", &[]),
    ("proxied", "you are 192.0.2.7:5000", &[]),
    ("from_perl", "Welcome, you are number 1.", &[]),
    ("sample", "You said \"hello\"", &[]),
    ("bench_echo", "hello", &["--log_level=2"]),
    ("daemon", "visitor 1", &["--secret=/etc/hostname"]),
];

/// Nobody listens there; another test has socat start it.
const ELSEWHERE: [&str; 1] = ["inetd"];

/// Those that are built with TLS alone.
const SECURE: [&str; 2] = ["tls", "many_ports"];

#[test]
fn table_has_every_example() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let names = sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let names: BTreeSet<String> = names.collect();
    let listed: BTreeSet<String> = rows().into_iter().map(|row| row.name).collect();
    assert_eq!(listed, names);
    let tried: BTreeSet<String> =
        PRINTED.iter().map(|row| row.0).chain(ELSEWHERE).map(str::to_owned).collect();
    assert_eq!(tried, names);
}

#[test]
fn every_example_is_short_and_says_how_to_try_it() {
    for row in rows() {
        let (name, source) = (&row.name, row.source());
        let lines = source.lines().count();
        assert!(lines < 80, "{name} has {lines} lines");
        let head: String = source.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(!head.is_empty(), "{name} does not say what it shows");
        let words = head.split(|char: char| !char.is_alphanumeric() && char != '-');
        let client = row.clients.iter().find(|client| !words.clone().any(|word| word == *client));
        assert_eq!(client, None, "{name} does not say how to try it");
        if let Some(port) = row.port() {
            assert!(source.contains(port), "{name} is not on port {port}: {}", row.command);
        }
    }
}

fn start(row: &Row, more: &[&str], folder: &Path) -> Server {
    let mut arguments: Vec<String> = more.iter().map(ToString::to_string).collect();
    if row.port().is_some() && !more.iter().any(|word| word.starts_with("--port")) {
        arguments.insert(0, "--port=127.0.0.1:0".into());
    }
    if row.name == "quotes" {
        arguments.push(format!("--book={}", super::folder().join("quotes.txt").display()));
    }
    Program::new(example(&row.name)).args(arguments).directory(folder).start()
}

#[test]
fn every_command_of_the_table_gets_its_answer() {
    let rows = rows();
    for (name, printed, more) in PRINTED {
        let row = rows.iter().find(|row| row.name == name).unwrap();
        let is_built = cfg!(feature = "tls") || !SECURE.contains(&name);
        if !is_built || row.clients.iter().any(|client| tool(client).is_none()) {
            continue;
        }
        let folder = scratch();
        let server = start(row, more, folder.path());
        let command = if let Some(port) = row.port() {
            row.command.replace(port, &server.address().port().to_string())
        } else {
            server.wait_for_log("Binding to UNIX socket");
            row.command.clone()
        };
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains(printed), "{name}: {output:?}");
        server.stop();
    }
}
