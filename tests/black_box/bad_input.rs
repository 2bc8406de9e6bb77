//! Bad input: one clear line that names option, value and source, exit code 2, nothing bound, nothing
//! left behind, never a panic.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use netserver::testing::{Client, Finished, Program, Server, scratch};
use netserver_options::BuiltIn;

use super::{actor, program};

/// What a program says when it refuses its input, without its own name in front.
fn refusal(program: Program, code: i32) -> Vec<String> {
    let finished = program.run().expect_code(code);
    assert_eq!(finished.stdout, "");
    without_name(&finished)
}

fn without_name(finished: &Finished) -> Vec<String> {
    let first = finished.log[0].strip_prefix("actor: ");
    let first = first.unwrap_or_else(|| panic!("not by name: {:?}", finished.log));
    [&[first.to_owned()], &finished.log[1..]].concat()
}

/// Words of a command line, and what is said of them.
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["--max_server=9"], &["--max_server: unknown option", "  help: did you mean `max_servers`?"]),
    (
        &["max_server=9"],
        &[
            "max_server=9: unknown option",
            "  help: did you mean `max_servers`? words for the server itself stand after `--`",
        ],
    ),
    (
        &["-max_servers=9"],
        &[
            "-max_servers=9: unknown option",
            "  help: write --max_servers=9; words for the server itself stand after `--`",
        ],
    ),
    (&["---port=1"], &["---port: unknown option", "  help: did you mean `port`?"]),
    (&["--colour"], &["--colour: unknown option"]),
    (&["--max_servers=lots"], &["--max_servers: expected a whole number, 1 to 65535, got lots"]),
    (&["--max-servers", "0"], &["--max_servers: expected 1 to 65535, got 0"]),
    (&["--max_servers"], &["--max_servers: needs a value", "  help: write --max_servers=NUMBER"]),
    (
        &["--port=80-90"],
        &["--port: expected a port as 8080, host:8080, host:8080/tcp or /path|unix, got 80-90"],
    ),
    (&["--port=99999"], &["--port: expected a port number from 0 to 65535, got 99999"]),
    (
        &["--keepalive=maybe"],
        &["--keepalive: expected 0, 1, yes, no, true, false, on or off, got maybe"],
    ),
    (
        &["--server_type=prefrok"],
        &[
            "--server_type: expected `single`, `inet`, `fork`, `prefork_simple`, `prefork`, `multiplex` or `thread`, got prefrok",
            "  help: did you mean `prefork`?",
        ],
    ),
    (
        &["--server_type=single", "--max_servers=4"],
        &[
            "--max_servers: has no effect with personality `single`",
            "  help: remove it, or use personality `fork`, `prefork_simple`, `prefork` or `thread`",
        ],
    ),
    (
        &["--server_type=multitype"],
        &[
            "--server_type: expected `single`, `inet`, `fork`, `prefork_simple`, `prefork`, `multiplex` or `thread`, got multitype",
        ],
    ),
    (
        &["--lock_file=/run/lock"],
        &["--lock_file: unknown option", "  help: remove it: no `serialize` needs a file"],
    ),
    (
        &["--sig_passthrough=USR1"],
        &[
            "--sig_passthrough: unknown option",
            "  help: remove it: the children are in their parent's process group, which can be signalled as one",
        ],
    ),
    (
        &["--max_servers=4", "--min_servers=5"],
        &["--min_servers: expected at most `max_servers`, which is 4 (command line), got 5"],
    ),
    (
        &["--conf_file=/nowhere/x.conf"],
        &["--conf_file: /nowhere/x.conf: cannot be read: No such file or directory (os error 2)"],
    ),
    (
        &["--conf_file=/tmp"],
        &["--conf_file: /tmp: cannot be read: is a directory, expected a file"],
    ),
    (
        &["--conf_file=/dev/zero"],
        &["--conf_file: /dev/zero: cannot be read: is not a regular file"],
    ),
];

#[test]
fn a_refused_command_line_names_option_and_value() {
    for (words, lines) in REFUSED {
        assert_eq!(refusal(actor(&[]).args(*words), 2), *lines, "{words:?}");
    }
}

#[test]
fn a_refused_conf_file_names_file_and_line() {
    let folder = scratch();
    for (content, fault) in [
        (&b"\n# x\nmax_servers = 0\n"[..], "3: max_servers: expected 1 to 65535, got 0"),
        (b"max_servers\n", "1: max_servers: needs a value"),
        (b"max_server = 9", "1: unknown option max_server"),
        (b"port = 1\0", "1: a NUL byte, expected text"),
        (b"port = \xff\xfe", "1: not valid UTF-8"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "1: a NUL byte, expected text"),
        (b"conf_file = other.conf", "1: conf_file: a conf file cannot name another"),
    ] {
        let file = folder.write("bad.conf", content);
        let said = refusal(actor(&[]).arg("--conf_file").arg(&file), 2);
        assert_eq!(said[0], format!("{}:{fault}", file.display()));
    }
}

#[test]
fn every_mistake_of_a_conf_file_is_told_at_once() {
    let folder = scratch();
    let told = |content: &str, words: &[&str]| {
        folder.write("bad.conf", content);
        let program = actor(words).arg("--conf_file=bad.conf").directory(folder.path());
        program.run().expect_code(2).log
    };
    let content = "listen = 0\nmax_server = 9\nport = 0\nmax_servers\nkeepalive = maybe\n-x = 1\n";
    let lines = [
        "actor: bad.conf:1: listen: expected 1 to 65535, got 0",
        "actor: bad.conf:2: unknown option max_server",
        "  help: did you mean `max_servers`?",
        "actor: bad.conf:4: max_servers: needs a value",
        "  help: write max_servers = NUMBER",
        "actor: bad.conf:5: keepalive: expected 0, 1, yes, no, true, false, on or off, got maybe",
        "actor: bad.conf:6: unknown option -x",
    ];
    for words in [&[][..], &["--check"], &["--print-config"]] {
        assert_eq!(told(content, words), lines);
    }
    // Each line alone would be right; together they are not.
    let content = "min_spare_servers = 9\nmin_servers = 8\nmax_spare_servers = 4\n";
    let lines = told(content, &["--max_servers=5", "--check"]);
    let faults: Vec<_> = lines.iter().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(faults.len(), 2, "{lines:?}");
    assert!(faults[0].starts_with("actor: bad.conf:1: min_spare_servers: "), "{lines:?}");
    assert!(faults[1].starts_with("actor: bad.conf:2: min_servers: "), "{lines:?}");
    let content = "min_servers = 2\nmax_servers = 5\nserver_type = single\n";
    let lines = told(content, &["--max_spare_servers=4"]);
    let faults = lines.iter().filter_map(|line| line.split_once(": has no effect"));
    let faults: Vec<_> = faults.map(|(place, _)| place).collect();
    let places = ["--max_spare_servers", "bad.conf:1: min_servers", "bad.conf:2: max_servers"];
    assert_eq!(faults, places.map(|place| format!("actor: {place}")));
    assert_eq!(told("listen = 0\n", &["--colour"]), ["actor: --colour: unknown option"]);
}

#[test]
fn a_conf_file_that_cannot_be_one_is_refused() {
    let folder = scratch();
    let refused = |file: &OsStr| refusal(actor(&[]).arg("--conf_file").arg(file), 2).concat();
    let large = folder.write("large.conf", "port = 1\n".repeat(10 * 1024 * 1024 / 9));
    assert!(refused(large.as_os_str()).ends_with("cannot be read: is larger than 1 MiB"));
    let fifo = folder.join("fifo.conf");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert!(refused(fifo.as_os_str()).ends_with("cannot be read: is not a regular file"));
    // Root may read whatever has no permission for it, but nobody a link to itself.
    let circle = folder.join("circle.conf");
    symlink(&circle, &circle).unwrap();
    let said = refused(circle.as_os_str());
    assert!(said.ends_with("cannot be read: Too many levels of symbolic links (os error 40)"));
    let below_a_file = large.join("x.conf");
    assert!(refused(below_a_file.as_os_str()).contains("cannot be read: Not a directory"));
}

#[test]
fn words_that_are_no_text_are_refused_or_left_alone() {
    let word = |bytes: &[u8]| OsString::from(OsStr::from_bytes(bytes));
    let said = refusal(actor(&[]).arg(word(b"--port=\xff")), 2);
    assert!(said[0].ends_with("not valid UTF-8"), "{said:?}");
    let said = refusal(actor(&[]).arg("--port").arg(word(b"\xff1")), 2);
    assert!(said[0].ends_with("is not valid UTF-8"), "{said:?}");
    let server = actor(&["--"]).arg(word(b"\xff\xfe")).arg("--port=nonsense").start();
    assert!(server.address().port() > 0);
    server.stop();
}

#[test]
fn the_name_of_a_program_forges_no_line() {
    let folder = scratch();
    let name = folder.join("actor\nforged");
    symlink(env!("CARGO_BIN_EXE_actor"), &name).unwrap();
    let finished = Program::new(&name).arg("--colour").run().expect_code(2);
    assert_eq!(finished.log, ["actor\\nforged: --colour: unknown option"]);
}

#[test]
fn a_megabyte_of_arguments_is_one_short_line() {
    let long = "x".repeat(50_000);
    for (word, fault) in [
        (format!("--port={long}"), "actor: --port: expected a port as 8080, "),
        (format!("--{long}"), "actor: --\"xxx"),
        (format!("--{long}={long}"), "actor: --\"xxx"),
        (format!("port={long}"), "actor: --port: expected a port as 8080, "),
        (format!("-port={long}"), "actor: \"-port=xxx"),
    ] {
        let words = (0..20).map(|_| &long);
        let finished = actor(&[]).arg(&word).args(words).run().expect_code(2);
        assert!(finished.stderr().starts_with(fault), "{}", finished.stderr());
        assert!(finished.stderr().len() < 400, "{}", finished.stderr().len());
    }
}

#[test]
fn an_address_that_cannot_be_bound_ends_the_start_with_1() {
    let first = actor(&[]).start();
    let taken = first.address();
    for (ports, fault) in [
        (
            vec!["--port=0".into(), format!("--port={taken}")],
            format!("cannot listen on {taken}: Address already in use"),
        ),
        (
            vec!["--port=192.0.2.1:0".into()],
            "cannot listen on 192.0.2.1:0: Cannot assign requested address".into(),
        ),
        (
            vec!["--port=no-such-host.invalid:1".into()],
            "cannot resolve host no-such-host.invalid".into(),
        ),
    ] {
        let finished = actor(&[]).args(&ports).run().expect_code(1);
        let last = finished.log.last().unwrap();
        assert!(last.contains(" error: ") && last.contains(&fault), "{last}");
    }
    let mut client = Client::connect(taken);
    client.send("say still here\n");
    assert_eq!(client.line(), "still here");
    drop(client);
    first.stop();
}

#[test]
fn a_second_server_may_follow_the_first_at_once() {
    let first = actor(&[]).start();
    let address = first.address();
    // A connection that the server closes first leaves its port in TIME_WAIT.
    let mut client = Client::connect(address);
    client.send("quit\n");
    assert_eq!(client.rest(), b"");
    drop(client);
    first.stop();
    let second = actor(&[&format!("--port={address}")]).start();
    assert_eq!(second.address(), address);
    second.stop();
}

#[test]
fn check_and_version_and_help_answer_and_bind_nothing() {
    let taken = actor(&[]).start();
    let port = format!("--port={}", taken.address());
    let said = |word: &str| actor(&[word, &port]).run().expect_code(0);
    assert_eq!(said("--check").stdout, "actor: options are valid\n");
    assert_eq!(said("--version").stdout, "actor 0.1.0\n");
    let help = said("--help").stdout;
    assert!(help.contains("Usage: actor ") && help.contains("--max_servers NUMBER"), "{help}");
    assert!(said("--print-config").stdout.contains(&format!("port = {}", taken.address())));
    taken.stop();
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let finished = actor(&["--help"]).full_streams(&[1]).run().expect_code(1);
    assert!(finished.stderr().contains("cannot write to standard output"), "{}", finished.stderr());
    actor(&["--help"]).broken_streams(&[1]).run().expect_code(0);
}

#[test]
fn a_wrong_option_from_code_is_an_option_error() {
    let finished =
        program!("sources").env("SOURCES", "object").arg("--max_servers=1").run().expect_code(2);
    assert!(
        finished
            .stderr()
            .starts_with("sources: --max_servers: has no effect with personality `single`")
    );
    let finished = program!("sources").env("SOURCES", "missing_conf").run().expect_code(2);
    assert!(
        finished.stderr().starts_with(
            "sources: object: conf_file: /nowhere/x.conf: cannot be read: No such file"
        )
    );
}

#[test]
fn a_wrong_declaration_of_an_own_option_ends_the_start() {
    for (own, fault) in [
        ("built_in", "own: attribute: port: is the name of a built-in option"),
        ("command", "own: attribute: print_config: is the name of a command"),
        ("twice", "own: attribute: size: is the name of another option of this server"),
        ("default", "own: default: size: expected 1 to 9, got 10"),
    ] {
        for words in [&[][..], &["--help"], &["--size=1"]] {
            let finished = program!("own").env("OWN", own).args(words).run().expect_code(2);
            assert_eq!(
                (finished.stdout.as_str(), &finished.log[..]),
                ("", &[fault.to_owned()][..])
            );
        }
    }
}

#[test]
fn a_value_that_a_servers_own_type_refuses_names_its_source() {
    let finished = program!("own").arg("--size=2").run().expect_code(2);
    assert_eq!(finished.log, ["own: --size: even is not odd enough"]);
    let server = program!("own").args(["--size=5", "--host=127.0.0.1"]).start();
    assert_eq!(Client::connect(server.address()).line(), "5");
    server.stop();
}

/// Says something to a server whose log may be out of sight.
fn serves(server: Server, address: std::net::SocketAddr) {
    let mut client = Client::connect(address);
    client.send("say x\n");
    assert_eq!(client.line(), "x");
    // No descriptor of a socket ever takes the place of a standard stream.
    client.send("run readlink /proc/self/fd/2; ls /proc/$PPID/fd | sort -n | head -3 | tr '\\n' ' '\nquit\n");
    let said = String::from_utf8(client.rest()).unwrap();
    assert!(!said.contains("socket:"), "{said}");
    assert!(said.contains("0 1 2"), "{said}");
    server.stop();
}

#[test]
fn closed_full_and_broken_streams_do_not_keep_it_from_serving() {
    // Nobody else in these tests listens on this address, so that its port stays free.
    let free = std::net::TcpListener::bind("127.77.7.7:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let program = || actor(&[&format!("--port={address}")]);
    for streams in [&[0][..], &[1], &[2], &[0, 1], &[0, 1, 2]] {
        for program in [
            program().closed_streams(streams),
            program().full_streams(streams),
            program().broken_streams(streams),
        ] {
            let server = program.start();
            server.wait_until("it listens", || Client::try_connect(address).is_ok());
            serves(server, address);
        }
    }
}

#[test]
fn command_line_and_conf_file_say_of_a_value_what_the_table_says() {
    let folder = scratch();
    let rows = include_str!("../../netserver/options/verdicts.txt");
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let [name, value, verdict] = row.splitn(3, '|').collect::<Vec<_>>()[..] else {
            panic!("three columns: {row}");
        };
        let check = |arguments: &[&str], place: &str| {
            let mut program = actor(arguments).arg("--check").directory(folder.path());
            if name == "log_file" {
                // Not every machine has a daemon.
                program = program.arg("--syslog_logopt=nofatal");
            }
            let used = netserver_options::find(name).unwrap().works_with(Some(BuiltIn::PreFork));
            if verdict == "good" && !used {
                let without = format!("{place}: has no effect with personality `prefork`");
                assert_eq!(refusal(program, 2)[0], without, "{row}");
            } else if verdict == "good" {
                program.run().expect_code(0);
            } else {
                assert_eq!(refusal(program, 2)[0], format!("{place}: {verdict}"), "{row}");
            }
        };
        folder.write("verdict.conf", "");
        check(&[&format!("--{name}={value}")], &format!("--{name}"));
        // A conf file cannot name another.
        if name != "conf_file" {
            folder.write("verdict.conf", format!("{name} = {value}\n"));
            check(&["--conf_file=verdict.conf"], &format!("verdict.conf:1: {name}"));
        }
    }
}

#[test]
fn what_is_no_option_is_left_to_a_server_that_asks_for_it() {
    let words = ["--colour=red", "--listen=5", "-v", "name=x", "--", "--port=7"];
    let ended = program!("rest").args(words).run().expect_code(1);
    assert!(ended.stderr().contains("left: --colour=red -v name=x --port=7"), "{}", ended.stderr());
    let refused = program!("rest").arg("--listen=0").run().expect_code(2);
    assert!(refused.stderr().contains("--listen: expected 1 to 65535, got 0"));
}
