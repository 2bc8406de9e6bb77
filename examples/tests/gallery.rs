//! Every example, driven by a real client.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use netserver_harness::{Client, Server, tool};

/// The example of that name, which cargo builds beside this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: run `cargo test --workspace`", path.display());
    path
}

#[test]
fn echo_answers_nc() {
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("echo"), &["--port=127.0.0.1:0"]);
    let port = server.address().port().to_string();
    let mut nc = Command::new(nc)
        .args(["-q1", "127.0.0.1", &port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    nc.stdin.take().unwrap().write_all(b"hello\r\n").unwrap();
    let output = nc.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "You said \"hello\"\n");
    server.stop();
}

#[test]
fn echo_answers_line_by_line() {
    let server = Server::start(example("echo"), &["--port=127.0.0.1:0"]);
    let mut client = Client::connect(server.address());
    for line in ["one", "two", ""] {
        client.send(format!("{line}\n"));
        assert_eq!(client.line(), format!("You said \"{line}\""));
    }
    client.send("no end");
    client.half_close();
    assert_eq!(client.rest(), b"You said \"no end\"\n");
    server.stop();
}
