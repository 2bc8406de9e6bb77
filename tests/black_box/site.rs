//! A server with a folder of its own, where its program and its conf file are: what a restart reads anew.

use std::fmt::Display;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use netserver::testing::{Client, Program, Scratch, Server, Signal, scratch};

use super::callers;

/// How many clients come in a second while a server restarts.
const CLIENTS: u32 = 100;

/// The folder. The conf file in it is `heir.conf`, the program `heir`.
pub(super) struct Site(Scratch);

impl Site {
    /// With that in the conf file, beside a port of loopback.
    pub(super) fn new(conf: &str) -> Self {
        let site = Self(scratch());
        // Whoever the server becomes has to get in.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(site.0.path(), open).unwrap();
        site.configure(conf);
        site
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn conf(&self) -> PathBuf {
        self.path("heir.conf")
    }

    /// Has this stand in the conf file, from its second line on: the first one is the port.
    pub(super) fn configure(&self, conf: &str) {
        self.configure_all(&format!("port = 127.0.0.1:0\n{conf}"));
    }

    /// The same without a port. Whoever reads it meanwhile reads the one or the other.
    pub(super) fn configure_all(&self, conf: &str) {
        fs::rename(self.0.write("next.conf", conf), self.conf()).unwrap();
    }

    /// Puts a copy of the program there, in the place of whatever was.
    pub(super) fn install(&self, name: &str) -> PathBuf {
        let (next, path) = (self.path("next"), self.path(name));
        // Not by this process: a program that another test starts meanwhile would hold the copy open for
        // writing for a moment, and nobody can start what is.
        let copied = Command::new("cp").args([env!("CARGO_BIN_EXE_heir")]).arg(&next).status();
        assert!(copied.unwrap().success());
        fs::rename(next, &path).unwrap();
        path
    }

    /// Puts a script there.
    pub(super) fn install_script(&self, name: &str, script: &str) {
        let (text, next) = (self.0.write("text", script), self.path("next"));
        let copied = Command::new("install").args(["-m", "755"]).args([&text, &next]).status();
        assert!(copied.unwrap().success());
        fs::rename(next, self.path(name)).unwrap();
    }

    /// The program where it was built, with this conf file.
    pub(super) fn program(&self, personality: &str) -> Program {
        self.configured(Program::new(env!("CARGO_BIN_EXE_heir")), personality)
    }

    /// A copy of it in the folder.
    pub(super) fn copy(&self, personality: &str) -> Program {
        self.configured(Program::new(self.install("heir")), personality)
    }

    pub(super) fn configured(&self, program: Program, personality: &str) -> Program {
        // No test needs more children, and none is to be kept waiting by them.
        let few = (personality == "prefork_simple").then_some("--max_servers=4");
        program
            .arg(format!("--server_type={personality}"))
            .args(few)
            .arg(format!("--conf_file={}", self.conf().display()))
    }
}

/// The lines of a conf file for these ports.
pub(super) fn port_lines(ports: &[SocketAddr]) -> String {
    ports.iter().map(|port| format!("port = {port}\n")).collect::<Vec<_>>().concat()
}

/// What a client is told, line by line.
#[track_caller]
pub(super) fn ask(address: SocketAddr, words: &[&str]) -> Vec<String> {
    let mut client = Client::connect(address);
    client.send(format!("{}\nquit\n", words.join("\n")));
    String::from_utf8(client.rest()).unwrap().lines().map(str::to_owned).collect()
}

/// The same of one word.
#[track_caller]
pub(super) fn ask_one(address: SocketAddr, word: &str) -> String {
    ask(address, &[word]).join("\n")
}

/// Waits until that generation serves.
#[track_caller]
pub(super) fn wait_for_generation(server: &Server, generation: u32) {
    server.wait_for_log(&format!("generation {generation} serves"));
}

/// Restarts it, to become that generation.
#[track_caller]
pub(super) fn restart(server: &Server, generation: u32) {
    server.signal(Signal::SIGHUP);
    wait_for_generation(server, generation);
}

/// How a refusal begins.
pub(super) const REFUSED: &str = "cannot restart, so the server goes on as it was: ";

/// Sends HUP to a server that cannot restart, and hands on why it says it cannot.
#[track_caller]
pub(super) fn refuses(server: &Server) -> String {
    let before = server.log().len();
    server.signal(Signal::SIGHUP);
    let line = server.wait_for_log_after(before, REFUSED);
    line.split_once(REFUSED).unwrap().1.to_owned()
}

/// The records of errors in a log.
pub(super) fn errors(log: &[String]) -> Vec<&String> {
    log.iter().filter(|line| line.contains("] error: ")).collect()
}

/// Sees that it serves, as the process that was started, with that motto.
#[track_caller]
pub(super) fn expect_motto(server: &Server, address: SocketAddr, motto: &str, what: impl Display) {
    server.wait_until(format_args!("{what}: its motto is {motto}"), || {
        ask_one(address, "motto") == motto
    });
    // Whoever is served by a child is served by one of that process.
    let process = server.pid().to_string();
    assert!(ask(address, &["pid", "parent"]).contains(&process), "{what}");
    assert!(!server.has_ended(), "{what}");
}

/// Tells the clients to stop, even where the test has failed.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Does something while clients come all the time, each of whom must be served.
#[track_caller]
pub(super) fn while_called<T>(address: SocketAddr, does: impl FnOnce() -> T) -> T {
    let is_done = AtomicBool::new(false);
    let (done, (connections, failures)) = std::thread::scope(|scope| {
        let clients = scope.spawn(|| call(address, &is_done));
        let done = {
            let _until = Until(&is_done);
            does()
        };
        (done, clients.join().unwrap())
    });
    assert!(failures.is_empty(), "of {connections} connections: {failures:#?}");
    done
}

/// How many there were, and what went wrong.
fn call(address: SocketAddr, is_done: &AtomicBool) -> (usize, Vec<String>) {
    const BATCH: usize = 20;
    let (mut connections, mut failures) = (0, Vec::new());
    // However soon that is done: some come.
    while connections == 0 || !is_done.load(Relaxed) {
        let report = callers(address).connections(BATCH).clients(8).per_second(CLIENTS).run();
        connections += BATCH;
        if report.right < BATCH {
            failures.push(report.to_string());
        }
    }
    (connections, failures)
}
