//! Restarts that cannot be: with a conf file that is broken (T02), or a program that is (T03). The server
//! goes on as it was, says why in one record, loses nobody, and the next restart is as good as any.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Program, Server, Signal};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::site::{REFUSED, Site, ask_one, errors, expect_motto, refuses, restart, while_called};
use super::{PERSONALITIES, tell, with_all};

/// What is done to a conf file or a program, and what the record has to tell of it.
struct Fault {
    name: &'static str,
    says: &'static [&'static str],
    make: fn(&Site),
}

const fn fault(name: &'static str, says: &'static [&'static str], make: fn(&Site)) -> Fault {
    Fault { name, says, make }
}

/// Each has its line where there is one.
const CONF: [Fault; 10] = [
    fault("syntax", &["heir.conf:3: "], |site| site.configure("log_level = 2\n= = no option\n")),
    fault("user", &["heir.conf:2: ", "no-such-user"], |site| {
        site.configure("user = no-such-user\n");
    }),
    fault("expression", &["heir.conf:2: "], |site| site.configure("allow = 127.(0.0.1\n")),
    fault("port", &["heir.conf:2: ", "in use"], |_| {}),
    fault("certificate", &["heir.conf:", "no-such.pem"], |site| {
        site.configure_all(
            "port = 127.0.0.1:0/ssl\nssl_cert_file = /no-such.pem\nssl_key_file = /no-such.pem\n",
        );
    }),
    fault("missing", &["heir.conf: cannot be read"], |_| {}),
    fault("folder", &["heir.conf: "], |site| fs::create_dir(site.conf()).unwrap()),
    fault("number", &["heir.conf:2: ", "many"], |site| site.configure("max_servers = many\n")),
    fault("10 MB", &["heir.conf: "], |site| {
        site.configure(
            &"# Nobody reads all of this, so nobody knows what it says.\n".repeat(180_000),
        );
    }),
    fault("FIFO", &["heir.conf: "], |site| {
        mkfifo(&site.conf(), Mode::S_IRWXU).unwrap();
    }),
];

/// Whatever stands there goes.
fn clear(path: &Path) {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    // It may have been the fault that there is nothing.
    drop(removed);
}

/// Sees that it serves on as it was, and has said so once.
#[track_caller]
fn goes_on(server: &Server, said: &str, fault: &Fault, what: &str) {
    for word in fault.says {
        assert!(said.contains(word), "{what}: {word:?} is not in {said:?}");
    }
    expect_motto(server, server.address(), "first", what);
}

/// Sees that a log has so many errors, each of which is of a restart that could not be.
#[track_caller]
fn expect_errors(log: &[String], count: usize, what: &str) {
    let errors = errors(log);
    assert!(errors.iter().all(|line| line.contains(REFUSED)), "{what}: {errors:#?}");
    assert_eq!(errors.len(), count, "{what}: {errors:#?}");
}

/// One server meets each of these conf files, and then a good one.
fn restarts_with(faults: &[&Fault], personality: &str) {
    let site = Site::new("motto = first\n");
    let server = site.program(personality).start();
    server.expect_log(REFUSED);
    let address = server.address();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    while_called(address, || {
        for fault in faults {
            let what = format!("{personality}, {}", fault.name);
            clear(&site.conf());
            (fault.make)(&site);
            if fault.name == "port" {
                let other = taken.local_addr().unwrap();
                site.configure(&format!("port = {other}\n"));
            }
            let said = refuses(&server);
            goes_on(&server, &said, fault, &what);
        }
        clear(&site.conf());
        site.configure("motto = second\n");
        restart(&server, 2);
        expect_motto(&server, address, "second", personality);
    });
    expect_errors(&server.stop().log, faults.len(), personality);
}

#[test]
fn with_a_broken_conf_file_the_server_goes_on_as_it_was() {
    let all: Vec<&Fault> = CONF.iter().collect();
    restarts_with(&all, "prefork");
}

#[test]
fn so_does_every_personality() {
    let some: Vec<&Fault> =
        CONF.iter().filter(|fault| ["syntax", "port", "FIFO"].contains(&fault.name)).collect();
    with_all(&["single", "fork", "prefork_simple"], |personality| {
        restarts_with(&some, personality);
    });
}

const PROGRAM: [Fault; 7] = [
    fault("deleted", &["/heir: No such file"], |site| fs::remove_file(site.path("heir")).unwrap()),
    fault("text", &["/heir: Exec format error"], |site| {
        site.install_script(
            "heir",
            "This is no program at all, nor are there any words for a shell.\n",
        );
    }),
    fault("garbage", &["/heir: Exec format error"], |site| {
        site.install_script("heir", "\u{7f}ELF\u{1}\u{2}\u{3}\u{0}");
    }),
    fault("exits 1", &["code 1"], |site| site.install_script("heir", "#!/bin/sh\nexit 1\n")),
    fault("exits 0", &["code 0"], |site| {
        site.install_script("heir", "#!/bin/sh\nexec /bin/true\n");
    }),
    fault("segfaults", &["SIGSEGV"], |site| {
        site.install_script("heir", "#!/bin/sh\nkill -SEGV $$\n");
    }),
    fault("not executable", &["/heir: Permission denied"], |site| {
        fs::set_permissions(site.path("heir"), Permissions::from_mode(0o644)).unwrap();
    }),
];

/// One server meets each of these programs in the place of its own, and then that again.
fn becomes(faults: &[&Fault], personality: &str) {
    let site = Site::new("motto = first\n");
    let server = site.copy(personality).start();
    server.expect_log(REFUSED);
    let address = server.address();
    while_called(address, || {
        for fault in faults {
            let what = format!("{personality}, {}", fault.name);
            (fault.make)(&site);
            let said = refuses(&server);
            goes_on(&server, &said, fault, &what);
            site.install("heir");
        }
        site.configure("motto = second\n");
        restart(&server, 2);
        expect_motto(&server, address, "second", personality);
    });
    expect_errors(&server.stop().log, faults.len(), personality);
}

#[test]
fn with_a_broken_program_the_server_goes_on_as_it_was() {
    let all: Vec<&Fault> = PROGRAM.iter().collect();
    becomes(&all, "prefork");
}

#[test]
fn so_does_every_personality_with_one() {
    let some: Vec<&Fault> =
        PROGRAM.iter().filter(|fault| ["deleted", "exits 0"].contains(&fault.name)).collect();
    with_all(&["single", "fork", "prefork_simple"], |personality| becomes(&some, personality));
}

/// The server takes its clients meanwhile, `single` too.
#[test]
fn an_image_that_hangs_before_it_serves_gives_way_to_the_one_before_it() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).arg("--restart_timeout=1s").start();
        server.expect_log("it has not come to serve within restart_timeout");
        let address = server.address();
        site.configure("motto = second\nfailing = hang in pre_loop_hook\n");
        let before = server.log().len();
        server.signal(Signal::SIGHUP);
        server.wait_for_log_after(before, "hook pre_loop_hook hangs");
        expect_motto(&server, address, "first", personality);
        site.configure("motto = third\n");
        server.signal(Signal::SIGHUP);
        expect_motto(&server, address, "third", personality);
        server.stop();
    });
}

#[test]
fn so_does_one_whose_children_are_never_ready() {
    with_all(&["prefork", "prefork_simple"], |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).arg("--restart_timeout=1s").start();
        server.expect_log("it has not come to serve within restart_timeout");
        server.allow_log("told to fail");
        server.allow_log("before its first connection");
        server.allow_log("left with code 1");
        let address = server.address();
        while_called(address, || {
            site.configure("motto = second\nfailing = child_init_hook\n");
            let before = server.log().len();
            server.signal(Signal::SIGHUP);
            server.wait_for_log_after(before, "generation 3 serves");
            expect_motto(&server, address, "first", personality);
        });
        server.stop();
    });
}

#[test]
fn what_a_program_has_started_in_its_trial_run_goes_with_it() {
    for personality in ["prefork", "single"] {
        let site = Site::new("motto = first\n");
        let server = site.copy(personality).start();
        server.expect_log(REFUSED);
        let address = server.address();
        site.install_script("heir", "#!/bin/sh\nsleep 1000 &\nexit 0\n");
        refuses(&server);
        server.stop();
        // It had the listener.
        TcpListener::bind(address).unwrap_or_else(|err| panic!("{personality}: {err}"));
    }
}

#[test]
fn a_program_that_hangs_is_given_10_seconds() {
    with_all(&["single", "prefork"], |personality| {
        let site = Site::new("motto = first\n");
        let server = site.copy(personality).deadline(Duration::from_secs(30)).start();
        server.expect_log(REFUSED);
        let address = server.address();
        site.install_script("heir", "#!/bin/sh\nexec sleep 600\n");
        while_called(address, || {
            let start = Instant::now();
            refuses(&server);
            let took = start.elapsed();
            tell(format_args!("{personality}: gave up after {took:.1?}"));
            assert!((9.0..15.0).contains(&took.as_secs_f64()), "{personality}: {took:?}");
            expect_motto(&server, address, "first", personality);
            // Nobody is left of it.
            server.wait_until("no child of it is left", || {
                server.alive().iter().all(|child| !runs(*child, "sleep"))
            });
            site.install("heir");
            site.configure("motto = second\n");
            restart(&server, 2);
            expect_motto(&server, address, "second", personality);
        });
        expect_errors(&server.stop().log, 1, personality);
    });
}

/// Whether the process has that name.
fn runs(process: i32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim() == name)
}

/// How a program may be named, and the name with which a shell calls it in the folder `work`.
const NAMES: [&str; 3] = ["../heir", "./../work/../heir", "heir"];

/// The program as that shell becomes it.
fn named(site: &Site, name: &str, personality: &str) -> Program {
    let work = site.path("work");
    fs::create_dir(&work).unwrap();
    let script = format!("exec {name} \"$@\"");
    let path = format!("{}:{}", site.folder().display(), std::env::var("PATH").unwrap());
    let program = site.copy(personality).under("sh", &["-c", &script]);
    program.directory(work).env("PATH", path)
}

#[test]
fn a_name_that_is_not_absolute_leads_to_the_same_program() {
    with_all(&PERSONALITIES, |personality| {
        for name in NAMES {
            let site = Site::new("motto = first\n");
            let server = named(&site, name, personality).start();
            let address = server.address();
            while_called(address, || {
                site.configure("motto = second\n");
                restart(&server, 2);
                expect_motto(&server, address, "second", name);
                // And so it does from there.
                site.configure("motto = third\n");
                restart(&server, 3);
                expect_motto(&server, address, "third", name);
            });
            server.stop();
        }
    });
}

#[test]
fn without_the_folder_that_it_was_started_in_the_server_goes_on() {
    for personality in ["prefork", "single"] {
        let site = Site::new("motto = first\n");
        let work = site.path("work");
        fs::create_dir(&work).unwrap();
        site.install("work/heir");
        let program = site.copy(personality).under("sh", &["-c", "exec ./heir \"$@\""]);
        let server = program.directory(&work).start();
        server.expect_log(REFUSED);
        let address = server.address();
        while_called(address, || {
            fs::remove_dir_all(&work).unwrap();
            refuses(&server);
            expect_motto(&server, address, "first", personality);
            fs::create_dir(&work).unwrap();
            site.install("work/heir");
            site.configure("motto = second\n");
            restart(&server, 2);
            expect_motto(&server, address, "second", personality);
        });
        expect_errors(&server.stop().log, 1, personality);
    }
}

#[test]
fn a_symbolic_link_leads_to_the_version_that_it_is_to_lead_to_now() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let (old, new) = (site.install("heir-1"), site.install("heir-2"));
        let link = site.path("current");
        symlink("heir-1", &link).unwrap();
        let server = site.configured(Program::new(&link), personality).start();
        let address = server.address();
        assert_eq!(ask_one(address, "program"), old.display().to_string());
        while_called(address, || {
            symlink("heir-2", site.path("next")).unwrap();
            fs::rename(site.path("next"), &link).unwrap();
            restart(&server, 2);
            server.wait_until("the new version serves", || {
                ask_one(address, "program") == new.display().to_string()
            });
            fs::remove_file(&old).unwrap();
            restart(&server, 3);
            assert_eq!(ask_one(address, "program"), new.display().to_string());
        });
        server.stop();
    });
}

/// What no trial can see: that it fails once it is to serve.
#[test]
fn an_image_that_fails_before_it_serves_gives_way_to_the_one_before_it() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).start();
        server.allow_log("told to fail");
        server.allow_log(REFUSED);
        let address = server.address();
        while_called(address, || {
            site.configure("motto = second\nfailing = pre_loop_hook\n");
            let before = server.log().len();
            server.signal(Signal::SIGHUP);
            server.wait_for_log_after(before, "told to fail");
            expect_motto(&server, address, "first", personality);
            site.configure("motto = third\n");
            server.signal(Signal::SIGHUP);
            expect_motto(&server, address, "third", personality);
        });
        server.stop();
    });
}
