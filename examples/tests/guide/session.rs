//! One shell that is given the commands of a page, and shows what each of them prints.
//!
//! A command is run as it is written, but for what a test may not do or has no time for: `cargo run
//! --example echo --` is the example that cargo has built beside the test, the port 20203 is one that is
//! free, and `/run` and `/var/log` are folders of the test's.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use netserver::testing::{Scratch, scratch, wait_until};

use super::expected::{comes_in, is};

/// Reads commands of its own, so that those it runs cannot read them.
const LOOP: &str = "exec 3<&0 </dev/null\nwhile IFS= read -r -u3 line; do eval \"$line\"; done";

/// A shell in a folder of its own. Whatever it has started ends with it.
pub(crate) struct Session {
    shell: Child,
    input: ChildStdin,
    folder: Scratch,
    port: u16,
    count: usize,
}

/// The example of that name, which cargo builds beside this test.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: run `cargo test --workspace`", path.display());
    path
}

/// A port that is free, below those that the kernel gives to other tests.
fn free() -> u16 {
    let from = std::process::id().wrapping_mul(61) % 2_000;
    let mut ports = (0..2_000_u16).map(|at| 10_000 + (u16::try_from(from).unwrap() + at) % 2_000);
    ports.find(|port| TcpListener::bind(("0.0.0.0", *port)).is_ok()).unwrap()
}

/// Whether a command leaves something running.
fn stays(command: &str) -> bool {
    command.ends_with(" &") || command.contains(" & ")
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = scratch();
        for name in ["run", "log"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        fs::copy(example("echo"), folder.join("echo")).unwrap();
        let mut command = Command::new("bash");
        command
            .args(["-c", LOOP])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .process_group(0);
        let mut shell = command.spawn().unwrap();
        let input = shell.stdin.take().unwrap();
        Self { shell, input, folder, port: free(), count: 0 }
    }

    /// The command as this session can run it.
    fn adapted(&self, command: &str) -> String {
        let port = format!("--port={}", self.port);
        let mut adapted = command.to_owned();
        if let Some((before, rest)) = command.split_once("cargo run -q --example ") {
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let rest = rest.strip_prefix("-- ").unwrap_or(rest);
            let own = if stays(command) && !rest.contains("--port") { port.as_str() } else { "" };
            adapted = format!("{before}{} {own} {rest}", example(name).display());
        } else if command.starts_with("./echo") && !command.contains("--port") {
            adapted = command.replacen("./echo", &format!("./echo {port}"), 1);
        }
        let folder = self.folder.path().display();
        self.ported(&adapted)
            .replace("/run/", &format!("{folder}/run/"))
            .replace("/var/log/", &format!("{folder}/log/"))
    }

    fn ported(&self, text: &str) -> String {
        text.replace("20203", &self.port.to_string())
    }

    /// Runs the command, and sees that it prints these lines and nothing else; one that leaves something
    /// running may print more, and later.
    pub(crate) fn run(&mut self, command: &str, expected: &[&str]) {
        self.count += 1;
        let file = |ending: &str| self.folder.join(format!("{}.{ending}", self.count));
        let (output, done) = (file("out"), file("done"));
        let line = self.adapted(command);
        writeln!(self.input, "exec >{} 2>&1", output.display()).unwrap();
        writeln!(self.input, "{line}").unwrap();
        writeln!(self.input, ": >{}", done.display()).unwrap();
        let expected: Vec<String> = expected.iter().map(|line| self.ported(line)).collect();
        let printed = || fs::read_to_string(&output).unwrap_or_default();
        let fits = |printed: &str| {
            let printed: Vec<&str> = printed.lines().collect();
            if stays(command) { comes_in(&expected, &printed) } else { is(&expected, &printed) }
        };
        // What stays is waited for; of all else the end is what it comes to.
        wait_until(format!("{command}, run as {line}, prints {expected:#?}"), || {
            done.exists() && (!stays(command) || fits(&printed()))
        });
        let printed = printed();
        assert!(
            fits(&printed),
            "{command}\nrun as {line}\nprinted {printed}\nand not {expected:#?}"
        );
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its whole group, unless all have ended.
        let group = format!("-{}", self.shell.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        // And a daemon, which is in no group of ours, where nobody has ended it.
        let daemon = fs::read_to_string(self.folder.join("run/echo.pid")).unwrap_or_default();
        if !daemon.is_empty() {
            let _ = Command::new("kill").arg(daemon.trim()).stderr(Stdio::null()).status();
        }
        let _ = self.shell.wait();
    }
}
