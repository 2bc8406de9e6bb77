//! Every protocol, with the clients that people have.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use netserver::testing::{Program, scratch, tool};

use super::program;

/// The program that says what it knows of a connection.
pub(super) fn facts(ports: &[&str]) -> Program {
    let ports = ports.iter().map(|port| format!("--port={port}"));
    program!("facts").args(ports).arg("--host=127.0.0.1")
}

/// What a client prints that is given `input`.
fn ask(client: &Path, arguments: &[&str], input: &str) -> String {
    let mut client = Command::new(client)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nc_is_answered_over_every_protocol() {
    let Some(nc) = tool("nc") else { return };
    let directory = scratch();
    let path = |name| directory.join(name).display().to_string();
    let (stream, packets, own) = (path("stream"), path("packets"), path("own"));
    let server = facts(&[
        "0",
        "[::1]:0",
        "0/udp",
        "[::1]:0/udp",
        &format!("{stream}|unix"),
        &format!("{packets}|unixdgram"),
    ])
    .start();
    let ports: Vec<_> =
        server.addresses(4).iter().map(|address| address.port().to_string()).collect();
    server.wait_for_log("Binding to UNIXDGRAM");
    for (arguments, answer) in [
        (&["-q1", "127.0.0.1", &ports[0]][..], "tcp 5 whole 127.0.0.1:"),
        (&["-q1", "-6", "::1", &ports[1]], "tcp 5 whole [::1]:"),
        (&["-u", "-w1", "127.0.0.1", &ports[2]], "udp 6 whole 127.0.0.1:"),
        (&["-u", "-w1", "-6", "::1", &ports[3]], "udp 6 whole [::1]:"),
        (&["-q1", "-U", &stream], "unix 5 whole a UNIX socket without a path "),
        (&["-w1", "-uU", "-s", &own, &packets], "unixdgram 6 whole "),
    ] {
        let said = ask(&nc, arguments, "hello\n");
        assert!(said.starts_with(answer), "{arguments:?}: {said:?}");
    }
    server.stop();
}

#[test]
fn socat_is_answered_over_every_protocol() {
    let Some(socat) = tool("socat") else { return };
    let directory = scratch();
    let path = |name| directory.join(name).display().to_string();
    let (stream, packets, own) = (path("stream"), path("packets"), path("own"));
    let server = facts(&[
        "0",
        "[::1]:0",
        "0/udp",
        &format!("{stream}|unix"),
        &format!("{packets}|unixdgram"),
    ])
    .start();
    let ports: Vec<_> = server.addresses(3).iter().map(std::net::SocketAddr::port).collect();
    server.wait_for_log("Binding to UNIXDGRAM");
    for (address, answer) in [
        (format!("TCP4:127.0.0.1:{}", ports[0]), "tcp 5 whole 127.0.0.1:"),
        (format!("TCP6:[::1]:{}", ports[1]), "tcp 5 whole [::1]:"),
        (format!("UDP4:127.0.0.1:{}", ports[2]), "udp 6 whole 127.0.0.1:"),
        (format!("UNIX-CONNECT:{stream}"), "unix 5 whole a UNIX socket"),
        (format!("UNIX-SENDTO:{packets},bind={own}"), "unixdgram 6 whole "),
    ] {
        let said = ask(&socat, &["-t1", "-T1", "-", &address], "hello\n");
        assert!(said.starts_with(answer), "{address}: {said:?}");
    }
    server.stop();
}
