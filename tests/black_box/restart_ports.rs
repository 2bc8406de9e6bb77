//! What a restart does with ports, files and children, when the conf file is another one or says that it is
//! to be done otherwise; and who hears of it.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use netserver::testing::{Client, DEADLINE, Server, Signal};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::notify::Manager;
use super::site::{
    REFUSED, Site, ask_one, expect_motto, port_lines, refuses, restart, wait_for_generation,
    while_called,
};
use super::{PARENTS, PERSONALITIES, with_all};

/// A port that is free, and that nobody else is given: below those that the kernel chooses, which may be any
/// other test's a moment later.
pub(super) fn free() -> SocketAddr {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let from = std::process::id().wrapping_mul(97);
    let mut tries = (0..COUNT).map(|_| from.wrapping_add(NEXT.fetch_add(1, Relaxed)) % COUNT);
    let port = tries.find_map(|at| {
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(FIRST + at).unwrap()));
        TcpListener::bind(address).ok().map(|_| address)
    });
    port.unwrap()
}

fn ports(ports: &[SocketAddr], motto: &str) -> String {
    format!("{}motto = {motto}\n", port_lines(ports))
}

fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err_and(|err| err.kind() == ErrorKind::ConnectionRefused)
}

/// Connected, with a request that is whole; nobody has to have taken it.
fn asks(address: SocketAddr, request: &str) -> Client {
    let mut client = Client::connect(address);
    client.set_patience(DEADLINE);
    client.send(request);
    client
}

#[test]
fn a_port_more_is_served_and_nobody_is_refused_at_the_others() {
    with_all(&PERSONALITIES, |personality| {
        let (one, other) = (free(), free());
        let site = Site::new("");
        site.configure_all(&ports(&[one], "first"));
        let server = site.program(personality).start();
        expect_motto(&server, server.address(), "first", personality);
        while_called(one, || {
            site.configure_all(&ports(&[one, other], "second"));
            restart(&server, 2);
            while_called(other, || {
                expect_motto(&server, other, "second", personality);
                expect_motto(&server, one, "second", personality);
                site.configure_all(&ports(&[other, one], "third"));
                restart(&server, 3);
                expect_motto(&server, one, "third", personality);
            });
        });
        server.stop();
    });
}

#[test]
fn who_waits_at_a_port_that_goes_is_served_and_who_comes_later_is_refused() {
    with_all(&PERSONALITIES, |personality| {
        let (one, other) = (free(), free());
        let site = Site::new("");
        site.configure_all(&ports(&[one, other], "first"));
        let size: &[&str] = match personality {
            "prefork" => &["--max_servers=1", "--min_servers=1"],
            "single" => &[],
            _ => &["--max_servers=1"],
        };
        let server = site.program(personality).args(size).start();
        expect_motto(&server, server.address(), "first", personality);
        // While the only one who could take them is busy, they wait.
        let mut busy = asks(one, "say begun\ntake 1\nsay done\nquit\n");
        assert_eq!(busy.line(), "begun");
        let mut waiting: Vec<Client> = (0..5).map(|_| asks(other, "say x\nquit\n")).collect();
        site.configure_all(&ports(&[one], "second"));
        server.signal(Signal::SIGHUP);
        for client in &mut waiting {
            assert_eq!(client.rest(), b"x\n", "{personality}");
        }
        assert_eq!(busy.rest(), b"done\n", "{personality}");
        server.wait_for_log(&format!("No longer listening on {other}"));
        wait_for_generation(&server, 2);
        server.wait_until("it is refused", || is_refused(other));
        expect_motto(&server, one, "second", personality);
        server.stop();
    });
}

fn ask_unix(path: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn the_file_of_a_socket_stays_with_its_port() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("");
        let (kept, gone, new) = (site.path("kept"), site.path("gone"), site.path("new"));
        let conf = |paths: [&Path; 2]| {
            let [one, other] = paths.map(Path::display);
            site.configure(&format!("port = {one}|unix\nport = {other}|unix\n"));
        };
        conf([&kept, &gone]);
        let server = site.program(personality).start();
        expect_motto(&server, server.address(), "none", personality);
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let before = inode(&kept);
        for generation in 2..4 {
            conf([&kept, &new]);
            restart(&server, generation);
            server.wait_until("the file of no port is gone", || !gone.exists());
            assert_eq!(inode(&kept), before, "{personality}");
            for path in [&kept, &new] {
                assert_eq!(ask_unix(path, "say x\nquit\n"), "x\n", "{personality}");
            }
        }
        server.stop();
        for path in [&kept, &new] {
            assert!(!path.exists(), "{personality} has left {}", path.display());
        }
    });
}

/// Somebody else's file in the place of one that goes is not the server's.
#[test]
fn the_file_of_somebody_else_is_left_where_a_port_goes() {
    let site = Site::new("");
    let path = site.path("gone");
    site.configure(&format!("port = {}|unix\n", path.display()));
    let server = site.program("prefork").start();
    expect_motto(&server, server.address(), "none", "before");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    site.configure("");
    server.allow_log("gone");
    restart(&server, 2);
    expect_motto(&server, server.address(), "none", "after");
    server.stop();
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

fn is_locked(path: &Path) -> bool {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut lock = libc::flock {
        l_type: i16::try_from(libc::F_WRLCK).unwrap(),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock)).unwrap();
    i32::from(lock.l_type) != libc::F_UNLCK
}

#[test]
fn the_pid_file_is_the_servers_all_the_time_and_goes_where_it_is_to_be() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("");
        let (one, other) = (site.path("pid"), site.path("other"));
        let conf = |path: &Path| site.configure(&format!("pid_file = {}\n", path.display()));
        conf(&one);
        let server = site.program(personality).start();
        expect_motto(&server, server.address(), "none", personality);
        let content = format!("{}\n", server.pid());
        let is_held = |path: &Path| {
            fs::read_to_string(path).is_ok_and(|text| text == content) && is_locked(path)
        };
        let inode = fs::metadata(&one).unwrap().ino();
        for generation in 2..4 {
            server.signal(Signal::SIGHUP);
            let line = format!("generation {generation} serves");
            server.wait_until(line.clone(), || {
                assert!(is_held(&one), "{personality}: at every moment");
                server.log().iter().any(|said| said.contains(&line))
            });
            assert!(is_held(&one), "{personality}");
            assert_eq!(fs::metadata(&one).unwrap().ino(), inode, "{personality}");
        }
        conf(&other);
        restart(&server, 4);
        server.wait_until("it has moved", || !one.exists() && other.exists());
        assert!(is_held(&other), "{personality}");
        restart(&server, 5);
        assert!(is_held(&other), "{personality}");
        server.stop();
        assert!(!one.exists() && !other.exists(), "{personality}");
    });
}

#[test]
fn a_port_that_the_system_has_chosen_stays_and_the_port_file_tells_all() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("");
        let file = site.path("ports");
        let conf = |more: &str| {
            let all = format!("port_file = {}\nport = 127.0.0.1:0\n{more}", file.display());
            site.configure(&all);
        };
        let told = || -> Vec<SocketAddr> {
            let text = fs::read_to_string(&file).unwrap_or_default();
            text.lines().filter_map(|line| line.strip_suffix("/tcp")?.parse().ok()).collect()
        };
        conf("motto = first\n");
        let server = site.program(personality).start();
        let before = server.addresses(2);
        server.wait_until("the file is there", || told() == before);
        conf("motto = second\n");
        restart(&server, 2);
        assert_eq!(told(), before, "{personality}");
        for address in &before {
            expect_motto(&server, *address, "second", personality);
        }
        let more = free();
        conf(&format!("port = {more}\nmotto = third\n"));
        restart(&server, 3);
        assert_eq!(told(), [&before[..], &[more]].concat(), "{personality}");
        expect_motto(&server, more, "third", personality);
        conf("motto = fourth\n");
        restart(&server, 4);
        assert_eq!(told(), before, "{personality}");
        server.stop();
    });
}

/// The position of the first line from there on that has the text.
#[track_caller]
fn position(log: &[String], from: usize, text: &str) -> usize {
    let found = log.iter().skip(from).position(|line| line.contains(text));
    from + found.unwrap_or_else(|| panic!("no {text:?} from line {from} on: {log:#?}"))
}

#[test]
fn each_hook_of_a_restart_comes_once_in_its_place() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("");
        let server = site.program(personality).start();
        expect_motto(&server, server.address(), "none", personality);
        // In `fork` there would be no child else.
        let busy = (personality != "single").then(|| {
            let mut client = asks(server.address(), "say begun\n");
            assert_eq!(client.line(), "begun");
            client
        });
        let lines = server.log().len();
        restart(&server, 2);
        drop(busy);
        let last = "hook post_child_cleanup_hook";
        // Where there are no children it comes at the end alone.
        let last = if personality == "single" { "generation 2 serves" } else { last };
        server.wait_for_log_after(lines, last);
        let log = server.log();
        let mut at = lines;
        for text in [
            "HUP: trial run of ",
            "hook restart_close_hook",
            "HUP: restarting as generation 2",
            "hook restart_open_hook",
            "Taking over 127.0.0.1:",
            "hook pre_loop_hook",
            "generation 2 serves",
            last,
        ] {
            at = position(&log, at, text);
        }
        for text in ["hook restart_close_hook", "hook restart_open_hook", last] {
            let count = log.iter().filter(|line| line.contains(text)).count();
            assert_eq!(count, 1, "{personality}, {text}: {log:#?}");
        }
        server.stop();
    });
}

#[test]
fn an_error_of_restart_close_hook_keeps_the_server_as_it_is() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\nfailing = restart_close_hook\n");
        let server = site.program(personality).start();
        server.expect_log("told to fail");
        server.expect_log(REFUSED);
        let address = server.address();
        while_called(address, || {
            expect_motto(&server, address, "first", personality);
            site.configure("motto = second\n");
            assert_eq!(refuses(&server), "restart_close_hook has failed", "{personality}");
            expect_motto(&server, address, "first", personality);
        });
        let log = server.stop().log;
        let errors = log.iter().filter(|line| line.contains("] error: ")).count();
        assert_eq!(errors, 1, "{personality}: {log:#?}");
    });
}

const TIMES: [&str; 2] = ["--graceful_timeout=1s", "--kill_timeout=500ms"];

#[test]
fn children_may_finish_where_they_are_left_to() {
    with_all(&PARENTS, |personality| {
        let site = Site::new("leave_children_open_on_hup\nmotto = first\n");
        let server = site.program(personality).args(TIMES).start();
        let address = server.address();
        let mut busy = asks(address, "say begun\n");
        assert_eq!(busy.line(), "begun");
        site.configure("leave_children_open_on_hup\nmotto = second\n");
        let start = Instant::now();
        restart(&server, 2);
        expect_motto(&server, address, "second", personality);
        // Longer than any other has.
        busy.send("take 3\nmotto\n");
        assert_eq!(busy.line(), "first", "{personality}");
        assert!(start.elapsed() > Duration::from_secs(3), "{personality}");
        let log = server.log();
        assert!(!log.iter().any(|line| line.contains("hook post_child_cleanup_hook")));
        busy.send("quit\n");
        assert_eq!(busy.rest(), b"", "{personality}");
        server.wait_for_log("hook post_child_cleanup_hook");
        server.stop();
    });
}

#[test]
fn a_child_that_overstays_is_cut_and_one_that_hangs_is_killed() {
    with_all(&PARENTS, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).args(TIMES).start();
        for said in ["killed by SIGKILL", "SIGINT", "SIGKILL"] {
            server.allow_log(said);
        }
        let address = server.address();
        let (mut idle, mut hanging) = (asks(address, "pid\n"), asks(address, "pid\n"));
        idle.line();
        // It ends by nothing that it could hear of.
        server.signal_child(hanging.line().parse().unwrap(), Signal::SIGSTOP);
        site.configure("motto = second\n");
        let start = Instant::now();
        restart(&server, 2);
        // By its end or by a reset.
        assert_eq!(idle.try_rest().unwrap_or_default(), b"", "{personality}");
        let cut = start.elapsed();
        assert!(
            cut > Duration::from_millis(900),
            "{personality}: it had its time, and not {cut:?}"
        );
        assert_eq!(hanging.try_rest().unwrap_or_default(), b"", "{personality}");
        let killed = start.elapsed();
        assert!(killed > Duration::from_millis(1400), "{personality}: {killed:?}");
        assert!(killed < Duration::from_secs(5), "{personality}: {killed:?}");
        server.wait_for_log("hook post_child_cleanup_hook");
        expect_motto(&server, address, "second", personality);
        server.stop();
    });
}

fn pid_of(address: SocketAddr) -> String {
    ask_one(address, "pid")
}

#[test]
fn hup_renews_children_alone_where_that_is_what_it_is_to_do() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).arg("--hup=children").start();
        let address = server.address();
        expect_motto(&server, address, "first", personality);
        let before = pid_of(address);
        site.configure("motto = second\n");
        while_called(address, || {
            let lines = server.log().len();
            server.signal(Signal::SIGHUP);
            server.wait_for_log_after(lines, "HUP");
            server.wait_until("its children are others", || {
                (pid_of(address) == before) == (personality == "single")
            });
        });
        assert_eq!(ask_one(address, "motto"), "first", "{personality}");
        let log = server.stop().log;
        assert!(!log.iter().any(|line| line.contains("trial run")), "{personality}: {log:#?}");
    });
}

#[test]
fn hup_does_nothing_where_that_is_what_it_is_to_do() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).arg("--hup=ignore").start();
        let address = server.address();
        expect_motto(&server, address, "first", personality);
        let (before, children) = (server.log().len(), server.alive());
        site.configure("motto = second\n");
        for _ in 0..5 {
            server.signal(Signal::SIGHUP);
        }
        // It has been looked at when the one that comes after it was.
        server.signal(Signal::SIGUSR1);
        while_called(address, || {
            assert_eq!(ask_one(address, "motto"), "first", "{personality}");
        });
        if personality.starts_with("prefork") {
            let alive = server.alive();
            assert!(children.iter().all(|child| alive.contains(child)), "{personality}");
        }
        let log = server.log();
        assert!(!log.iter().skip(before).any(|line| line.contains("renewed")), "{log:#?}");
        assert!(!log.iter().any(|line| line.contains("trial run")), "{log:#?}");
        server.stop();
    });
}

#[test]
fn a_service_manager_hears_of_each_restart() {
    for personality in PERSONALITIES {
        let manager = Manager::at_path();
        let site = Site::new("motto = first\n");
        let server = manager.service(site.program(personality)).start();
        let begun = manager.expect("READY=1\n", server.pid());
        assert!(!begun.text.contains("MAINPID"), "{begun:?}");
        for generation in 2..4 {
            server.signal(Signal::SIGHUP);
            let word = manager.expect("RELOADING=1\nMONOTONIC_USEC=", server.pid());
            let time = word.text.split_once("USEC=").unwrap().1;
            let time: u64 = time.lines().next().unwrap().parse().unwrap();
            assert!(time > 0, "{word:?}");
            let ready = manager.expect("READY=1\n", server.pid());
            assert!(!ready.text.contains("MAINPID"), "{ready:?}");
            wait_for_generation(&server, generation);
        }
        manager.expect_silence();
        expect_motto(&server, server.address(), "first", personality);
        // One that cannot be is over, too: the service is as ready as it was.
        server.expect_log("cannot restart");
        fs::remove_file(site.conf()).unwrap();
        server.signal(Signal::SIGHUP);
        manager.expect("RELOADING=1\nMONOTONIC_USEC=", server.pid());
        manager.expect("READY=1\n", server.pid());
        manager.expect_silence();
        stops(server, &manager);
    }
}

fn stops(server: Server, manager: &Manager) {
    server.signal(Signal::SIGTERM);
    manager.expect("STOPPING=1\n", server.pid());
    server.wait().expect_code(0);
}
