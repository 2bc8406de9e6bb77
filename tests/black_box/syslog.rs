//! A syslog daemon as the log: a real one, and what stands for one that misbehaves.

use std::fs;
use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use netserver::testing::{Scratch, Server, is_notice_of_root, scratch, tool, wait_until};

use super::log_lines::{address, logs, say};

/// `socklog`, a daemon of its own for one test, whose records are lines in a file.
struct Daemon<'a> {
    child: Child,
    folder: &'a Scratch,
}

impl<'a> Daemon<'a> {
    fn start(tool: &Path, folder: &'a Scratch) -> Self {
        let socket = folder.join("syslog");
        let output = fs::OpenOptions::new().create(true).append(true).open(folder.join("records"));
        let child = Command::new(tool)
            .arg("unix")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(output.unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the daemon listens", || {
            UnixDatagram::unbound().unwrap().connect(&socket).is_ok()
        });
        Self { child, folder }
    }

    fn records(&self) -> String {
        fs::read_to_string(self.folder.join("records")).unwrap_or_default()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        wait_until(format_args!("{text:?} is in {}", self.records()), || {
            self.records().lines().any(|line| line.contains(text))
        });
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // It may be gone, and nothing is left of it then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that logs to the socket of that folder.
pub(super) fn server(folder: &Scratch, arguments: &[&str]) -> Server {
    logs(&["--log_file=Sys::Syslog", "--port_file=port"])
        .arg(format!("--syslog_logsock={}", folder.join("syslog").display()))
        .args(arguments)
        .directory(folder.path())
        .start()
}

#[test]
fn a_real_daemon_has_each_record_with_its_facility_and_level() {
    let Some(socklog) = tool("socklog") else { return };
    for personality in super::PERSONALITIES {
        let folder = scratch();
        let daemon = Daemon::start(&socklog, &folder);
        let server = server(
            &folder,
            &[
                &format!("--server_type={personality}"),
                "--log_level=4",
                "--syslog_facility=local3",
                "--syslog_ident=echo",
            ],
        );
        let address = address(&server, &folder.join("port"));
        let levels = [
            ("error", "err"),
            ("warn", "warn"),
            ("info", "notice"),
            ("debug", "info"),
            ("trace", "debug"),
        ];
        for (level, _) in levels {
            say(address, &format!("at {level} this ~ 100%s"));
        }
        for (_, severity) in levels {
            let said = || {
                let records = daemon.records();
                let mut lines = records.lines().filter_map(|line| {
                    line.strip_prefix(&format!("local3.{severity}: "))?.split_once(": said ")
                });
                lines.any(|(head, text)| {
                    head.contains(" echo[") && head.ends_with(']') && text == "this ~ 100%s"
                })
            };
            wait_until(format_args!("{severity} is in {}", daemon.records()), said);
        }
        server.stop();
        daemon.wait_for("local3.notice: ");
        daemon.wait_for(": server closing");
    }
}

#[test]
fn a_daemon_that_was_started_anew_is_connected_again() {
    let Some(socklog) = tool("socklog") else { return };
    let folder = scratch();
    let daemon = Daemon::start(&socklog, &folder);
    let server = server(&folder, &["--syslog_logopt=", "--min_servers=2", "--max_servers=2"]);
    let address = address(&server, &folder.join("port"));
    say(address, "first");
    daemon.wait_for("daemon.notice: ");
    daemon.wait_for(" net_server: said first");
    drop(daemon);
    // Nobody has it, and nobody waits.
    say(address, "lost");
    let daemon = Daemon::start(&socklog, &folder);
    let mut again = 0;
    server.wait_until("records reach the new daemon", || {
        again += 1;
        say(address, &format!("again {again}"));
        daemon.records().contains("said again")
    });
    daemon.wait_for("daemon.warn: ");
    daemon.wait_for(" lost: ");
    server.stop();
}

#[test]
fn a_stream_has_each_record_whole_and_ended() {
    let folder = scratch();
    let listener = UnixListener::bind(folder.join("syslog")).unwrap();
    let server = server(&folder, &["--server_type=fork", "--syslog_logopt=ndelay|nowait"]);
    let address = address(&server, &folder.join("port"));
    for text in ["one", "two", "three"] {
        say(address, text);
    }
    server.stop();
    // Each process has a connection of its own.
    let mut text = String::new();
    for _ in 0..4 {
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "no process has two");
    let said: Vec<&str> = text
        .split('\0')
        .filter_map(|record| record.split_once(" net_server: said "))
        .map(|(_, said)| said)
        .collect();
    assert_eq!(said, ["one", "two", "three"]);
    let mut records = text.split('\0').filter(|record| !is_notice_of_root(record));
    assert!(records.all(|record| record.is_empty() || record.starts_with("<29>")), "{text}");
}

#[test]
fn a_daemon_that_is_not_there_ends_the_start_unless_nofatal() {
    let folder = scratch();
    let absent = |arguments: &[&str]| {
        logs(&["--log_file=syslog"])
            .arg(format!("--syslog_logsock={}", folder.join("syslog").display()))
            .args(arguments)
    };
    for arguments in [&[][..], &["--check"]] {
        let finished = absent(arguments).run().expect_code(1);
        assert_eq!(finished.log.len(), 1, "{:?}", finished.log);
        assert!(finished.log[0].contains("error: cannot reach syslog at /"), "{:?}", finished.log);
    }
    absent(&["--check", "--syslog_logopt=nofatal"]).run().expect_code(0);
    let server = server(&folder, &["--syslog_logopt=nofatal"]);
    let address = address(&server, &folder.join("port"));
    say(address, "lost");
    server.expect_log("warning: syslog is not there yet: ");
    let listener = UnixDatagram::bind(folder.join("syslog")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut room = [0; 4096];
    let mut text = String::new();
    server.wait_until("records come", || {
        say(address, "now");
        while let Ok(length) = listener.recv(&mut room) {
            text.push_str(&String::from_utf8_lossy(&room[..length]));
            text.push('\n');
        }
        text.contains("said now") && text.contains(" lost: ")
    });
    server.stop();
}

#[test]
fn options_of_syslog_without_syslog_are_warned_of() {
    let server = logs(&["--syslog_ident=x", "--syslog_facility=mail"]).start();
    server.expect_log(
        "warning: --syslog_ident, --syslog_facility: no effect without log_file = Sys::Syslog",
    );
    server.address();
    server.stop();
}
