//! One server after another at the same places: a port, the path of a socket and a pid file (T09). In full
//! with `STARTS=50`, which is how often each kind of server stops and starts; each start is timed then, and
//! wants a machine that has nothing else to do.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use netserver::testing::{Client, DEADLINE, Program, Scratch, Server, Signal, scratch, wait_until};

use super::daemons::{expect_served, is_gone};
use super::{PARENTS, PERSONALITIES, callers, extent, pause, program, tell, with_all};

/// How long the next server may take until it serves. A bind that fails is not tried again: it ends the start.
const SOON: Duration = Duration::from_secs(1);
/// How long children may hold a port of their parent's, once that was killed.
const FREE: Duration = Duration::from_secs(3);

fn starts() -> usize {
    extent("STARTS", 8)
}

/// Whether every start is timed, and not only the shortest.
fn in_full() -> bool {
    std::env::var_os("STARTS").is_some()
}

/// Where each server of a test is to be.
struct Places {
    folder: Scratch,
    personality: String,
    /// An address that no other test has, so that no client elsewhere is given a port of it.
    host: IpAddr,
    /// The port that the first one was given.
    port: u16,
}

impl Places {
    /// `test`: a number of its own.
    fn new(test: u8, personality: &str) -> Self {
        let kind = PERSONALITIES.iter().position(|one| *one == personality).unwrap();
        let number = 10 * test + u8::try_from(kind).unwrap();
        let [.., third, last] = std::process::id().to_be_bytes();
        let host = Ipv4Addr::new(127, 100 + number, third, last.clamp(1, 254));
        Self { folder: scratch(), personality: personality.into(), host: host.into(), port: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    fn port(&self) -> String {
        format!("--port={}:{}", self.host, self.port)
    }

    fn socket(&self) -> String {
        format!("--port={}|unix", self.path().display())
    }

    fn pid(&self) -> String {
        format!("--pid_file={}", self.pid_file().display())
    }

    fn program(&self) -> Program {
        program!("actor").arg(format!("--server_type={}", self.personality))
    }

    /// Starts a server at all of them, and sees it serve. Hands on how long that took.
    #[track_caller]
    fn start(&mut self) -> (Server, Duration) {
        let begin = Instant::now();
        let all = [self.port(), self.socket(), self.pid()];
        let server = self.program().args(all).args(["--log_level=3"]).start();
        let address = server.address();
        assert!(self.port == 0 || address.port() == self.port, "{address}");
        self.port = address.port();
        expect_served(address);
        self.expect_served_by_path();
        let took = begin.elapsed();
        assert!(took <= SOON || !in_full(), "{}: {took:?}", self.personality);
        let pid = fs::read_to_string(self.pid_file()).unwrap();
        assert_eq!(pid, format!("{}\n", server.pid()));
        (server, took)
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    #[track_caller]
    fn expect_served_by_path(&self) {
        let mut stream = UnixStream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"say hello\nquit\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert_eq!(said, "hello\n");
    }

    #[track_caller]
    fn expect_nothing_left(&self) {
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{}: {left:?}", self.personality);
    }
}

#[test]
fn it_binds_at_once_after_each_stop() {
    with_all(&PERSONALITIES, |personality| {
        let mut places = Places::new(1, personality);
        let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
        for round in 0..starts() {
            let (server, took) = places.start();
            (shortest, longest) = (shortest.min(took), longest.max(took));
            // Some clients that are served to the end: the server closes first, and the kernel remembers.
            callers(places.address()).connections(20).clients(4).run().expect_all_right();
            // One that is cut, in every other round.
            let mut client = Client::connect(places.address());
            client.send("now begun\n");
            assert_eq!(client.line(), "begun");
            if round % 2 == 0 {
                server.stop_with(Signal::SIGINT).expect_code(0);
            } else {
                client.send("quit\n");
                server.stop();
            }
            places.expect_nothing_left();
        }
        assert!(shortest <= SOON, "{personality}: {shortest:?}");
        tell(format_args!("{personality}: {shortest:.1?} to {longest:.1?} until it serves"));
    });
}

/// Starts that fail, one for each place that is taken, while `first` serves.
fn start_seconds(places: &Places) {
    let other = scratch();
    let (path, pid) = (other.join("socket"), other.join("pid"));
    let free = format!("--port={}|unix", path.display());
    let own_pid = format!("--pid_file={}", pid.display());
    let taken = [
        ([free.clone(), places.port(), own_pid.clone()], "Address already in use"),
        ([free.clone(), places.socket(), own_pid], "Address already in use"),
        ([free, "--host=127.0.0.1".into(), places.pid()], "a server runs already"),
    ];
    for (arguments, why) in taken {
        let failed = places.program().args(&arguments).run().expect_code(1);
        assert!(failed.stderr().contains(why), "{arguments:?}: {}", failed.stderr());
        assert!(!path.exists() && !pid.exists(), "{arguments:?} leaves something behind");
    }
}

#[test]
fn a_second_server_at_any_of_them_fails_and_the_first_does_not_notice() {
    with_all(&PERSONALITIES, |personality| {
        let mut places = Places::new(2, personality);
        let (server, _) = places.start();
        let places = &places;
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let comers = scope.spawn(|| {
                let mut rounds = 0;
                while !over.load(Relaxed) {
                    callers(places.address()).connections(50).clients(2).run().expect_all_right();
                    rounds += 1;
                }
                rounds
            });
            let others = scope.spawn(|| {
                while !over.load(Relaxed) {
                    places.expect_served_by_path();
                    pause(Duration::from_millis(2));
                }
            });
            let tries =
                scope.spawn(|| (0..starts().div_ceil(2)).for_each(|_| start_seconds(places)));
            let tries = tries.join();
            over.store(true, Relaxed);
            assert!(comers.join().unwrap() > 0);
            others.join().unwrap();
            tries.unwrap();
        });
        assert_eq!(
            fs::read_to_string(places.pid_file()).unwrap(),
            format!("{}\n", server.pid()),
            "{personality}"
        );
        server.stop();
        places.expect_nothing_left();
    });
}

#[test]
fn what_a_server_that_was_killed_has_left_keeps_no_other_from_starting() {
    with_all(&PERSONALITIES, |personality| {
        let mut places = Places::new(3, personality);
        for _ in 0..starts().div_ceil(3) {
            let (server, _) = places.start();
            let killed = server.pid();
            // Of children one is busy, and outlives its parent.
            let mut busy = Client::connect(places.address());
            busy.send("pid\n");
            let child: i32 = busy.line().parse().unwrap();
            server.signal(Signal::SIGKILL);
            server.wait_until("it has ended", || is_gone(killed));
            assert!(places.path().exists() && places.pid_file().exists());
            let since = Instant::now();
            server.wait_until("its children have let go of the port", || {
                TcpListener::bind(places.address()).is_ok()
            });
            server.wait_until("and of the socket", || UnixStream::connect(places.path()).is_err());
            assert!(since.elapsed() <= FREE, "{personality}: {:?}", since.elapsed());
            let (next, _) = places.start();
            next.wait_for_log("Removing the socket file");
            if PARENTS.contains(&personality) {
                assert!(!is_gone(child), "{personality}");
                busy.send("say finished\nquit\n");
                assert_eq!(busy.rest(), b"finished\n", "{personality}");
                wait_until("the busy child is gone", || is_gone(child));
            }
            drop(server.wait().expect_signal(Signal::SIGKILL));
            next.stop();
            places.expect_nothing_left();
        }
    });
}
