//! What has happened to other servers, and that SECURITY.md names a test of ours for each: those tests that
//! had no other place, and one that sees that all are there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use netserver::testing::{Client, Program, scratch, tool};

use super::actor;
use super::daemons::expect_served;
use super::privileges::setpriv;
use super::protocols::facts;

/// Text of this repository.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The tests that this very program has.
fn own_tests() -> BTreeSet<String> {
    let list = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    list.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect()
}

/// Whether the crate has such a test in the file of that module.
fn is_in_the_crate(path: &str) -> bool {
    let Some((module, test)) = path.split_once("::tests::") else { return false };
    let source = text(&format!("netserver/src/{}/mod.rs", module.replace("::", "/")));
    source.contains(&format!("#[test]\n    fn {test}()"))
}

#[test]
fn each_test_that_is_named_is_there() {
    let (text, own) = (text("SECURITY.md"), own_tests());
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let mut count = 0;
    for row in rows {
        let name = row.trim_end_matches("` |").rsplit('`').next().unwrap();
        let is_there = match name.strip_prefix("netserver::") {
            Some(path) => is_in_the_crate(path),
            None => own.contains(name),
        };
        assert!(is_there, "there is no test {name}: {row}");
        count += 1;
    }
    assert!(count >= 33, "{count} rows");
}

/// CVE-2018-16888, CVE-2017-14159, CVE-2017-11747: root believes a pid file, and signals whom it names.
#[test]
fn a_pid_file_stays_roots_when_the_server_is_another_user() {
    if setpriv().is_none() {
        return;
    }
    let folder = scratch();
    let path = folder.join("pid");
    let server = actor(&["--user=33", "--group=33"]).arg(format!("--pid_file={}", path.display()));
    let server = server.start();
    expect_served(server.address());
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (0, 0, 0o644));
    assert_eq!(fs::metadata(format!("/proc/{}", server.pid())).unwrap().uid(), 33);
    server.stop();
}

/// CVE-2023-45145: who connects before the mode is set is not held by it.
#[test]
fn a_unix_socket_has_its_mode_before_anybody_can_connect() {
    let Some(strace) = tool("strace") else { return };
    let folder = scratch();
    let path = folder.join("socket");
    // Half a second between the call that makes the file and whatever follows it.
    let slow = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=bind"];
    let slow = slow.into_iter().chain(["-e", "inject=bind:delay_exit=500000"]).collect::<Vec<_>>();
    let port = format!("{}|unix", path.display());
    let server = facts(&[&port]).arg("--unix_mode=0600").under(&strace, &slow).start();
    let mut seen = BTreeSet::new();
    server.wait_until("it listens", || {
        seen.extend(fs::metadata(&path).map(|found| found.mode() & 0o777));
        seen.contains(&0o600) || seen.len() > 1
    });
    assert_eq!(seen, BTreeSet::from([0, 0o600]));
    server.stop();
}

/// CVE-2004-0174: whoever is woken for a client that has gone waits for the next one there, and keeps the
/// turn of all others.
#[test]
fn a_client_that_is_gone_keeps_nobody_from_another_port() {
    for (personality, serialize) in [
        ("prefork_simple", "none"),
        ("prefork_simple", "flock"),
        ("prefork_simple", "pipe"),
        ("prefork_simple", "semaphore"),
        ("thread", "none"),
    ] {
        let server = two_ports(personality, serialize).start();
        let addresses = server.addresses(2);
        for _ in 0..200 {
            Client::connect(addresses[1]).reset();
        }
        let mut client = Client::connect(addresses[0]);
        client.send("pid\n");
        client.line();
        drop(client);
        server.stop();
    }
}

fn two_ports(personality: &str, serialize: &str) -> Program {
    let server = actor(&["--port=127.0.0.1:0", "--port=127.0.0.1:0", "--max_servers=2"]);
    let server = server.arg(format!("--server_type={personality}"));
    if personality == "thread" { server } else { server.arg(format!("--serialize={serialize}")) }
}
