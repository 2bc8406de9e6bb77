//! Somebody at an `nc`, who types lines and reads what it prints.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Terminal {
    pub(super) name: String,
    nc: Child,
    typed: Option<ChildStdin>,
    seen: Receiver<String>,
}

impl Terminal {
    pub(super) fn open(nc: &Path, address: SocketAddr, name: &str) -> Self {
        let mut nc = Command::new(nc)
            .args([address.ip().to_string(), address.port().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (typed, printed) = (nc.stdin.take(), nc.stdout.take().unwrap());
        let (tell, seen) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(printed).lines() {
                let Ok(line) = line else { return };
                if tell.send(line.trim_end_matches('\r').to_owned()).is_err() {
                    return;
                }
            }
        });
        Self { name: name.to_owned(), nc, typed, seen }
    }

    pub(super) fn types(&mut self, line: &str) {
        writeln!(self.typed.as_ref().unwrap(), "{line}").unwrap();
    }

    /// The next line.
    pub(super) fn reads(&self) -> String {
        self.seen.recv_timeout(PATIENCE).unwrap_or_else(|err| panic!("{}: {err}", self.name))
    }

    /// Reads until the server has ended the connection, or is to end it as nothing more is typed.
    pub(super) fn rest(mut self) -> Vec<String> {
        // Else `nc` waits for more.
        self.typed = None;
        let rest = self.seen.iter().collect();
        assert!(self.nc.wait().unwrap().success(), "{}", self.name);
        rest
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.nc.kill();
        let _ = self.nc.wait();
    }
}
