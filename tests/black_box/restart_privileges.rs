//! Restarts of a server that has given up what it began with (T05): root, and the folder above all others.
//! Only root can show it: elsewhere these tests are skipped.

use std::net::{SocketAddr, TcpListener};

use netserver::testing::{Server, Signal, scratch};

use super::privileges::setpriv;
use super::site::{
    REFUSED, Site, ask, errors, expect_motto, port_lines, refuses, restart, while_called,
};
use super::{PARENTS, with_all};

/// Each with which a server becomes somebody else.
const SOME: [&str; 3] = ["single", "fork", "prefork"];

const USER: &str = "user = www-data\ngroup = www-data\n";

/// Whether it is anybody's right to bind any port here.
fn ports_are_free() -> bool {
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    first.trim() == "0"
}

/// A port that root alone may bind, at an address of loopback that one test has for itself.
fn low_port(last: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 5, last], 80))
}

#[track_caller]
fn serves(address: SocketAddr, motto: &str) {
    assert_eq!(ask(address, &["motto"]), [motto]);
}

/// What the conf file of before was is in memory then, and is held to what a conf file may be.
#[test]
fn a_strict_server_that_stays_root_goes_back_to_the_image_before() {
    if setpriv().is_none() {
        return;
    }
    let site = Site::new("motto = first\n");
    let server = site.program("prefork").args(["--user=root", "--strict"]).start();
    server.expect_log("told to fail");
    let address = server.address();
    site.configure("motto = second\nfailing = pre_loop_hook\n");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("generation 3 serves");
    expect_motto(&server, address, "first", "prefork");
    server.stop();
}

/// The user of every process of the server.
fn users(server: &Server) -> Vec<String> {
    let user = |pid: &i32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().find_map(|line| Some(line.strip_prefix("Uid:")?.trim().to_owned()))
    };
    [server.pid()].iter().chain(&server.alive()).filter_map(user).collect()
}

#[test]
fn a_low_port_is_served_on_by_whoever_could_not_bind_it() {
    if setpriv().is_none() {
        return;
    }
    for personality in SOME {
        let port = low_port(1);
        let conf = |motto: &str| format!("port = {port}\n{USER}motto = {motto}\n");
        let site = Site::new("");
        site.configure_all(&conf("first"));
        let server = site.program(personality).start();
        server.allow_log("rights that the start has");
        let address = server.address();
        assert_eq!(address, port);
        expect_motto(&server, address, "first", personality);
        let before = users(&server);
        while_called(address, || {
            for (generation, motto) in [(2, "second"), (3, "third")] {
                site.configure_all(&conf(motto));
                restart(&server, generation);
                expect_motto(&server, address, motto, personality);
            }
        });
        // Nobody is root again.
        let after = users(&server);
        assert!(after.iter().all(|user| before.contains(user)), "{personality}: {after:?}");
        server.stop();
    }
}

#[test]
fn a_low_port_more_is_refused_and_the_server_goes_on() {
    if setpriv().is_none() || ports_are_free() {
        return;
    }
    for personality in SOME {
        let (one, other) = (low_port(2), low_port(3));
        let conf = |ports: &[SocketAddr], motto: &str| {
            format!("{}{USER}motto = {motto}\n", port_lines(ports))
        };
        let site = Site::new("");
        site.configure_all(&conf(&[one], "first"));
        let server = site.program(personality).start();
        server.expect_log(REFUSED);
        server.wait_for_log("Binding to TCP port 80");
        while_called(one, || {
            site.configure_all(&conf(&[one, other], "second"));
            let said = refuses(&server);
            assert!(said.contains(&other.to_string()), "{personality}: {said}");
            expect_motto(&server, one, "first", personality);
            assert!(TcpListener::bind(other).is_ok(), "{personality}");
            site.configure_all(&conf(&[one], "third"));
            restart(&server, 2);
            expect_motto(&server, one, "third", personality);
        });
        let log = server.stop().log;
        assert_eq!(errors(&log).len(), 1, "{personality}: {log:#?}");
    }
}

#[test]
fn in_a_jail_children_are_renewed_and_the_log_is_opened_anew() {
    if setpriv().is_none() {
        return;
    }
    with_all(&SOME, |personality| {
        let (site, jail) = (Site::new(""), scratch());
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(jail.path(), open).unwrap();
        let jailed = format!("{USER}chroot = {}\nmotto = first\n", jail.path().display());
        site.configure(&jailed);
        let server = site.program(personality).start();
        let address = server.address();
        expect_motto(&server, address, "first", personality);
        while_called(address, || {
            for _ in 0..3 {
                let (lines, before) = (server.log().len(), ask(address, &["pid"]));
                server.signal(Signal::SIGHUP);
                let said = server.wait_for_log_after(lines, "HUP");
                assert!(said.contains("the log is opened anew"), "{personality}: {said}");
                expect_motto(&server, address, "first", personality);
                if personality != "single" {
                    server.wait_until("all are others", || ask(address, &["pid"]) != before);
                }
                let log = server.log();
                let of_it: Vec<_> =
                    log.iter().skip(lines).filter(|line| line.contains("HUP")).collect();
                assert_eq!(of_it.len(), 1, "{personality}: {of_it:#?}");
            }
        });
        serves(address, "first");
        let log = server.stop().log;
        assert_eq!(errors(&log).len(), 0, "{personality}: {log:#?}");
    });
}

/// Its log is outside of the jail, where root has opened it.
#[test]
fn in_a_jail_the_log_that_was_moved_away_is_opened_anew() {
    if setpriv().is_none() {
        return;
    }
    for personality in PARENTS {
        let (site, jail, logs) = (Site::new(""), scratch(), scratch());
        for folder in [jail.path(), logs.path()] {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder, open).unwrap();
        }
        let user = nix::unistd::User::from_name("www-data").unwrap().unwrap();
        nix::unistd::chown(logs.path(), Some(user.uid), Some(user.gid)).unwrap();
        let log = logs.join("log");
        site.configure(&format!(
            "{USER}chroot = {}\nlog_file = {}\nport_file = {}\nmotto = first\n",
            jail.path().display(),
            log.display(),
            site.path("ports").display()
        ));
        let server = site.program(personality).start();
        let ports = site.path("ports");
        server.wait_until("it is bound", || ports.exists());
        let port = std::fs::read_to_string(&ports).unwrap();
        let address: SocketAddr = port.trim().trim_end_matches("/tcp").parse().unwrap();
        expect_motto(&server, address, "first", personality);
        while_called(address, || {
            std::fs::rename(&log, logs.join("log.1")).unwrap();
            server.signal(Signal::SIGHUP);
            server.wait_until("there is a new log", || log.exists());
            expect_motto(&server, address, "first", personality);
        });
        server.stop();
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(said.contains("server closing"), "{personality}: {said}");
        let all = std::fs::read_to_string(logs.join("log.1")).unwrap() + &said;
        let all: Vec<String> = all.lines().map(str::to_owned).collect();
        assert_eq!(errors(&all).len(), 0, "{personality}: {all:#?}");
    }
}
