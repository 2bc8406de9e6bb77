//! Pid files: whose they are, what is taken over, and what is never touched (T19).

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use netserver::testing::{Client, Program, Scratch, Signal, scratch, wait_until};
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};

use super::daemons::{expect_served, is_gone};
use super::{PERSONALITIES, actor};

fn with_file(path: &Path) -> Program {
    actor(&[]).arg(format!("--pid_file={}", path.display()))
}

/// Serves once with that file, and takes it away.
#[track_caller]
fn expect_taken_over(path: &Path) {
    let server = with_file(path).start();
    expect_served(server.address());
    assert_eq!(fs::read_to_string(path).unwrap(), format!("{}\n", server.pid()));
    let found = fs::metadata(path).unwrap();
    assert_eq!((found.mode() & 0o7777, found.uid()), (0o644, geteuid().as_raw()));
    server.stop();
    assert!(!path.exists());
}

#[track_caller]
fn expect_refused(path: &Path, why: &str) {
    let finished = with_file(path).run().expect_code(1);
    let said = finished.stderr();
    assert!(
        said.contains("cannot use pid_file ") && said.contains(why),
        "{}: {said}",
        path.display()
    );
    assert!(!said.contains("Binding"), "it was refused before anything was bound: {said}");
}

#[test]
fn a_file_that_nobody_has_locked_is_stale_whatever_number_is_in_it() {
    let folder = scratch();
    let path = folder.join("pid");
    expect_taken_over(&path);
    let alive = std::process::id().to_string();
    for text in [
        "",
        "\n",
        "1\n",
        &alive,
        "99999\n",
        "2147483648",
        "0",
        "  7 \n",
        "000000000000000000000001",
    ] {
        folder.write("pid", text);
        expect_taken_over(&path);
    }
}

#[test]
fn what_is_no_pid_file_is_left_alone() {
    let folder = scratch();
    for text in [
        "no number",
        "-1\n",
        "12 13\n",
        "\u{0}",
        "12\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
        &"7".repeat(10_000),
    ] {
        let path = folder.write("text", text);
        expect_refused(&path, "is no pid file");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let victim = folder.write("victim", "17\n");
    let path = folder.join("link");
    symlink(&victim, &path).unwrap();
    expect_refused(&path, "is a symbolic link");
    fs::remove_file(&path).unwrap();
    symlink(folder.join("nowhere"), &path).unwrap();
    expect_refused(&path, "is a symbolic link");
    assert!(!folder.join("nowhere").exists());
    let path = folder.join("hard");
    fs::hard_link(&victim, &path).unwrap();
    expect_refused(&path, "has other names, too");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "17\n");
    let path = folder.join("fifo");
    mkfifo(&path, Mode::S_IRWXU).unwrap();
    expect_refused(&path, "is no regular file (a FIFO");
    expect_refused(folder.path(), "is a directory: name a file in it");
    expect_refused(Path::new("/dev/full"), "is no regular file");
    expect_refused(&folder.join("missing/pid"), "its directory does not exist: make it before");
    expect_refused(Path::new("/proc/netserver.pid"), "");
}

/// A folder with those permissions.
fn folder_for(all: &Scratch, mode: u32) -> std::path::PathBuf {
    let folder = all.join(format!("{mode:o}"));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    folder
}

#[test]
fn it_stands_where_nobody_else_can_put_another_one() {
    let all = scratch();
    expect_refused(
        &folder_for(&all, 0o777).join("pid"),
        "anybody may put a file into its directory",
    );
    expect_taken_over(&folder_for(&all, 0o1777).join("pid"));
    if geteuid().is_root() {
        let path = folder_for(&all, 0o1755).join("pid");
        fs::write(&path, "17\n").unwrap();
        chown(&path, Some(65534), None).unwrap();
        expect_refused(&path, "belongs to user 65534, and not to user 0");
        assert_eq!(fs::read_to_string(&path).unwrap(), "17\n");
    }
}

#[test]
fn a_number_of_old_stands_there_no_longer_than_until_it_is_claimed() {
    let folder = scratch();
    let path = folder.write("pid", "1\n");
    let server = with_file(&path).env("CONFIGURING", folder.join("go")).start();
    server.wait_for_log("waits for a file");
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
    expect_refused(&path, "a server runs already: another process has it locked");
    folder.write("go", "");
    expect_served(server.address());
    server.stop();
}

#[test]
fn everybody_may_know_the_number() {
    let folder = scratch();
    let path = folder.join("pid");
    let server = with_file(&path).arg("--umask=077").start();
    expect_served(server.address());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    server.stop();
}

#[test]
fn a_check_tells_of_it_and_makes_none() {
    let folder = scratch();
    let path = folder.join("link");
    symlink(folder.join("nowhere"), &path).unwrap();
    let finished = with_file(&path).arg("--check").run().expect_code(1);
    assert!(finished.stderr().contains("is a symbolic link"), "{}", finished.stderr());
    with_file(&folder.join("pid")).arg("--check").run().expect_code(0);
    assert!(!folder.join("pid").exists());
}

#[test]
fn a_disk_that_is_full_is_an_error_and_leaves_nothing() {
    let folder = scratch();
    let path = folder.join("pid");
    // No byte may be written to any file.
    let limited = Program::new("prlimit").args([
        "--fsize=0",
        env!("CARGO_BIN_EXE_actor"),
        "--host=127.0.0.1",
    ]);
    let finished = limited.arg(format!("--pid_file={}", path.display())).run().expect_code(1);
    assert!(finished.stderr().contains("cannot write pid_file"), "{}", finished.stderr());
    assert!(!path.exists());
}

#[test]
fn a_second_server_is_told_of_the_first_and_does_it_no_harm() {
    let folder = scratch();
    let path = folder.join("pid");
    for personality in PERSONALITIES {
        let server = with_file(&path).arg(format!("--server_type={personality}")).start();
        expect_served(server.address());
        let why = format!("a server runs already: process {} has it locked", server.pid());
        expect_refused(&path, &why);
        expect_served(server.address());
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", server.pid()));
        server.stop();
        assert!(!path.exists());
    }
}

#[test]
fn of_servers_that_start_at_once_one_wins() {
    const STARTS: usize = 20;
    let folder = scratch();
    let path = folder.join("pid");
    folder.write("pid", "17\n");
    let servers: Vec<_> = (0..STARTS)
        .map(|_| {
            actor(&["--server_type=single"]).arg(format!("--pid_file={}", path.display())).start()
        })
        .collect();
    let mut winners = Vec::new();
    for server in servers {
        let said = || server.log().join("\n");
        server.wait_until("it has won or lost", || {
            said().contains("Binding") || said().contains("cannot use pid_file")
        });
        if said().contains("Binding") {
            winners.push(server);
        } else {
            server.expect_log("a server runs already");
            server.wait().expect_code(1);
        }
    }
    let [winner] = winners.try_into().unwrap_or_else(|all: Vec<_>| panic!("{} winners", all.len()));
    expect_served(winner.address());
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", winner.pid()));
    winner.stop();
}

const POOL: usize = 3;

fn has_open(process: i32, path: &Path) -> bool {
    let all = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    all.into_iter().any(|one| fs::read_link(one.path()).is_ok_and(|file| file == path))
}

#[test]
fn the_file_of_a_server_that_was_killed_is_taken_over_while_its_children_finish() {
    let folder = scratch();
    let path = folder.join("pid");
    for personality in PERSONALITIES {
        let pool = personality.starts_with("prefork");
        let size = if personality == "prefork" { "min_servers" } else { "max_servers" };
        let size = pool.then(|| format!("--{size}={POOL}"));
        let server =
            with_file(&path).arg(format!("--server_type={personality}")).args(size).start();
        let mut client = Client::connect(server.address());
        client.send("pid\n");
        let busy: i32 = client.line().parse().unwrap();
        // One that was forked just now has what its parent has, for a moment, and with it the lock.
        let holds = |child: &i32| has_open(*child, &path);
        server.wait_until(format!("{personality}: no child has the file"), || {
            let children = server.children();
            (!pool || children.len() == POOL) && !children.iter().any(holds)
        });
        server.signal(Signal::SIGKILL);
        let killed = server.pid();
        server.wait_until("it has ended", || is_gone(killed));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{killed}\n"));
        assert!(personality == "single" || !is_gone(busy), "{personality}");
        expect_taken_over(&path);
        drop(client);
        wait_until("the child is gone", || is_gone(busy));
        drop(server.wait().expect_signal(Signal::SIGKILL));
    }
}

#[test]
fn what_another_has_put_in_its_place_stays() {
    let folder = scratch();
    let path = folder.join("pid");
    let server = with_file(&path).start();
    expect_served(server.address());
    fs::remove_file(&path).unwrap();
    let other = folder.write("pid", "a note");
    server.stop();
    assert_eq!(fs::read_to_string(other).unwrap(), "a note");
}

#[test]
fn a_relative_one_stays_where_the_server_was_started() {
    let folder = scratch();
    let server = actor(&["--pid_file=own.pid"]).directory(folder.path()).start();
    expect_served(server.address());
    let pid = fs::read_to_string(folder.join("own.pid")).unwrap();
    assert_eq!(pid, format!("{}\n", server.pid()));
    server.stop();
    assert!(!folder.join("own.pid").exists());
}
