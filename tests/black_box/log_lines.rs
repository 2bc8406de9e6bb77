//! What records look like, whatever clients send, and whoever reads them.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use netserver::testing::{Client, Program, Server, is_notice_of_root, scratch};

use super::{extent, program};

/// The program that logs what its clients say.
pub(super) fn logs(arguments: &[&str]) -> Program {
    program!("logs").args(arguments)
}

/// Where a server listens that writes this file, as its log is elsewhere.
#[track_caller]
pub(super) fn address(server: &Server, port_file: &Path) -> SocketAddr {
    let mut found = None;
    server.wait_until("it listens", || {
        let text = fs::read_to_string(port_file).unwrap_or_default();
        found = text.split('/').next().and_then(|address| address.parse().ok());
        found.is_some()
    });
    found.unwrap()
}

/// Has the server log something, and sees that it answers.
#[track_caller]
pub(super) fn say(address: SocketAddr, text: &str) {
    let mut client = Client::connect(address);
    client.send(format!("{text}\n"));
    assert_eq!(client.line(), "logged");
}

/// Bytes that a client may send on one line, and nobody wants in a log.
fn hostile(seed: u64) -> Vec<u8> {
    const PIECES: [&[u8]; 12] = [
        b"\x1b[2J",
        b"\x00\x01\x07\x08\x7f",
        b"\r",
        b"~2026/01/01-00:00:00 root[1] error: forged",
        b"%s%n%99999d",
        b"\xff\xfe\xc3\x28",
        "\u{85}\u{9b}31m".as_bytes(),
        "\u{2028}\u{202e}".as_bytes(),
        b"\\n\\",
        b"\x1b]0;title\x07",
        "ünï ".as_bytes(),
        b"plain ",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut line = format!("{seed} ").into_bytes();
    for _ in 0..8 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 33).unwrap() % PIECES.len();
        line.extend_from_slice(PIECES[at]);
        line.push(u8::try_from(state >> 56).unwrap());
    }
    line.retain(|byte| *byte != b'\n');
    line.push(b'\n');
    line
}

#[test]
fn whatever_clients_send_is_a_line_each_without_a_control_character() {
    const CLIENTS: u64 = 4;
    let folder = scratch();
    let file = folder.join("log");
    let server = logs(&["--min_servers=4", "--max_servers=4", "--port_file=port"])
        .arg(format!("--log_file={}", file.display()))
        .directory(folder.path())
        .start();
    let address = address(&server, &folder.join("port"));
    let each = extent("HOSTILE_LINES", 10_000_u64) / CLIENTS;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut connection = Client::connect(address);
                for at in 0..each {
                    connection.send(hostile(client * each + at));
                    assert_eq!(connection.line(), "logged");
                }
            });
        }
    });
    server.stop();
    let log = fs::read(&file).unwrap();
    let text = String::from_utf8(log).unwrap();
    let raw = text.chars().filter(|c| c.is_control() && *c != '\n').count();
    assert_eq!(raw, 0, "control characters in the log");
    assert!(!text.contains(['\u{2028}', '\u{202e}']));
    let lines: Vec<&str> = text.lines().collect();
    let said = lines.iter().filter(|line| line.contains(" notice: said ")).count();
    assert_eq!(u64::try_from(said).unwrap(), each * CLIENTS);
    assert!(
        lines
            .iter()
            .all(|line| line.split(' ').nth(1).is_some_and(|name| name.starts_with("logs[")))
    );
    let expected = |line: &&&str| line.contains(" notice: said ") || is_notice_of_root(line);
    let others = lines.iter().filter(|line| !expected(line)).count();
    assert_eq!(others, 3, "it starts, it binds, it closes, and nothing else is in the log");
}

#[test]
fn the_journal_has_levels_and_neither_time_nor_process() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let about = nix::sys::stat::fstat(&theirs).unwrap();
    let folder = scratch();
    let named = |inode: u64| format!("{}:{inode}", about.st_dev);
    let start = |stream: String, theirs: UnixStream| {
        let folder = folder.path();
        logs(&["--port_file=port", "--log_level=4", "--server_type=single"])
            .env("JOURNAL_STREAM", stream)
            .directory(folder)
            .stream(2, OwnedFd::from(theirs))
            .start()
    };
    let run = |server: Server, mut ours: UnixStream| {
        let address = address(&server, &folder.join("port"));
        for level in ["error", "warn", "info", "debug", "trace"] {
            say(address, &format!("at {level} {level}"));
        }
        server.stop();
        let mut text = String::new();
        ours.read_to_string(&mut text).unwrap();
        text
    };
    let text = run(start(named(about.st_ino), theirs), ours);
    for line in ["<3>said error", "<4>said warn", "<5>said info", "<6>said debug", "<7>said trace"]
    {
        assert!(text.lines().any(|said| said == line), "{line} in {text}");
    }
    // A program that the journal's own has started, with another standard error.
    let (ours, theirs) = UnixStream::pair().unwrap();
    let text = run(start(named(1), theirs), ours);
    assert!(text.contains(" error: said error") && !text.contains("<3>"), "{text}");
}

#[test]
fn the_time_is_local_and_each_connection_has_its_line() {
    let date = |format: &str| {
        let date = Command::new("date").arg(format).env("TZ", "XST-13:45").output().unwrap();
        String::from_utf8(date.stdout).unwrap().trim().to_owned()
    };
    let server = logs(&["--log_level=3", "--server_type=single"]).env("TZ", "XST-13:45").start();
    let before = date("+%Y/%m/%d-%H:%M:%S");
    let address = server.address();
    say(address, "x");
    let line = server.wait_for_log("said x");
    let after = date("+%Y/%m/%d-%H:%M:%S");
    let time = line.split(' ').next().unwrap();
    assert!(*before <= *time && *time <= *after, "{before} {time} {after}");
    let line = server.wait_for_log("CONNECT TCP Peer: \"[127.0.0.1]:");
    assert!(line.ends_with(&format!(" Local: \"[127.0.0.1]:{}\"", address.port())), "{line}");
    server.stop();
}

#[test]
fn a_client_of_a_unix_socket_is_shown_by_its_path() {
    let folder = scratch();
    let path = folder.join("socket");
    let server = logs(&["--log_level=3"]).arg(format!("--port={}|unix", path.display())).start();
    server.wait_until("it listens", || UnixStream::connect(&path).is_ok());
    server.wait_for_log(&format!("CONNECT UNIX Socket: \"{}\"", path.display()));
    server.stop();
}

#[test]
fn nobody_has_to_read_what_was_there_before() {
    // A file that standard error is, is written to where it is: at its end, or where the shell left it.
    let folder = scratch();
    let file = fs::File::create(folder.join("err")).unwrap();
    let given = file.as_fd().try_clone_to_owned().unwrap();
    std::io::Write::write_all(&mut &file, b"before\n").unwrap();
    let server = logs(&["--port_file=port"]).directory(folder.path()).stream(2, given).start();
    say(address(&server, &folder.join("port")), "x");
    server.stop();
    let text = fs::read_to_string(folder.join("err")).unwrap();
    assert!(text.starts_with("before\n2"), "{text}");
    assert!(text.contains("said x\n"), "{text}");
}
