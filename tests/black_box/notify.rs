//! What a service manager is told: when the server serves, does what HUP asks for, stops, and that it goes
//! on. All of it by the one process that was started.

use std::fs;
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use netserver::testing::{Client, DEADLINE, Program, Scratch, Server, Signal, scratch};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};

use super::{PARENTS, PERSONALITIES, actor, pause, with_all};

/// The end of a service manager.
pub(super) struct Manager {
    socket: UnixDatagram,
    /// What stands in the environment.
    name: String,
    _directory: Scratch,
}

/// One message: its lines, and the process that has sent it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pid: i32,
}

impl Manager {
    pub(super) fn at_path() -> Self {
        let directory = scratch();
        let path = directory.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self::new(socket, path.display().to_string(), directory)
    }

    fn without_path() -> Self {
        let directory = scratch();
        let name = directory.path().display().to_string();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Self::new(UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}"), directory)
    }

    fn new(socket: UnixDatagram, name: String, directory: Scratch) -> Self {
        setsockopt(&socket, sockopt::PassCred, &true).unwrap();
        Self { socket, name, _directory: directory }
    }

    /// The program as its service.
    pub(super) fn service(&self, program: Program) -> Program {
        program.env("NOTIFY_SOCKET", &self.name)
    }

    /// The next message, if one comes within `limit`.
    fn hear(&self, limit: Duration) -> Option<Word> {
        self.socket.set_read_timeout(Some(limit.max(Duration::from_millis(1)))).unwrap();
        let mut room = [0; 1000];
        let mut aside = nix::cmsg_space!(nix::libc::ucred);
        let mut into = [IoSliceMut::new(&mut room)];
        let descriptor = self.socket.as_raw_fd();
        let heard = recvmsg::<()>(descriptor, &mut into, Some(&mut aside), MsgFlags::empty());
        let heard = match heard.map_err(io::Error::from) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => return None,
            heard => heard.unwrap(),
        };
        let pid = heard.cmsgs().unwrap().find_map(|message| match message {
            ControlMessageOwned::ScmCredentials(from) => Some(from.pid()),
            _ => None,
        });
        let (length, pid) = (heard.bytes, pid.unwrap());
        let text = String::from_utf8(room[..length].to_vec()).unwrap();
        Some(Word { text, pid })
    }

    /// The next one, which must begin so and come from that process.
    #[track_caller]
    pub(super) fn expect(&self, begin: &str, pid: i32) -> Word {
        let word = self.hear(DEADLINE).unwrap_or_else(|| panic!("nothing for {begin}"));
        assert!(word.text.starts_with(begin), "{begin}: {word:?}");
        assert_eq!(word.pid, pid, "{word:?}");
        word
    }

    /// All that comes in a time.
    fn listen(&self, time: Duration) -> Vec<(Instant, Word)> {
        let end = Instant::now() + time;
        let mut all = Vec::new();
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            all.extend(self.hear(left).map(|word| (Instant::now(), word)));
        }
        all
    }

    #[track_caller]
    pub(super) fn expect_silence(&self) {
        let heard = self.listen(Duration::from_millis(100));
        assert!(heard.is_empty(), "{heard:?}");
    }
}

/// A program that is watched, and must not be silent for longer than `time`.
fn watched(program: Program, time: Duration) -> Program {
    let program = program.under("sh", &["-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\""]);
    program.env("WATCHDOG_USEC", time.as_micros().to_string())
}

fn serves(server: &Server) {
    let mut client = Client::connect(server.address());
    client.send("say hello\nquit\n");
    assert_eq!(client.rest(), b"hello\n");
}

#[test]
fn ready_once_it_serves_and_stopping_once_it_stops() {
    for personality in PERSONALITIES {
        for manager in [Manager::at_path(), Manager::without_path()] {
            let directory = scratch();
            let file = directory.join("go");
            let server = actor(&[&format!("--server_type={personality}")]).env("BEFORE", &file);
            let server = manager.service(server).start();
            // The port is bound, and nobody is served yet.
            server.wait_for_log("waits for a file");
            server.address();
            manager.expect_silence();
            fs::write(&file, "").unwrap();
            manager.expect("READY=1\nSTATUS=", server.pid());
            serves(&server);
            server.signal(Signal::SIGTERM);
            manager.expect("STOPPING=1\n", server.pid());
            server.wait().expect_code(0);
            manager.expect_silence();
        }
    }
}

#[test]
fn stopping_before_it_drains_and_not_again() {
    with_all(&PERSONALITIES, |personality| {
        let manager = Manager::at_path();
        let program = actor(&[&format!("--server_type={personality}"), "--drain_delay=1s"]);
        let server = manager.service(program).start();
        manager.expect("READY=1\n", server.pid());
        serves(&server);
        server.signal(Signal::SIGTERM);
        let begin = Instant::now();
        manager.expect("STOPPING=1\n", server.pid());
        assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
        // What is not done any more is not told either.
        server.signal(Signal::SIGHUP);
        serves(&server);
        server.wait().expect_code(0);
        manager.expect_silence();
    });
}

#[test]
fn a_start_that_fails_is_never_ready() {
    let manager = Manager::at_path();
    let program = manager.service(actor(&[])).env("FAIL", "pre_loop_hook");
    program.run().expect_code(1);
    manager.expect_silence();
}

#[test]
fn reloading_and_ready_at_hup() {
    for personality in PARENTS {
        let manager = Manager::at_path();
        let program = actor(&[&format!("--server_type={personality}")]);
        let server = manager.service(program).start();
        manager.expect("READY=1\n", server.pid());
        for _ in 0..2 {
            server.signal(Signal::SIGHUP);
            let word = manager.expect("RELOADING=1\nMONOTONIC_USEC=", server.pid());
            let time = word.text.trim_end().rsplit_once('=').unwrap().1;
            assert!(time.parse::<u64>().unwrap() > 0, "{word:?}");
            manager.expect("READY=1\n", server.pid());
        }
        manager.expect_silence();
        serves(&server);
        server.signal(Signal::SIGTERM);
        manager.expect("STOPPING=1\n", server.pid());
        server.wait().expect_code(0);
    }
}

#[test]
fn at_least_twice_in_its_time_it_says_that_it_goes_on() {
    const TIME: Duration = Duration::from_millis(800);
    with_all(&PERSONALITIES, |personality| {
        let manager = Manager::at_path();
        let program = actor(&[&format!("--server_type={personality}")]);
        let server = watched(manager.service(program), TIME).start();
        manager.expect("READY=1\n", server.pid());
        let mut last = Instant::now();
        // First nobody comes, then somebody all the time.
        let idle = manager.listen(TIME * 4);
        let busy = std::thread::scope(|scope| {
            let heard = scope.spawn(|| manager.listen(TIME * 4));
            while !heard.is_finished() {
                serves(&server);
            }
            heard.join().unwrap()
        });
        for heard in [&idle, &busy] {
            // Eight are in time; fewer are where the machine is slow, and more would be at every turn.
            assert!((5..=10).contains(&heard.len()), "{personality}: {heard:#?}");
        }
        for (at, word) in idle.iter().chain(&busy) {
            assert_eq!(*word, Word { text: "WATCHDOG=1\n".into(), pid: server.pid() });
            assert!(at.duration_since(last) < TIME, "{personality}");
            last = *at;
        }
        server.signal(Signal::SIGTERM);
        while manager.hear(DEADLINE).unwrap().text == "WATCHDOG=1\n" {}
        server.wait().expect_code(0);
    });
}

#[test]
fn who_hangs_is_not_alive() {
    const TIME: Duration = Duration::from_millis(400);
    // The one process of `single`.
    let manager = Manager::at_path();
    let server = watched(manager.service(actor(&["--server_type=single"])), TIME).start();
    manager.expect("READY=1\n", server.pid());
    let mut client = Client::connect(server.address());
    client.send("spin 2\nquit\n");
    let heard = manager.listen(Duration::from_secs(1));
    assert!(heard.len() < 2, "{heard:?}");
    client.rest();
    manager.expect("WATCHDOG=1\n", server.pid());
    server.stop();
    // A parent whose hook does not return, though its children serve.
    let manager = Manager::at_path();
    let directory = scratch();
    let file = directory.join("go");
    let program = actor(&["--server_type=fork"]).env("HOLD", &file);
    let server = watched(manager.service(program), TIME).start();
    manager.expect("READY=1\n", server.pid());
    let client = Client::connect(server.address());
    server.wait_for_log("waits for a file");
    manager.listen(Duration::from_millis(50));
    assert_eq!(manager.listen(TIME * 2), []);
    fs::write(&file, "").unwrap();
    manager.expect("WATCHDOG=1\n", server.pid());
    drop(client);
    server.stop();
}

#[test]
fn the_watchdog_of_another_process_is_left() {
    for personality in ["single", "prefork"] {
        let manager = Manager::at_path();
        let program = actor(&[&format!("--server_type={personality}")]);
        let program = program.env("WATCHDOG_USEC", "100000").env("WATCHDOG_PID", "1");
        let server = manager.service(program).start();
        manager.expect("READY=1\n", server.pid());
        manager.expect_silence();
        server.stop();
    }
}

#[test]
fn no_child_has_the_socket() {
    for personality in PARENTS {
        let manager = Manager::at_path();
        let program = actor(&[&format!("--server_type={personality}")]);
        let server = manager.service(program).start();
        manager.expect("READY=1\n", server.pid());
        let sockets = |pid: &str| {
            let descriptors = server.descriptors(pid.parse().unwrap());
            descriptors.iter().filter(|(_, target)| target.starts_with("socket:")).count()
        };
        let mut client = Client::connect(server.address());
        client.send("pid\n");
        let child = client.line();
        // Its listener, but in `fork`, and its client.
        assert_eq!(sockets(&child), if personality == "fork" { 1 } else { 2 }, "{personality}");
        // The parent has its listener and the socket.
        assert_eq!(sockets(&server.pid().to_string()), 2, "{personality}");
        client.send("run env\nquit\n");
        let said = String::from_utf8(client.rest()).unwrap();
        assert!(!said.contains("NOTIFY_SOCKET"), "{said}");
        server.stop();
    }
}

#[test]
fn a_manager_that_is_not_there_or_does_not_listen_keeps_nobody_from_serving() {
    let directory = scratch();
    let path = directory.join("nobody");
    for name in [path.display().to_string(), "@netserver-nobody".into(), "nonsense".into()] {
        let server = actor(&[]).env("NOTIFY_SOCKET", &name).start();
        server.expect_log(&format!("cannot reach the service manager at NOTIFY_SOCKET={name}: "));
        serves(&server);
        server.stop();
    }
    // It goes away, and comes back.
    let manager = Manager::at_path();
    let server = manager.service(actor(&[])).start();
    manager.expect("READY=1\n", server.pid());
    let name = manager.name.clone();
    drop(manager.socket);
    fs::remove_file(&name).unwrap();
    server.signal(Signal::SIGHUP);
    server.expect_log("cannot tell the service manager how the server is: ");
    // Nor can the next image.
    server.expect_log("cannot reach the service manager at NOTIFY_SOCKET=");
    server.wait_for_log("cannot tell the service manager");
    server.wait_for_log("restarted as generation 2");
    let socket = UnixDatagram::bind(&name).unwrap();
    let again = Manager::new(socket, name, scratch());
    server.signal(Signal::SIGHUP);
    // It may have said something of the first one, too.
    while !again.hear(DEADLINE).unwrap().text.starts_with("RELOADING=1\n") {}
    again.expect("READY=1\n", server.pid());
    server.stop();
}

#[test]
fn a_manager_with_no_time_is_waited_for_a_second() {
    let manager = Manager::at_path();
    let other = UnixDatagram::unbound().unwrap();
    other.connect(&manager.name).unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send(b"STATUS=of another service").is_ok() {}
    let server = manager.service(actor(&[])).start();
    server.expect_log("cannot tell the service manager how the server is: ");
    server.wait_for_log("cannot tell the service manager");
    serves(&server);
    // There is room again.
    while manager.hear(Duration::from_millis(1)).is_some() {}
    pause(Duration::from_millis(1));
    server.signal(Signal::SIGTERM);
    manager.expect("STOPPING=1\n", server.pid());
    server.wait().expect_code(0);
}
