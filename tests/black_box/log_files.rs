//! A log file: what may be one, and its rotation.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use netserver::testing::{Client, Scratch, Server, Signal, scratch};
use nix::sys::stat::Mode;

use super::log_lines::{address, logs, say};
use super::{PARENTS, PERSONALITIES, extent, pause, tell};

/// A server that logs to `log` in that folder.
fn server(folder: &Scratch, arguments: &[&str]) -> Server {
    logs(&["--port_file=port", "--log_file=log"]).args(arguments).directory(folder.path()).start()
}

#[test]
fn what_could_be_anybodys_file_ends_the_start() {
    let folder = scratch();
    folder.write("file", "");
    symlink(folder.join("file"), folder.join("link")).unwrap();
    symlink(folder.join("nothing"), folder.join("dangling")).unwrap();
    folder.write("one", "");
    fs::hard_link(folder.join("one"), folder.join("other")).unwrap();
    nix::unistd::mkfifo(&folder.join("fifo"), Mode::S_IRWXU).unwrap();
    fs::create_dir(folder.join("directory")).unwrap();
    fs::create_dir(folder.join("open")).unwrap();
    fs::set_permissions(folder.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
    let mut rows = vec![
        ("link", "is a symbolic link: name the file that it leads to"),
        ("dangling", "is a symbolic link: name the file that it leads to"),
        ("other", "has other names, too (hard links)"),
        ("fifo", "is no regular file"),
        ("/dev/full", "is no regular file"),
        ("directory", "is a directory: name a file in it"),
        ("directory/", "it names a directory: name a file"),
        ("missing/log", "its directory does not exist: make it before"),
        ("file/log", "what should be its directory is a file"),
        ("open/log", "anybody may put a file into its directory"),
    ];
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        folder.write("others", "");
        std::os::unix::fs::chown(folder.join("others"), Some(12345), None).unwrap();
        rows.push(("others", "belongs to user 12345, who is neither root nor the server's"));
    }
    for (name, why) in rows {
        for check in [&[][..], &["--check"]] {
            let finished = logs(&[&format!("--log_file={name}")])
                .args(check)
                .directory(folder.path())
                .run()
                .expect_code(1);
            assert_eq!(finished.log.len(), 1, "{name}: {:?}", finished.log);
            let line = &finished.log[0];
            assert!(
                line.contains(" error: cannot log to ") && line.contains(why),
                "{name}: {line}"
            );
        }
    }
    // It is looked at, and not made.
    logs(&["--log_file=new", "--check"]).directory(folder.path()).run().expect_code(0);
    assert!(!folder.join("new").exists());
    if is_root {
        // A directory for everybody whose files are nobody else's is one like /tmp.
        fs::set_permissions(folder.join("open"), fs::Permissions::from_mode(0o1777)).unwrap();
        logs(&["--log_file=open/log", "--check"]).directory(folder.path()).run().expect_code(0);
    }
}

#[test]
fn a_start_that_fails_says_why_where_it_was_started_too() {
    let folder = scratch();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("--port={}", taken.local_addr().unwrap());
    let finished = logs(&["--log_file=log", &port]).directory(folder.path()).run().expect_code(1);
    let text = fs::read_to_string(folder.join("log")).unwrap();
    for text in [finished.stderr(), text] {
        assert!(text.contains("Address already in use"), "{text}");
    }
    assert_eq!(finished.log.len(), 1, "{:?}", finished.log);
}

#[test]
fn a_log_file_is_for_its_owner_and_group_and_the_streams_are_taken() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let server = server(&folder, &[&format!("--server_type={personality}")]);
        let address = address(&server, &folder.join("port"));
        say(address, "x");
        let log = folder.join("log");
        assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o7777, 0o640);
        let stream = |number| {
            let streams = server.descriptors(server.pid());
            streams.iter().find(|(at, _)| *at == number).map(|(_, to)| to.to_owned())
        };
        server.wait_until("it has let go", || {
            (0..2).all(|number| stream(number).as_deref() == Some("/dev/null"))
        });
        assert_eq!(stream(0).as_deref(), Some("/dev/null"));
        assert_eq!(stream(1).as_deref(), Some("/dev/null"));
        assert_eq!(stream(2).as_deref(), log.to_str());
        // From its directory a child could go anywhere. One that was forked just now lets go of it first.
        for child in server.children() {
            let directory = folder.path().to_str().unwrap();
            let has_it = || server.descriptors(child).iter().any(|(_, to)| to == directory);
            server.wait_until("no child has the directory", || !has_it());
        }
        let finished = server.stop();
        assert_eq!(finished.log, Vec::<String>::new());
    }
}

/// Has the log be another file, and waits until it is.
#[track_caller]
fn rotate(server: &Server, folder: &Scratch, number: usize) {
    let log = folder.join("log");
    fs::rename(&log, folder.join(format!("log.{number}"))).unwrap();
    server.signal(Signal::SIGUSR1);
    server.wait_until("the log is opened anew", || {
        fs::read_to_string(&log).is_ok_and(|text| text.contains("log was opened anew\n"))
    });
}

#[test]
fn a_signal_opens_the_log_anew_and_no_client_has_to_come() {
    for personality in PERSONALITIES {
        let folder = scratch();
        let server = server(&folder, &[&format!("--server_type={personality}")]);
        let address = address(&server, &folder.join("port"));
        say(address, "before");
        rotate(&server, &folder, 1);
        // Standard error goes along.
        let log = folder.join("log");
        let is_log = |(at, to): (i32, &str)| at == 2 && Some(to) == log.to_str();
        assert!(server.descriptors(server.pid()).iter().any(is_log), "{personality}");
        say(address, "after");
        server.stop();
        let text = fs::read_to_string(&log).unwrap();
        assert!(text.contains("said after\n") && !text.contains("said before\n"), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_anew_leaves_the_old_one() {
    let folder = scratch();
    let server = server(&folder, &["--min_servers=1", "--max_servers=1"]);
    let address = address(&server, &folder.join("port"));
    let old = folder.join("log.1");
    fs::rename(folder.join("log"), &old).unwrap();
    symlink("/etc/passwd", folder.join("log")).unwrap();
    server.signal(Signal::SIGUSR1);
    server.wait_until("it says so", || {
        fs::read_to_string(&old).is_ok_and(|text| text.contains("the log goes on in the old file"))
    });
    say(address, "after");
    server.stop();
    let text = fs::read_to_string(&old).unwrap();
    assert!(text.contains("is a symbolic link") && text.contains("said after\n"), "{text}");
}

#[test]
fn a_parent_that_may_not_make_a_file_says_so_and_takes_one_that_was_made() {
    if !nix::unistd::geteuid().is_root() {
        tell(format_args!("skipped: only root may become somebody else"));
        return;
    }
    let folder = scratch();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let log = folder.write("log", "");
    std::os::unix::fs::chown(&log, Some(65534), Some(65534)).unwrap();
    fs::create_dir(folder.join("own")).unwrap();
    std::os::unix::fs::chown(folder.join("own"), Some(65534), Some(65534)).unwrap();
    let server = logs(&["--port_file=own/port", "--log_file=log"])
        .directory(folder.path())
        .under("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"])
        .start();
    let address = address(&server, &folder.join("own/port"));
    let old = folder.join("log.1");
    fs::rename(&log, &old).unwrap();
    server.signal(Signal::SIGUSR1);
    server.wait_until("it says so", || {
        let text = fs::read_to_string(&old).unwrap();
        text.contains("Permission denied") && text.contains("`create` of logrotate")
    });
    folder.write("log", "");
    std::os::unix::fs::chown(&log, Some(65534), Some(65534)).unwrap();
    server.signal(Signal::SIGUSR1);
    server.wait_until("it is opened anew", || {
        say(address, "after");
        fs::read_to_string(&log).unwrap().contains("said after\n")
    });
    server.stop();
}

/// The records of all files, each with how often it is there; every line has to be a whole one.
fn records(folder: &Scratch) -> BTreeMap<String, usize> {
    let mut records = BTreeMap::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("log") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with('\n'), "{}", path.display());
        for line in text.lines() {
            let (head, text) = line.split_once("] ").unwrap_or_else(|| panic!("{line}"));
            assert!(head.len() < 50 && head.starts_with("20"), "{line}");
            if let Some(record) = text.strip_prefix("notice: line ") {
                *records.entry(record.to_owned()).or_default() += 1;
            }
        }
    }
    records
}

/// Eight clients of eight children log so many lines each, while the log is rotated again and again.
fn log_under_rotation(folder: &Scratch, server: &Server, address: SocketAddr, lines: usize) {
    const CHUNKS: usize = 100;
    let every = Duration::from_millis(extent("ROTATE_MS", 100));
    let rotations = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|tag| {
                scope.spawn(move || {
                    let mut client = Client::connect(address);
                    for chunk in 0..CHUNKS {
                        client.send(format!("lines {tag}.{chunk} {}\n", lines / CHUNKS));
                        assert_eq!(client.line(), "logged");
                        pause(every / 10);
                    }
                })
            })
            .collect();
        let mut rotations = 0;
        while !clients.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            pause(every);
            rotations += 1;
            rotate(server, folder, rotations);
        }
        rotations
    });
    tell(format_args!("{rotations} rotations"));
    assert!(rotations >= 5, "{rotations} rotations");
}

#[test]
fn no_line_of_eight_processes_is_lost_or_mixed_while_their_log_is_rotated() {
    let lines = extent("LINES", 1_000_usize);
    let folder = scratch();
    let server = server(
        &folder,
        &["--server_type=prefork_simple", "--max_servers=8", "--max_requests=1000000"],
    );
    let address = address(&server, &folder.join("port"));
    log_under_rotation(&folder, &server, address, lines);
    server.stop();
    let records = records(&folder);
    assert_eq!(records.len(), 8 * lines, "lines that are there");
    assert!(records.values().all(|count| *count == 1), "lines that are there twice");
    tell(format_args!("{} whole lines", records.len()));
}

#[test]
fn children_come_to_the_new_file_at_their_next_record() {
    for personality in PARENTS {
        let folder = scratch();
        let server = server(&folder, &[&format!("--server_type={personality}"), "--max_servers=8"]);
        let address = address(&server, &folder.join("port"));
        // They are there before, and stay.
        let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(address)).collect();
        for round in 0..3 {
            for (at, client) in clients.iter_mut().enumerate() {
                client.send(format!("{round} by {at}\n"));
                assert_eq!(client.line(), "logged");
            }
            let text = fs::read_to_string(folder.join("log")).unwrap();
            let said =
                text.lines().filter(|line| line.contains(&format!("said {round} by "))).count();
            assert_eq!(said, 3, "{personality}: {text}");
            rotate(&server, &folder, round);
        }
        drop(clients);
        server.stop();
    }
}

#[test]
fn what_a_start_says_of_a_file_that_is_too_long_has_its_code() {
    let folder = scratch();
    for (arguments, code) in [(&["--port=x y z"][..], 2), (&["--log_file=/dev/null/x"], 1)] {
        let error = fs::File::create(folder.join("err")).unwrap();
        logs(arguments)
            .stream(2, error)
            .under("sh", &["-c", "ulimit -f 0; exec \"$@\"", "sh"])
            .run()
            .expect_code(code);
    }
    assert!(is_empty(&folder.join("err")));
}

fn is_empty(file: &Path) -> bool {
    fs::metadata(file).unwrap().len() == 0
}
