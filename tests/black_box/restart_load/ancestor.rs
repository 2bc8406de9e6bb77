//! The same load on Perl's Net::Server, for comparison.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netserver::testing::{Client, Signal, Target, tool_with, wait_until};
use nix::sys::signal::{kill, killpg};
use nix::unistd::Pid;

use super::clients::{PACE, SLOW, Seen, asked_for, run};
use crate::pause;

/// The server in Perl, and all that it forks.
struct Ancestor(Child);

impl Ancestor {
    fn start(address: SocketAddr, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("perl/lasting.pl");
        let mut command = Command::new(script);
        command.arg(format!("--port={}", address.port())).args(["--host=127.0.0.1"]);
        command.args(["--log_level=0", "--no_client_stdout=0"]).args(arguments);
        command.stdin(Stdio::null()).process_group(0);
        Self(command.spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }

    /// Signals it at the pace of the others, and looks whether the next generation comes.
    fn restarts(&self, count: u32, seen: &Seen) -> Vec<Duration> {
        wait_until("a client is served", || seen.has(1));
        // It has children that serve before it is ready for a signal.
        pause(PACE);
        let each = (2..).take(count as usize).map(|generation| {
            let begin = Instant::now();
            // It may have ended, which is one of its losses.
            let _ = kill(self.pid(), Signal::SIGHUP);
            while !seen.has(generation) && begin.elapsed() < Duration::from_secs(2) {
                pause(Duration::from_millis(2));
            }
            let took = begin.elapsed();
            pause(PACE.saturating_sub(took));
            took
        });
        each.collect()
    }
}

impl Drop for Ancestor {
    fn drop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// The same load, with the same clients in flight and the same signals, on PreFork of Perl's Net::Server:
/// for comparison, and so where `RESTARTS` asks for it alone.
#[test]
fn what_the_ancestor_loses_is_told() {
    let Some(extent) = asked_for() else { return };
    if tool_with("perl", &["-MNet::Server::PreFork", "-e1"]).is_none() {
        return;
    }
    let pool = ["--min_servers=28", "--max_spare_servers=30", "--max_servers=60"];
    for leaves in ["0", "1"] {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = format!("--leave_children_open_on_hup={leaves}");
        let ancestor = Ancestor::start(address, &[&pool[..], &[&open]].concat());
        wait_until("it listens", || Client::try_connect(address).is_ok());
        let seen = Seen::of(ancestor.pid().as_raw());
        let targets: [Box<dyn Target>; 1] = [Box::new(address)];
        let outcome =
            run(extent, &targets, SLOW, &seen, || ancestor.restarts(extent.restarts, &seen));
        outcome.tell(&format!("Net::Server with {open}, {} generations", seen.generations().len()));
        assert!(outcome.served() > 0, "it has not served at all");
    }
}
