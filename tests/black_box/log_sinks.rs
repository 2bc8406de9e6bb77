//! Whoever takes the log does not: nobody waits for it, what was lost is told, and it goes on.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netserver::testing::{Server, Signal, load, scratch};

use super::log_lines::{address, logs, say};
use super::{PERSONALITIES, extent, tell};

/// How slow the slowest of a hundred requests may be, each of which logs several records.
const SLOWEST: Duration = Duration::from_millis(100);

/// Requests of which each logs several records, none of which is taken.
#[track_caller]
fn serves_fast(address: std::net::SocketAddr, what: &str) {
    let report = load(address)
        .connections(extent("BLOCKED", 1_000))
        .clients(4)
        .exchange(|at| format!("lines {at} 5\n"), |_, reply| reply == b"logged\n")
        .until(|reply| reply.ends_with(b"\n"))
        .run();
    report.expect_all_right();
    tell(format_args!("{what}: p50 {:?}, p99 {:?}, max {:?}", report.p50, report.p99, report.max));
    assert!(report.p99 <= SLOWEST, "{what}: p99 {:?}", report.p99);
}

/// How many records a log says were lost.
fn lost(text: &str) -> usize {
    let counts = text.lines().filter_map(|line| {
        let (head, _) = line.split_once(" lost: ")?;
        let head = head.strip_suffix(" were").or_else(|| head.strip_suffix(" was"))?;
        head.split(' ').rev().nth(1)?.parse::<usize>().ok()
    });
    counts.sum()
}

/// How many of the records of [`serves_fast`] there are.
fn counted(text: &str) -> usize {
    text.lines().filter(|line| line.contains(": line ")).count()
}

/// A server whose standard error is a pipe that nobody reads until all requests were served.
#[track_caller]
fn with_a_full_pipe(what: &str, start: impl FnOnce(OwnedFd) -> Server, port_file: &Path) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = start(writer.into());
    let address = address(&server, port_file);
    // More than the pipe takes.
    let before = extent("BLOCKED", 1_000) * 5;
    serves_fast(address, &format!("{what}, full pipe"));
    let collected = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    // Somebody reads again.
    for at in 0..20 {
        say(address, &format!("again {at}"));
    }
    server.stop();
    let text = collected.join().unwrap().unwrap();
    assert!(text.contains(" lost: nobody took them in time"), "{what}: {text}");
    let agains = text.lines().filter(|line| line.contains(": said again")).count();
    assert!(agains > 0, "{what}: it goes on");
    assert_eq!(counted(&text) + agains + lost(&text), before + 20, "{what}");
}

#[test]
fn a_pipe_that_nobody_reads_keeps_nobody_waiting() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let start = |writer: OwnedFd| {
            let server = logs(&["--port_file=port"]).arg(format!("--server_type={personality}"));
            server.directory(folder.path()).stream(2, writer).start()
        };
        with_a_full_pipe(personality, start, &folder.join("port"));
    }
}

#[test]
fn a_pipe_of_somebody_else_keeps_nobody_waiting_either() {
    if !nix::unistd::geteuid().is_root() {
        tell(format_args!("skipped: only root may become somebody else"));
        return;
    }
    let folder = scratch();
    std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
    let start = |writer: OwnedFd| {
        let server = logs(&["--port_file=port", "--server_type=prefork"]);
        let wrapped =
            server.under("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]);
        wrapped.directory(folder.path()).stream(2, writer).start()
    };
    with_a_full_pipe("a pipe of somebody else", start, &folder.join("port"));
}

#[test]
fn a_syslog_daemon_that_does_not_read_keeps_nobody_waiting() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let daemon = UnixDatagram::bind(folder.join("syslog")).unwrap();
        let server = super::syslog::server(&folder, &[&format!("--server_type={personality}")]);
        let address = address(&server, &folder.join("port"));
        serves_fast(address, &format!("{personality}, full queue"));
        let mut text = String::new();
        read_all(&daemon, &mut text);
        say(address, "again");
        read_all(&daemon, &mut text);
        server.stop();
        read_all(&daemon, &mut text);
        assert!(text.contains(" lost: nobody took them in time"), "{personality}: {text}");
        assert!(text.contains(": said again"), "{personality}: {text}");
        assert_eq!(counted(&text) + lost(&text), extent("BLOCKED", 1_000) * 5, "{personality}");
    }
}

/// What a daemon has in its queue, a line each.
fn read_all(daemon: &UnixDatagram, text: &mut String) {
    daemon.set_nonblocking(true).unwrap();
    let mut room = [0; 8192];
    while let Ok(length) = daemon.recv(&mut room) {
        text.push_str(&String::from_utf8_lossy(&room[..length]));
        text.push('\n');
    }
}

/// Whether a line is one record, from its beginning to its end.
fn is_whole(line: &str) -> bool {
    let numbers = line.split_once(": line ").map(|(_, rest)| rest.split(' '));
    let is_time = |at: usize, byte: u8| match at {
        4 | 7 => byte == b'/',
        10 => byte == b'-',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    let begins = line.find(" logs[") == Some(19);
    begins
        && line.bytes().take(19).enumerate().all(|(at, byte)| is_time(at, byte))
        && line.matches(" logs[").count() == 1
        && numbers.is_none_or(|mut numbers| {
            numbers.clone().count() == 2 && numbers.all(|number| number.parse::<u32>().is_ok())
        })
}

/// Each line is a whole record, but for those that were cut off, of which there are as many as may be.
/// What comes behind one is on a line of its own.
#[track_caller]
fn whole_but(text: &str, cut: usize) {
    let broken: Vec<&str> = text.lines().filter(|line| !is_whole(line)).collect();
    assert!(broken.len() <= cut, "{broken:?}");
    assert!(broken.iter().all(|line| !line.contains(" lost: ")), "{broken:?}");
}

#[test]
fn a_file_that_is_as_long_as_it_may_be_ends_nobody() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let server = logs(&["--port_file=port", "--log_file=log"])
            .arg(format!("--server_type={personality}"))
            .directory(folder.path())
            .under("sh", &["-c", "ulimit -f 16; exec \"$@\"", "sh"])
            .start();
        let address = address(&server, &folder.join("port"));
        serves_fast(address, &format!("{personality}, RLIMIT_FSIZE"));
        fs::rename(folder.join("log"), folder.join("log.1")).unwrap();
        server.signal(Signal::SIGUSR1);
        goes_on(&server, address, &folder.join("log"), "File too large");
        server.stop();
        whole_but(&fs::read_to_string(folder.join("log.1")).unwrap(), 1);
    }
}

/// Records come again, behind a line that says why some did not.
#[track_caller]
fn goes_on(server: &Server, address: std::net::SocketAddr, file: &Path, why: &str) {
    server.wait_until("it goes on", || {
        say(address, "again");
        let text = fs::read_to_string(file).unwrap_or_default();
        text.contains(": said again") && text.contains(&format!(" lost: {why}"))
    });
}

#[test]
fn a_full_disk_ends_nobody_and_no_line_is_glued_to_the_next() {
    let folder = scratch();
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&disk)
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        tell(format_args!("skipped: no file system can be mounted here"));
        return;
    }
    let _unmount = Unmount(&disk);
    // So that there is little room, and none at the end of a page.
    fs::write(disk.join("ballast"), vec![0; 40 << 10]).unwrap();
    let server = logs(&["--port_file=port", "--log_file=disk/log", "--server_type=prefork"])
        .directory(folder.path())
        .start();
    let address = address(&server, &folder.join("port"));
    serves_fast(address, "full disk");
    fs::remove_file(disk.join("ballast")).unwrap();
    goes_on(&server, address, &disk.join("log"), "No space left on device");
    server.stop();
    let text = fs::read_to_string(disk.join("log")).unwrap();
    // One at each end of the room.
    whole_but(&text, 2);
    assert!(lost(&text) > 0);
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        // Nothing can be done where it fails.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
