//! The file of a UNIX socket: whose it is, who may use it, and when it goes.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{DEADLINE, Server, scratch};

use super::PERSONALITIES;
use super::protocols::facts;

fn port(path: &Path) -> String {
    format!("{}|unix", path.display())
}

fn start(path: &Path) -> Server {
    let server = facts(&[&port(path)]).start();
    server.wait_for_log("Binding to UNIX socket file");
    server
}

fn ask(path: &Path, text: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn the_file_has_its_mode_and_goes_with_the_server() {
    for personality in PERSONALITIES {
        for (mode, expected) in [("--unix_mode=0660", 0o660), ("--unix_mode=0666", 0o666)] {
            let directory = scratch();
            let path = directory.join("socket");
            let server = facts(&[&port(&path)])
                .args([mode, &format!("--server_type={personality}")])
                .start();
            server.wait_for_log("Binding to UNIX socket file");
            server.wait_until("it can be connected to", || UnixStream::connect(&path).is_ok());
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, expected);
            let uid = nix::unistd::getuid();
            assert!(ask(&path, "x\n").contains(&format!("uid={uid}")));
            server.stop();
            assert!(!path.exists(), "{personality} left its socket");
        }
    }
    let directory = scratch();
    let path = directory.join("socket");
    let server = start(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();
}

#[test]
fn a_file_that_nobody_listens_on_gives_way() {
    let directory = scratch();
    let path = directory.join("socket");
    drop(UnixListener::bind(&path).unwrap());
    let server = start(&path);
    server.wait_for_log("Removing the socket file");
    assert!(ask(&path, "x\n").starts_with("unix 1 "));
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    server.stop();
}

#[test]
fn a_socket_in_use_a_file_and_a_long_path_are_refused_and_stay() {
    let directory = scratch();
    let in_use = directory.join("in_use");
    let other = UnixListener::bind(&in_use).unwrap();
    let file = directory.write("file", "precious");
    let link = directory.join("link");
    std::os::unix::fs::symlink(&in_use, &link).unwrap();
    let long = directory.join("x".repeat(120));
    let nowhere = directory.join("nowhere/socket");
    for (path, reason) in [
        (&in_use, "Address already in use"),
        (&file, "there is a file that is no socket: remove it, or choose another path"),
        (&link, "there is a file that is no socket"),
        (&long, "the path of a UNIX socket has at most 107 bytes"),
        (&nowhere, "No such file or directory"),
    ] {
        let first = directory.join("first");
        let finished = facts(&[&port(&first), &port(path)]).run().expect_code(1);
        let said = finished.stderr();
        let line = format!("cannot listen on {}: {reason}", path.display());
        assert!(said.contains(&line), "{said}");
        assert!(!first.exists(), "what was bound before is left behind");
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    UnixStream::connect(&in_use).unwrap();
    drop(other);
}

#[test]
fn a_file_that_is_not_ours_any_more_stays() {
    let directory = scratch();
    let path = directory.join("socket");
    let server = start(&path);
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    server.stop();
    UnixStream::connect(&path).unwrap();
    drop(other);
}

#[test]
fn of_many_that_start_at_once_one_has_the_socket() {
    let directory = scratch();
    let path = directory.join("socket");
    for round in 0..20 {
        // Each round has one to clear away.
        drop(UnixListener::bind(&path).unwrap());
        let servers: Vec<Server> = (0..8).map(|_| facts(&[&port(&path)]).start()).collect();
        let (mut lost, mut winner) = (0, None);
        for server in servers {
            let mut said = false;
            server.wait_until("it listens or has ended", || {
                said = server.log().iter().any(|line| line.contains("Binding to"));
                said || server.has_ended()
            });
            if said {
                assert!(winner.replace(server).is_none(), "two have the socket");
            } else {
                server.expect_log("Address already in use");
                server.wait().expect_code(1);
                lost += 1;
            }
        }
        assert_eq!(lost, 7, "round {round}");
        assert!(ask(&path, "x\n").starts_with("unix 1 "));
        winner.unwrap().stop();
        assert!(!path.exists());
    }
}

#[test]
fn a_silent_client_is_cut_at_its_time() {
    let directory = scratch();
    let path = directory.join("socket");
    let server = facts(&[&port(&path)]).args(["--read_timeout=300ms", "--log_level=3"]).start();
    server.wait_for_log("Binding to UNIX socket file");
    let mut stream = UnixStream::connect(&path).unwrap();
    let start = Instant::now();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    assert!(said.is_empty());
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(2), "{took:?}");
    server.wait_for_log("the client sent nothing for 300ms");
    server.stop();
}

#[test]
fn a_server_that_stops_leaves_the_socket_of_the_next_one() {
    let directory = scratch();
    let path = directory.join("socket");
    let old = facts(&["0", &port(&path)]).args(["--server_type=single", "--log_level=3"]).start();
    old.wait_for_log("Binding to UNIX socket file");
    let mut client = netserver::testing::Client::connect(old.address());
    client.send("wait 0.5\n");
    old.wait_for_log("takes its time");
    old.signal(netserver::testing::Signal::SIGTERM);
    // It listens no more, and has a request to finish.
    let start = Instant::now();
    while UnixStream::connect(&path).is_ok() {
        assert!(start.elapsed() < DEADLINE, "it still listens");
    }
    let next = facts(&[&port(&path)]).start();
    next.wait_for_log("Binding to UNIX socket file");
    assert_eq!(client.rest(), b"waited");
    old.wait().expect_code(0);
    assert!(ask(&path, "x\n").starts_with("unix 1 "));
    next.stop();
}
