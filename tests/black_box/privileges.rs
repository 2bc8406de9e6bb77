//! Whom a server becomes, and that there is no way back (T17). Only root can show it: elsewhere these
//! tests are skipped.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use netserver::testing::{Client, Program, Scratch, Server, scratch, tool, tool_with};

use super::{APART, PARENTS, PERSONALITIES, program, tell};

/// Who is not root has nothing to give up. Nobody's program shows who it is.
pub(super) fn setpriv() -> Option<PathBuf> {
    tool_with("setpriv", &["--reuid=65534", "--clear-groups", "true"])
}

fn jailed(personality: &str, arguments: &[&str]) -> Program {
    let server_type = format!("--server_type={personality}");
    program!("jailed").args(["--host=127.0.0.1", &server_type]).args(arguments)
}

/// A folder that everybody may enter.
fn jail() -> Scratch {
    let jail = scratch();
    fs::set_permissions(jail.path(), fs::Permissions::from_mode(0o755)).unwrap();
    jail
}

fn chroot_to(jail: &Scratch) -> String {
    format!("--chroot={}", jail.path().display())
}

/// What a client is told, line by line.
fn ask(server: &Server, words: &[&str]) -> Vec<String> {
    let mut client = Client::connect(server.address());
    client.send(format!("{}\nquit\n", words.join("\n")));
    String::from_utf8(client.rest()).unwrap().lines().map(str::to_owned).collect()
}

/// The statuses of every thread of a process.
fn tasks(pid: i32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap()).collect()
}

fn field<'a>(status: &'a str, name: &str) -> Vec<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name}: {status}")).split_whitespace().collect()
}

fn ids(status: &str, name: &str) -> Vec<u32> {
    field(status, name).into_iter().map(|number| number.parse().unwrap()).collect()
}

/// The parent and all its children.
fn processes(server: &Server) -> Vec<i32> {
    [server.pid()].into_iter().chain(server.alive()).collect()
}

fn see_that_it_is(server: &Server, uid: u32, groups: &[u32], what: &str) {
    let expected: BTreeSet<u32> = groups.iter().copied().collect();
    for pid in processes(server) {
        for status in tasks(pid) {
            assert_eq!(ids(&status, "Uid"), [uid; 4], "{what}");
            assert_eq!(ids(&status, "Gid"), [groups[0]; 4], "{what}");
            let found: BTreeSet<u32> = ids(&status, "Groups").into_iter().collect();
            assert_eq!(found, expected, "{what}");
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                assert_eq!(field(&status, set), ["0000000000000000"], "{what}: {set}");
            }
            assert_eq!(field(&status, "NoNewPrivs"), ["1"], "{what}");
        }
        // Whoever may not be dumped belongs to root, as far as /proc goes.
        assert_eq!(fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid(), 0, "{what}");
        let core = limit(pid, "Max core file size");
        assert_eq!(core, ["0", "0"], "{what}");
    }
}

fn limit(pid: i32, name: &str) -> Vec<String> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().take(2).map(str::to_owned).collect()
}

/// A client was served, so that there is a child, and it is still there.
fn served(server: &Server) -> Client {
    let mut client = Client::connect(server.address());
    client.send("pid\n");
    client.line();
    client
}

/// The user that tests become, and its groups as this machine has them.
const USER: &str = "www-data";

fn user() -> (u32, Vec<u32>) {
    let id = |option: &str| {
        let told = Command::new("id").args([option, USER]).output().unwrap().stdout;
        let told = String::from_utf8(told).unwrap();
        told.split_whitespace().map(|number| number.parse().unwrap()).collect::<Vec<u32>>()
    };
    (id("-u")[0], id("-G"))
}

#[test]
fn every_process_is_who_it_was_asked_to_be_and_nothing_else() {
    let Some(setpriv) = setpriv() else { return };
    let (uid, own) = user();
    let number = format!("--user={uid}");
    let by_name = format!("--user={USER}");
    let cases: [(&[&str], u32, &[u32]); 7] = [
        (&[&by_name], uid, &own),
        (&[&by_name, "--group=4"], uid, &[4]),
        (&[&by_name, "--group=adm, 60"], uid, &[4, 60]),
        (&[&by_name, "--group=60", "--group=adm"], uid, &[60, 4]),
        (&[&number], uid, &own),
        (&[&number, "--group=60"], uid, &[60]),
        (&["--user=3999999999", "--group=3999999998,7"], 3_999_999_999, &[3_999_999_998, 7]),
    ];
    // What it was started with is not what it keeps.
    for started in ["--groups=0,4,27", "--clear-groups"] {
        for personality in ["single", "fork", "prefork"] {
            for (arguments, uid, groups) in cases {
                let what = format!("{personality} {arguments:?} {started}");
                let server = jailed(personality, arguments).under(&setpriv, &[started]).start();
                let client = served(&server);
                see_that_it_is(&server, uid, groups, &what);
                drop(client);
                server.stop();
            }
        }
    }
}

/// Figures for whoever runs it with `--nocapture`.
#[test]
fn what_it_is_at_the_start_it_is_no_more_when_clients_come() {
    const SHOWN: [&str; 5] = ["Uid", "Gid", "Groups", "CapEff", "NoNewPrivs"];
    let Some(setpriv) = setpriv() else { return };
    let folder = scratch();
    let hold = folder.join("go");
    let server = jailed("prefork", &[&format!("--user={USER}"), "--group=www-data,adm"])
        .under(&setpriv, &["--groups=0,4,27"])
        .env("HOLD", &hold)
        .start();
    server.address();
    let show = |who: &str, pid: i32| {
        let status = &tasks(pid)[0];
        for name in SHOWN {
            tell(format_args!("{who} {name}: {}", field(status, name).join(" ")));
        }
        ids(status, "Uid")
    };
    assert_eq!(show("parent before", server.pid()), [0; 4]);
    assert_eq!(server.children(), [0; 0]);
    fs::write(&hold, "").unwrap();
    let client = served(&server);
    let (uid, _) = user();
    assert_eq!(show("parent after", server.pid()), [uid; 4]);
    assert_eq!(show("child after", server.alive()[0]), [uid; 4]);
    drop(client);
    server.stop();
}

#[test]
fn every_thread_drops_and_one_that_keeps_something_is_told() {
    if setpriv().is_none() {
        return;
    }
    let jail = jail();
    let arguments = [&*format!("--user={USER}"), "--group=7", &chroot_to(&jail)];
    let server = jailed("single", &arguments).env("THREADS", "1").start();
    server.expect_log("may gain some by programs that they start");
    let client = served(&server);
    let (uid, _) = user();
    assert_eq!(tasks(server.pid()).len(), 2);
    for status in tasks(server.pid()) {
        assert_eq!(ids(&status, "Uid"), [uid; 4]);
        assert_eq!(ids(&status, "Gid"), [7; 4]);
        assert_eq!(ids(&status, "Groups"), [7]);
        assert_eq!(field(&status, "CapEff"), ["0000000000000000"]);
    }
    drop(client);
    server.stop();
    let strict = jailed("single", &arguments).arg("--strict").env("THREADS", "1").run();
    assert!(strict.expect_code(1).stderr().contains("start threads in pre_loop_hook"));
}

#[test]
fn a_group_alone_leaves_the_user() {
    let Some(setpriv) = setpriv() else { return };
    let server = jailed("prefork", &["--group=60,4"]).under(&setpriv, &["--groups=0,27"]).start();
    let client = served(&server);
    for pid in processes(&server) {
        let status = &tasks(pid)[0];
        assert_eq!(ids(status, "Uid"), [0; 4]);
        assert_eq!(ids(status, "Gid"), [60; 4]);
        assert_eq!(ids(status, "Groups"), [4, 60]);
    }
    drop(client);
    let log = server.stop().log.join("\n");
    assert!(log.contains("User Not Defined.  Defaulting to EUID '0'"), "{log}");
    assert!(!log.contains("Group Not Defined"), "{log}");
}

#[test]
fn new_privs_keeps_the_right_to_gain() {
    if setpriv().is_none() {
        return;
    }
    let server = jailed("prefork", &[&format!("--user={USER}"), "--new_privs"]).start();
    let client = served(&server);
    for pid in processes(&server) {
        assert_eq!(field(&tasks(pid)[0], "NoNewPrivs"), ["0"]);
    }
    drop(client);
    server.stop();
}

#[test]
fn nothing_leads_back_out_of_the_jail() {
    if setpriv().is_none() {
        return;
    }
    for personality in PERSONALITIES {
        let jail = jail();
        let inherited = ["-c", "exec 9</ 8</etc </; exec \"$0\" \"$@\""];
        let server = jailed(personality, &[&chroot_to(&jail), &format!("--user={USER}")])
            .under("/bin/sh", &inherited)
            .start();
        for (word, expected) in [
            ("setuid", "EPERM"),
            ("seteuid", "EPERM"),
            ("setresuid", "EPERM"),
            ("setgid", "EPERM"),
            ("setegid", "EPERM"),
            ("setgroups", "EPERM"),
            ("chroot", "EPERM"),
            ("kill 1", "EPERM"),
            ("open /etc/shadow", "ENOENT"),
            ("cwd", "/"),
            ("top", "true"),
            ("folders", "[]"),
        ] {
            assert_eq!(ask(&server, &[word]), [expected], "{personality}: {word}");
        }
        let client = served(&server);
        for pid in processes(&server) {
            let link = |name: &str| fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
            assert_eq!(link("root"), jail.path(), "{personality}");
            assert_eq!(link("cwd"), jail.path(), "{personality}");
        }
        drop(client);
        let log = server.stop().log;
        let closed = log.iter().filter(|line| line.contains("Closing the folder")).count();
        assert_eq!(closed, 3, "{log:?}");
    }
}

#[test]
fn what_root_alone_may_read_is_not_read_without_a_jail_either() {
    if setpriv().is_none() {
        return;
    }
    let server = jailed("prefork", &[&format!("--user={USER}")]).start();
    assert_eq!(ask(&server, &["open /etc/shadow", "kill 1"]), ["EACCES", "EPERM"]);
    server.stop();
}

#[test]
fn a_folder_of_the_program_is_told_and_refused_where_that_is_asked_for() {
    if setpriv().is_none() {
        return;
    }
    let jail = jail();
    let arguments = [&*chroot_to(&jail), &*format!("--user={USER}")];
    let server = jailed("prefork", &arguments).env("FOLDER", "/etc").start();
    server.expect_log("the folder /etc is open, and leads out of chroot");
    assert_eq!(ask(&server, &["folders"]).len(), 1);
    server.stop();
    let strict = jailed("prefork", &arguments).arg("--strict").env("FOLDER", "/etc").run();
    let said = strict.expect_code(1).stderr();
    assert!(said.contains("the folder /etc is open, and leads out of chroot (strict)"), "{said}");
}

/// Error and word of each call of the way down.
const FAILURES: [(&str, &str, &str); 12] = [
    ("setgroups", "error=EPERM", "cannot set the groups to 33"),
    ("setgroups", "error=EAGAIN", "cannot set the groups to 33"),
    ("setresgid", "error=EPERM", "cannot become group 33"),
    ("setresgid", "error=EAGAIN", "cannot become group 33"),
    ("setresuid", "error=EPERM", "cannot become user 33"),
    ("setresuid", "error=EAGAIN", "cannot become user 33"),
    ("chroot", "error=EPERM", "cannot chroot to"),
    ("capset", "error=EPERM", "cannot drop the capabilities"),
    // The kernel says that it was done, and it was not.
    ("setgroups", "retval=0", "asked for the groups 33"),
    ("setresgid", "retval=0", "asked for the groups 33"),
    ("setresuid", "retval=0", "asked to be user 33"),
    ("setuid", "retval=0", "it can be root again: setuid(0)"),
];

#[test]
fn half_a_drop_is_a_failed_start_and_nobody_is_served() {
    let (Some(strace), Some(setpriv)) = (tool("strace"), setpriv()) else { return };
    for (call, injected, said) in FAILURES {
        for personality in ["single", "fork", "prefork"] {
            let (jail, folder) = (jail(), scratch());
            let hold = folder.join("go");
            let strace_it = format!("inject={call}:{injected}");
            let trace = format!("trace={call}");
            let under = [
                "--groups=0,4,27",
                strace.to_str().unwrap(),
                "-D",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &trace,
                "-e",
                &strace_it,
            ];
            // setpriv itself makes these calls, so that strace stands behind it.
            let server = jailed(personality, &[&chroot_to(&jail), "--user=33", "--group=33"])
                .under(&setpriv, &under)
                .env("HOLD", &hold)
                .start();
            server.expect_log(said);
            let mut client = Client::connect(server.address());
            client.send("say x\nquit\n");
            fs::write(&hold, "").unwrap();
            let reply = client.try_rest().unwrap_or_default();
            assert_eq!(reply, b"", "{personality} {call} {injected}");
            let ended = server.wait().expect_code(1);
            assert!(ended.stderr().contains(said), "{}", ended.stderr());
        }
    }
}

#[test]
fn who_is_not_there_is_told_before_anything_is_bound() {
    let jail = scratch();
    let file = jail.write("file", "");
    let not_a_folder = format!("--chroot={}", file.display());
    for (argument, said) in [
        ("--user=no-such-user", "--user: expected a user of this machine, got no-such-user"),
        ("--group=root,no-such", "--group: expected a group of this machine, got no-such"),
        ("--user=3999999999", "--user: this machine does not know the groups of user 3999999999"),
        ("--chroot=/no/such", "--chroot: /no/such: No such file or directory"),
        (&not_a_folder, "is no folder"),
        ("--working_directory=/no/such", "--working_directory: /no/such: No such file"),
    ] {
        for personality in ["single", "inet", "prefork"] {
            for check in [false, true] {
                let mut program = jailed(personality, &[argument]);
                program = if check { program.arg("--check") } else { program };
                // One for inet is given no host.
                let program = if personality == "inet" {
                    program!("jailed").args(["--server_type=inet", argument])
                } else {
                    program
                };
                let said_of_it = program.run().expect_code(2).stderr();
                assert!(said_of_it.contains(said), "{personality}: {said_of_it}");
                assert!(!said_of_it.contains("Binding"), "{said_of_it}");
            }
        }
    }
    let conf = scratch();
    let file = conf.write("jailed.conf", "log_level = 3\nuser = no-such-user\n");
    let refused = jailed("single", &[&format!("--conf_file={}", file.display())]).run();
    assert!(refused.expect_code(2).stderr().contains("jailed.conf:2: user: expected a user"));
}

#[test]
fn who_is_not_root_becomes_nobody_else() {
    let Some(setpriv) = setpriv() else { return };
    let (uid, _) = user();
    let as_user = [format!("--reuid={uid}"), "--regid=7".into(), "--groups=7".into()];
    let as_user: Vec<&str> = as_user.iter().map(String::as_str).collect();
    // What it is it may be asked for.
    let arguments = [&*format!("--user={uid}"), "--group=7", "--strict"];
    let server = jailed("prefork", &arguments).under(&setpriv, &as_user).start();
    assert_eq!(ask(&server, &["say x"]), ["x"]);
    let log = server.stop().log.join("\n");
    assert!(!log.contains("Not Defined") && !log.contains("Setting"), "{log}");
    for (argument, said) in [
        ("--user=1", "cannot set the groups to"),
        ("--group=1", "cannot set the groups to 1"),
        ("--chroot=/", "cannot chroot to /"),
    ] {
        let ended = jailed("prefork", &[argument]).under(&setpriv, &as_user).run().expect_code(1);
        assert!(ended.stderr().contains(said), "{}", ended.stderr());
        assert!(ended.stderr().contains("start it as root"), "{}", ended.stderr());
    }
}

#[test]
fn the_log_keeps_its_zone_in_a_jail() {
    const ZONE: &str = "America/New_York";
    let zone = Path::new("/usr/share/zoneinfo").join(ZONE);
    if setpriv().is_none() || tool_with("test", &["-e", zone.to_str().unwrap()]).is_none() {
        return;
    }
    let jail = jail();
    // Nothing was logged before.
    let arguments = [&*chroot_to(&jail), "--log_level=1", "--user=33", "--group=33"];
    let server = jailed("prefork", &arguments).arg("--port_file=port").directory(jail.path());
    let server = server.env("TZ", ZONE).start();
    let ports = jail.join("port");
    server.wait_until("it is bound", || ports.exists());
    let address = fs::read_to_string(&ports).unwrap();
    let port: u16 = address
        .split([':', '/'])
        .find_map(|part| part.parse().ok().filter(|port| *port > 255))
        .unwrap();
    let hour = || {
        let told =
            Command::new("date").env("TZ", ZONE).arg("+%Y/%m/%d-%H").output().unwrap().stdout;
        String::from_utf8(told).unwrap().trim().to_owned()
    };
    let before = hour();
    let mut client = Client::connect(([127, 0, 0, 1], port).into());
    client.send("log mark\nquit\n");
    client.rest();
    server.expect_log("mark");
    let line = server.wait_for_log("mark");
    assert!([before, hour()].iter().any(|hour| line.starts_with(hour.as_str())), "{line}");
    server.stop();
}

#[test]
fn children_take_turns_in_a_jail() {
    if setpriv().is_none() {
        return;
    }
    for serialize in ["flock", "pipe", "semaphore"] {
        for personality in ["prefork_simple", "prefork"] {
            let jail = jail();
            let arguments = [&*chroot_to(&jail), "--user=33", "--group=33", "--port=0", "--port=0"];
            let server =
                jailed(personality, &arguments).arg(format!("--serialize={serialize}")).start();
            for address in server.addresses(2).iter().cycle().take(20) {
                let mut client = Client::connect(*address);
                client.send("say x\nquit\n");
                assert_eq!(client.rest(), b"x\n", "{serialize}");
            }
            server.stop();
        }
    }
}

#[test]
fn standard_output_is_the_client_in_a_jail() {
    if setpriv().is_none() {
        return;
    }
    for personality in APART {
        let jail = jail();
        let arguments = [&*chroot_to(&jail), "--user=33", "--group=33", "--stdio"];
        let server = jailed(personality, &arguments).start();
        for _ in 0..3 {
            assert_eq!(ask(&server, &["print printed"]), ["printed"], "{personality}");
        }
        server.stop();
    }
}

#[test]
fn inet_drops_too() {
    if setpriv().is_none() {
        return;
    }
    let (jail, folder) = (jail(), scratch());
    let words = folder.write("words", "setuid\ncwd\ntop\nopen /etc/shadow\nquit\n");
    let ended = program!("jailed")
        .args(["--server_type=inet", &chroot_to(&jail), "--user=33", "--group=33"])
        .stream(0, fs::File::open(words).unwrap())
        .run()
        .expect_code(0);
    assert_eq!(ended.stdout, "EPERM\n/\ntrue\nENOENT\n");
}

#[test]
fn a_limit_of_descriptors_holds_in_every_process() {
    let Some(setpriv) = setpriv() else { return };
    let server = jailed("prefork", &["--rlimit_nofile=77"]).start();
    let client = served(&server);
    for pid in processes(&server) {
        assert_eq!(limit(pid, "Max open files"), ["77", "77"]);
    }
    drop(client);
    server.stop();
    let few = ["--reuid=33", "--regid=33", "--clear-groups", "prlimit", "--nofile=50:50"];
    let refused = jailed("prefork", &["--rlimit_nofile=100"]).under(&setpriv, &few).run();
    let said = refused.expect_code(2).stderr();
    assert!(said.contains("--rlimit_nofile: cannot have 100 descriptors"), "{said}");
    assert!(said.contains("the hard limit is 50"), "{said}");
}

#[test]
fn a_mask_holds_for_the_first_file_already() {
    let folder = scratch();
    for (mask, mode) in [("077", 0o600), ("027", 0o640), ("0", 0o644)] {
        let file = folder.join("ports");
        let arguments = [format!("--umask={mask}"), format!("--port_file={}", file.display())];
        let server = jailed("prefork", &[]).args(arguments).start();
        assert_eq!(ask(&server, &["say x"]), ["x"]);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        server.stop();
    }
}

#[test]
fn the_working_directory_is_entered_by_whom_it_is_for() {
    if setpriv().is_none() {
        return;
    }
    let jail = jail();
    fs::create_dir(jail.join("work")).unwrap();
    let outside = jail.join("work").display().to_string();
    let at = |path: &str| format!("--working_directory={path}");
    let drop_it = ["--user=33", "--group=33"];
    for (arguments, cwd) in [
        (vec![at(&outside)], outside.clone()),
        (vec![at("work"), chroot_to(&jail)], "/work".into()),
        (vec![at("/work"), chroot_to(&jail)], "/work".into()),
        (vec![chroot_to(&jail)], "/".into()),
        (vec![], "/tmp".into()),
    ] {
        let server = jailed("prefork", &drop_it).args(&arguments).directory("/tmp").start();
        assert_eq!(ask(&server, &["cwd"]), [cwd], "{arguments:?}");
        server.stop();
    }
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = jailed("prefork", &drop_it).arg(at(&outside)).run().expect_code(1);
    assert!(refused.stderr().contains("cannot enter working_directory"), "{}", refused.stderr());
}

#[test]
fn strict_makes_warnings_of_security_errors() {
    if setpriv().is_none() {
        return;
    }
    let folder = jail();
    let conf = folder.write("jailed.conf", "user = root\n");
    let conf_file = format!("--conf_file={}", conf.display());
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o666)).unwrap();
    let chroot = chroot_to(&folder);
    let cases: [(&[&str], &str, &str); 3] = [
        (&[], "running as root: set `user`", "--strict: the server would run as root"),
        (&[&chroot, "--user=root"], "chroot keeps nobody in", "--chroot: root can leave it again"),
        (
            &[&conf_file],
            "may be changed by others (mode 0666)",
            "may be changed by others (mode 0666)",
        ),
    ];
    for (arguments, warning, fault) in cases {
        let server = jailed("prefork", arguments).start();
        server.expect_log(warning);
        assert_eq!(ask(&server, &["say x"]), ["x"]);
        server.stop();
        for check in [&[][..], &["--check"]] {
            let refused = jailed("prefork", arguments).arg("--strict").args(check).run();
            let said = refused.expect_code(2).stderr();
            assert!(said.contains(fault), "{said}");
        }
    }
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&conf, Some(33), None).unwrap();
    let server = jailed("prefork", &[&conf_file]).start();
    server.expect_log("jailed.conf belongs to user 33: whoever changes it decides what root does");
    assert_eq!(ask(&server, &["say x"]), ["x"]);
    server.stop();
    // Who says root means it.
    let server = jailed("prefork", &["--user=root", "--strict"]).start();
    assert_eq!(ask(&server, &["say x"]), ["x"]);
    assert!(!server.log().join("\n").contains("running as root"));
    server.stop();
}

#[test]
fn strict_takes_no_fork_beside_threads() {
    if setpriv().is_none() {
        return;
    }
    for personality in PARENTS {
        let user = ["--user=root", "--strict"];
        let ended = jailed(personality, &user).env("LATE_THREADS", "1").run().expect_code(1);
        let said = ended.stderr();
        assert!(said.contains("2 threads at a fork") && said.contains("(strict)"), "{said}");
        // Nobody counts them there.
        let jail = jail();
        let arguments = [&*chroot_to(&jail), "--user=33", "--group=33"];
        let strict = jailed(personality, &arguments).arg("--strict");
        let said = strict.env("LATE_THREADS", "1").run().expect_code(1).stderr();
        assert!(said.contains("other threads at a fork") && said.contains("(strict)"), "{said}");
        let server = jailed(personality, &arguments).arg("--strict").start();
        assert_eq!(ask(&server, &["say x"]), ["x"]);
        server.stop();
    }
}

/// Its user may not write where root has put it.
#[test]
fn the_next_start_takes_the_place_of_files_that_could_not_be_removed() {
    if setpriv().is_none() {
        return;
    }
    let folder = jail();
    let (socket, ports) = (folder.join("socket"), folder.join("ports"));
    let port = format!("--port={}|unix", socket.display());
    let port_file = format!("--port_file={}", ports.display());
    for _ in 0..2 {
        let server = program!("jailed")
            .args([&*port, &port_file, "--unix_mode=0666", "--user=33", "--group=33"])
            .start();
        server.wait_for_log("Setting uid");
        let mut client = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        client.write_all(b"say x\nquit\n").unwrap();
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        assert_eq!(reply, "x\n");
        server.stop();
        assert!(socket.exists() && ports.exists());
    }
}
