//! A server that runs: started on one core, found, and ended with all that it started. Ends nothing else.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};

use crate::contestants::{Contestant, Listens, Start};
use crate::load::{LINE, Load, Served, Talk, Target};
use crate::tools::{Program, Tools, package};
use crate::{cores, kernel, pause, stop};

/// How long a server may take to answer its first client.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take to end, before it is killed.
const END: Duration = Duration::from_secs(3);
/// What Apache is asked for: a file of 14 bytes.
const GET: &[u8] = b"GET /index.html HTTP/1.0\r\n\r\n";

/// A server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) contestant: &'static Contestant,
    /// As it serves its clients.
    talk: Talk,
    child: Child,
    folder: PathBuf,
    pub(crate) target: Target,
    /// From its start to its first reply.
    pub(crate) start: Duration,
}

/// What a load did, and what it cost the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) served: Served,
    /// Nanoseconds of all the server's processes.
    pub(crate) time_used: u64,
}

impl Running {
    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// Why it is not there, in one line.
    pub(crate) fn start(
        tools: &Tools,
        contestant: &'static Contestant,
        (children, talk): (usize, Talk),
        core: usize,
    ) -> Result<Self, String> {
        let program = tools.path(contestant.program)?;
        let folder = folder(tools).map_err(|err| format!("no folder to run in: {err}"))?;
        let port = free_port().map_err(|err| format!("no free port: {err}"))?;
        let (place, benches) = (folder.to_string_lossy(), package().join("benches"));
        let start = Start {
            children,
            keeps: talk == Talk::Keep,
            port,
            folder: &place,
            benches: &benches.to_string_lossy(),
            is_root: Uid::effective().is_root(),
        };
        let mut command = Command::new(program);
        command.args(contestant.words(&start)).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("PORT", port.to_string()).env("CHILDREN", children.to_string());
        command.env("FOLDER", folder.as_os_str());
        let since = Instant::now();
        let child = cores::on(core, || stop::unheard(|| command.spawn()));
        let child = child.map_err(|err| format!("{}: {err}", contestant.name))?;
        let target = Target::Tcp(Vec::new());
        let mut running = Self { contestant, talk, child, folder, target, start: Duration::ZERO };
        let answers = pause::until(PATIENCE, || running.answers());
        running.start = since.elapsed();
        match answers {
            Some(true) => Ok(running),
            _ => Err(format!("{} did not start: {command:?}", contestant.name)),
        }
    }

    /// Whether it answers a client, or has ended; nothing as long as it may still come.
    fn answers(&mut self) -> Option<bool> {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return Some(false);
        }
        self.target = self.found()?;
        let load = self.load(1, Duration::ZERO);
        let served = load.run(&self.target).ok()?;
        (served.total > 0).then_some(true)
    }

    /// Where it listens, once all of it is there.
    fn found(&self) -> Option<Target> {
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let tcp = |count| {
            let ports = kernel::ports(self.pid(), false);
            let is_all = ports.len() == count;
            is_all.then(|| Target::Tcp(ports.into_iter().map(address).collect()))
        };
        match self.contestant.listens {
            Listens::Tcp(count) => tcp(count),
            Listens::Chosen => tcp(1),
            Listens::Udp => Some(Target::Udp(address(*kernel::ports(self.pid(), true).first()?))),
            Listens::Unix => {
                let path = self.folder.join("socket");
                path.exists().then_some(Target::Unix(path))
            }
        }
    }

    fn load(&self, clients: usize, time: Duration) -> Load {
        let message = if self.contestant.program == Program::Apache { GET } else { LINE };
        // A datagram is a request and no connection.
        let talk = if self.contestant.listens == Listens::Udp { Talk::Keep } else { self.talk };
        Load { talk, clients, message, warm_up: time / 4, time }
    }

    /// Runs a load from one core.
    ///
    /// # Errors
    /// Where the load could not be run at all.
    pub(crate) fn measure(
        &self,
        clients: usize,
        time: Duration,
        core: usize,
    ) -> io::Result<Measured> {
        let load = self.load(clients, time);
        let before = self.time_used();
        let served = cores::on(core, || load.run(&self.target))?;
        Ok(Measured { served, time_used: self.time_used().saturating_sub(before) })
    }

    fn time_used(&self) -> u64 {
        kernel::time_used(self.pid(), &self.pids())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// It and all that it started.
    pub(crate) fn pids(&self) -> Vec<u32> {
        kernel::group(self.pid())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        // Where there is no such group any more it has ended by itself.
        let _ = killpg(group, Signal::SIGTERM);
        let end = Instant::now() + END;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            pause::sleep(Duration::from_millis(1));
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
        // A few files among the temporary ones, which are removed at the end as well.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder of its own, where a server of another user may read the one file that is served.
fn folder(tools: &Tools) -> io::Result<PathBuf> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = tools.scratch.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), "Hello, world!\n")?;
    Ok(folder)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
