//! Servers in the background: whoever has started one knows whether it serves (T38).

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use netserver::testing::{Client, Finished, Program, Scratch, Signal, scratch, wait_until};
use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};

use super::{PERSONALITIES, actor, extent};

/// A server that its launcher has left behind. It is ended with the test, whatever comes of that.
pub(super) struct Daemon {
    pub(super) pid: i32,
    pub(super) address: SocketAddr,
    folder: Scratch,
}

fn pid_file(folder: &Scratch) -> PathBuf {
    folder.join("pid")
}

/// The program with what a daemon needs.
fn daemon(folder: &Scratch, arguments: &[&str]) -> Program {
    actor(&["--background"])
        .arg(format!("--pid_file={}", pid_file(folder).display()))
        .arg(format!("--port_file={}", folder.join("port").display()))
        .args(arguments)
}

impl Daemon {
    /// Starts it, and meets it the moment its launcher has ended.
    #[track_caller]
    pub(super) fn start(arguments: &[&str]) -> Self {
        let folder = scratch();
        daemon(&folder, arguments).run().expect_code(0);
        let pid = fs::read_to_string(pid_file(&folder)).unwrap().trim_end().parse().unwrap();
        let port = fs::read_to_string(folder.join("port")).unwrap();
        let address = port.trim_end().trim_end_matches("/tcp").parse().unwrap();
        Self { pid, address, folder }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid), signal).unwrap();
    }

    /// One of the numbers of `/proc/PID/stat`, counted as its manual page does.
    fn stat(&self, field: usize) -> i32 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let rest = stat.rsplit_once(") ").unwrap().1;
        rest.split(' ').nth(field - 3).unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(super) fn stop(self) {
        self.signal(Signal::SIGTERM);
        wait_until("the daemon is gone", || is_gone(self.pid));
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !is_gone(self.pid) {
            self.signal(Signal::SIGKILL);
        }
    }
}

/// Whoever is left to another parent may be a zombie for as long as that one likes.
pub(super) fn is_gone(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

/// A client that is answered.
pub(super) fn expect_served(address: SocketAddr) {
    let mut client = Client::connect(address);
    client.send("say hello\nquit\n");
    assert_eq!(client.rest(), b"hello\n");
}

#[test]
fn a_launcher_returns_once_its_server_answers() {
    // 100 times with `LAUNCHES=100`.
    for round in 0..extent("LAUNCHES", 3) {
        for personality in PERSONALITIES {
            let daemon = Daemon::start(&[&format!("--server_type={personality}")]);
            // It does not take somebody at some time, it takes the first.
            TcpStream::connect(daemon.address)
                .unwrap_or_else(|err| panic!("{personality} {round}: {err}"));
            expect_served(daemon.address);
            daemon.stop();
        }
    }
}

#[test]
fn no_terminal_has_a_hold_on_it() {
    const SESSION: usize = 6;
    const GROUP: usize = 5;
    const TERMINAL: usize = 7;
    for option in ["--background", "--setsid"] {
        let daemon = Daemon::start(&[option]);
        assert_eq!(daemon.stat(SESSION), daemon.pid);
        assert_eq!(daemon.stat(GROUP), daemon.pid);
        assert_eq!(daemon.stat(TERMINAL), 0);
        for stream in 0..3 {
            let target = fs::read_link(format!("/proc/{}/fd/{stream}", daemon.pid)).unwrap();
            assert_eq!(target, Path::new("/dev/null"), "{option}");
        }
        daemon.stop();
    }
}

/// Runs a launcher whose server does not come to serve, and that leaves nothing behind.
#[track_caller]
fn fail(program: impl FnOnce(Program) -> Program, code: i32, why: &str) -> Finished {
    let folder = scratch();
    let finished = program(daemon(&folder, &[])).run().expect_code(code);
    assert!(finished.stderr().contains(why), "{}", finished.stderr());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    finished
}

#[test]
fn a_start_that_fails_is_told_to_whoever_has_started_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("--port={}", taken.local_addr().unwrap().port());
    fail(|program| program.arg(port), 1, "Address already in use");
    for hook in ["post_configure_hook", "post_bind_hook", "pre_loop_hook"] {
        fail(|program| program.env("FAIL", hook), 1, &format!("{hook} failed: told to fail"));
        fail(|program| program.env("PANIC", hook), 1, &format!("{hook} panicked"));
    }
    fail(|program| program.arg("--max_servers=0"), 2, "--max_servers");
}

#[test]
fn a_pool_whose_children_cannot_begin_does_not_serve() {
    for personality in ["prefork", "prefork_simple"] {
        let server_type = format!("--server_type={personality}");
        let said = "pre_fork_hook failed: told to be fatal";
        fail(|program| program.arg(&server_type).env("FATAL", "pre_fork_hook"), 1, said);
        let folder = scratch();
        let healed = folder.join("healed");
        let mut launcher = Command::new(env!("CARGO_BIN_EXE_actor"))
            .args(["--host=127.0.0.1", "--background", &server_type])
            .arg(format!("--pid_file={}", pid_file(&folder).display()))
            .envs([("FAIL", "child_init_hook".as_ref()), ("HEALED", healed.as_os_str())])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It is there, and none of its children.
        let mut said = BufReader::new(launcher.stderr.take().unwrap()).lines();
        let failed =
            said.find(|line| line.as_ref().is_ok_and(|line| line.contains("told to fail")));
        assert!(failed.is_some() && launcher.try_wait().unwrap().is_none(), "{personality}");
        folder.write("healed", "");
        assert!(launcher.wait().unwrap().success(), "{personality}");
        let pid = fs::read_to_string(pid_file(&folder)).unwrap().trim_end().parse().unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        wait_until("the server is gone", || is_gone(pid));
    }
}

#[test]
fn a_server_that_is_killed_while_it_starts_is_told_of() {
    let folder = scratch();
    let finished = daemon(&folder, &[]).env("ABORT", "pre_loop_hook").run().expect_code(1);
    let said = "the server was killed by SIGABRT before it served";
    assert!(finished.stderr().contains(said), "{}", finished.stderr());
    // Nobody was left to take it away, and nobody has it locked.
    assert!(pid_file(&folder).exists());
    let again = daemon(&folder, &[]).env("FAIL", "pre_loop_hook").run().expect_code(1);
    assert!(again.stderr().contains("told to fail"), "{}", again.stderr());
    assert!(!pid_file(&folder).exists());
}

/// A server that a test has started, which is ended with the test whatever comes of that.
struct Begun(i32);

impl Drop for Begun {
    fn drop(&mut self) {
        if !is_gone(self.0) {
            let _ = kill(Pid::from_raw(self.0), Signal::SIGKILL);
        }
    }
}

/// A launcher whose server waits in a hook for a file that the test makes.
fn launch_slowly(folder: &Scratch, arguments: &[&str]) -> (Child, Begun) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actor"));
    command.args(["--host=127.0.0.1", "--background"]).args(arguments);
    command.arg(format!("--pid_file={}", pid_file(folder).display()));
    command.env("BEFORE", folder.join("go")).stderr(Stdio::piped());
    let launcher = command.spawn().unwrap();
    let mut pid = 0;
    wait_until("the pid file tells a number", || {
        let text = fs::read_to_string(pid_file(folder)).unwrap_or_default();
        pid = text.trim_end().parse().unwrap_or(0);
        pid != 0
    });
    (launcher, Begun(pid))
}

#[test]
fn a_start_that_is_given_up_leaves_no_server() {
    // Who becomes another user hears no more of the end of a parent.
    let users: &[&[&str]] = if geteuid().is_root() { &[&[], &["--user=nobody"]] } else { &[&[]] };
    for user in users {
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGKILL] {
            let folder = scratch();
            let log = format!("--log_file={}", folder.join("log").display());
            let arguments: Vec<&str> = user.iter().copied().chain([&*log]).collect();
            let (mut launcher, server) = launch_slowly(&folder, &arguments);
            kill(Pid::from_raw(launcher.id().cast_signed()), signal).unwrap();
            if signal == Signal::SIGKILL {
                launcher.wait().unwrap();
            }
            // It has heard of it, and stops as soon as it would serve.
            folder.write("go", "");
            wait_until("the server is gone", || is_gone(server.0));
            assert!(!launcher.wait().unwrap().success(), "{signal}");
            let said = fs::read_to_string(folder.join("log")).unwrap();
            // It was told, and did not find out.
            let found_out = said.contains("whoever has started the server is gone");
            assert!(!found_out || signal == Signal::SIGKILL, "{signal}: {said}");
            let left = fs::read(pid_file(&folder)).unwrap_or_default();
            assert_eq!(left, b"", "{signal}: nobody runs");
        }
    }
}

#[test]
fn a_server_that_is_stopped_before_it_serves_is_no_success() {
    let folder = scratch();
    let (mut launcher, server) = launch_slowly(&folder, &[]);
    kill(Pid::from_raw(server.0), Signal::SIGTERM).unwrap();
    folder.write("go", "");
    assert_eq!(launcher.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    launcher.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("actor: the server was stopped before it served"), "{said}");
}

#[test]
fn threads_that_a_daemon_would_lose_are_told() {
    let finished = actor(&["--background"]).env("APART", "yes").run().expect_code(1);
    let said = "cannot go to the background from another thread than the first";
    assert!(finished.stderr().contains(said), "{}", finished.stderr());
    let strict = ["--background", "--strict", "--user=root"];
    for (arguments, code) in [(&["--background"][..], 0), (&strict, 1)] {
        let folder = scratch();
        let finished = daemon(&folder, arguments).env("EARLY", "yes").run().expect_code(code);
        let said = "threads when the server goes to the background, which keeps one";
        assert!(finished.stderr().contains(said), "{}", finished.stderr());
        if code == 0 {
            let pid = fs::read_to_string(pid_file(&folder)).unwrap().trim_end().parse().unwrap();
            kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
            wait_until("the server is gone", || is_gone(pid));
        }
    }
}

#[test]
fn a_launcher_waits_as_long_as_its_server_starts() {
    let folder = scratch();
    let (mut launcher, server) = launch_slowly(&folder, &[]);
    assert!(launcher.try_wait().unwrap().is_none());
    folder.write("go", "");
    assert!(launcher.wait().unwrap().success());
    let mut said = String::new();
    // Its server has let go of what it was started with.
    launcher.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("starting!"), "{said}");
    kill(Pid::from_raw(server.0), Signal::SIGTERM).unwrap();
    wait_until("the server is gone", || is_gone(server.0));
}

#[test]
fn under_a_service_manager_that_waits_nothing_goes_to_the_background() {
    for option in ["--background", "--setsid"] {
        let finished = actor(&[option]).env("NOTIFY_SOCKET", "/nowhere").run().expect_code(2);
        assert!(
            finished.stderr().contains(&format!("{option}: cannot go to the background")),
            "{}",
            finished.stderr()
        );
    }
    for option in ["--background=0", "--setsid=no"] {
        let server = actor(&[option]).env("NOTIFY_SOCKET", "/nowhere").start();
        // With the feature it looks for who is to be told.
        server.allow_log("cannot reach the service manager at NOTIFY_SOCKET=/nowhere");
        expect_served(server.address());
        server.stop();
    }
}

#[test]
fn children_are_in_their_daemons_group_and_end_with_it() {
    let daemon = Daemon::start(&["--server_type=prefork_simple", "--max_servers=2"]);
    let mut client = Client::connect(daemon.address);
    client.send("pid\n");
    let child: i32 = client.line().parse().unwrap();
    let group = nix::unistd::getpgid(Some(Pid::from_raw(child))).unwrap();
    assert_eq!(group.as_raw(), daemon.pid);
    drop(client);
    daemon.stop();
    wait_until("the child is gone", || is_gone(child));
    let _ = std::io::stdout().flush();
}
