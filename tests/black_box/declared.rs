//! What a server declares of its options beside their names: letters, secrets, an enum's values, and the
//! environment as one more source.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use netserver::testing::{Client, Program, Scratch, Server, Signal, scratch};

use super::privileges::setpriv;
use super::program;

/// Stands in every secret of these tests, and in nothing that is ever written.
const SECRET: &str = "hunter2";

fn greeter(words: &[&str]) -> Program {
    program!("declared").args(words)
}

/// A file of a secret, as it should be.
fn secret_file(folder: &Scratch, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.write(name, content);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// What a client hears that says `known` first.
fn hears(server: &Server, known: &str) -> String {
    let mut client = Client::connect(server.address());
    client.send(format!("{known}\n"));
    client.line()
}

/// What it says is wrong with these words, without its name.
fn fault(program: Program) -> String {
    let finished = program.run().expect_code(2);
    assert_eq!(finished.stdout, "");
    finished.stderr().trim_start_matches("declared: ").trim_end().to_owned()
}

#[test]
fn letters_stand_for_options() {
    for (words, said) in [
        (&["-g", "hi"][..], "hi warm [] false false false"),
        (&["-ghi"], "hi warm [] false false false"),
        (&["-g=hi", "-m", "very-cold"], "hi very-cold [] false false false"),
        (&["-lq"], "hello warm [] true true false"),
        (&["-lqghi", "-fAda", "-f", "Bob"], "hi warm [Ada,Bob] true true false"),
        (&["-l", "no", "-q=yes"], "hello warm [] false true false"),
        (&["-g", "-x"], "-x warm [] false false false"),
        (&["-grn=x"], "rn=x warm [] false false false"),
    ] {
        let server = greeter(words).start();
        assert_eq!(hears(&server, ""), said, "{words:?}");
        server.stop();
    }
    let help = "help: words for the server itself stand after `--`";
    assert_eq!(fault(greeter(&["-lx"])), format!("-lx: `x` is short for no option\n  {help}"));
    for words in [&["-x"][..], &["-c", "my.conf"], &["-p9999"]] {
        assert!(fault(greeter(words)).contains(" is short for no option"), "{words:?}");
    }
    let escaped = "\"-l\\u{1b}\": `\\u{1b}` is short for no option\n";
    let said = fault(greeter(&["-l\u{1b}[2J"]));
    assert!(said.starts_with(escaped), "{said}");
    for word in ["-lh", "-hl"] {
        assert!(greeter(&[word]).run().expect_code(0).stdout.starts_with("Greets"), "{word}");
    }
    assert_eq!(fault(greeter(&["-g"])), "--greeting: needs a value\n  help: write --greeting=TEXT");
    let said = fault(greeter(&["-greeting=hi"]));
    assert!(
        said.starts_with("-greeting=hi: unknown option\n  help: write --greeting=hi;"),
        "{said}"
    );
    let said = fault(greeter(&["-greting=hi"]));
    assert!(said.contains("help: write --greeting=hi;"), "{said}");
    // What is no option's is the server's, as ever.
    greeter(&["-1", "-", "--check"]).run().expect_code(0);
    greeter(&["--check", "--", "-lx"]).run().expect_code(0);
}

#[test]
fn variables_set_options_and_are_told() {
    let with = |words: &[&str]| {
        greeter(words)
            .env("GREETER_GREETING", "hi")
            .env("GREETER_FRIEND", "Ada\nBob\n")
            .env("GREETER_MAX_SERVERS", "")
            .env("GREETER_SERVICE_HOST", "10.0.0.1")
            .env("GREETER_PORT", "tcp://10.0.0.1:80")
    };
    let server = with(&["-mvery-cold"]).start();
    assert_eq!(hears(&server, ""), "hi very-cold [Ada,Bob] false false false");
    server.wait_for_log(
        "warning: in the environment, but no options: GREETER_PORT, GREETER_SERVICE_HOST",
    );
    server.allow_log("in the environment, but no options");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("generation 2 serves");
    // The next image has the same environment.
    assert_eq!(hears(&server, ""), "hi very-cold [Ada,Bob] false false false");
    server.stop();

    let config = with(&["--print-config"]).run().expect_code(0).stdout;
    for (setting, source) in [
        ("greeting = hi ", "# environment"),
        ("friend = Ada ", "# environment"),
        ("friend = Bob ", "# environment"),
        ("max_servers = 50 ", "# default"),
    ] {
        let line = config.lines().find(|line| line.starts_with(setting));
        assert!(line.is_some_and(|line| line.ends_with(source)), "{setting}: {config}");
    }
    let json = with(&["--print-config=json", "--greeting=hello"]).run().expect_code(0).stdout;
    for line in [
        "\"greeting\": {\"value\": \"hello\", \"source\": \"command line\"}",
        "\"friend\": {\"value\": [\"Ada\", \"Bob\"], \"source\": \"environment\"}",
    ] {
        assert!(json.contains(line), "{line}: {json}");
    }
    let unit = with(&["--print-unit", "--friend=Eve"]).run().expect_code(0).stdout;
    assert!(unit.contains(" --friend=Eve --greeting=hi\n"), "{unit}");
    let help = greeter(&["--help"]).run().expect_code(0).stdout;
    assert!(help.contains("In the environment max_servers is GREETER_MAX_SERVERS"), "{help}");
}

#[test]
fn the_environment_is_weaker_than_the_command_line_and_stronger_than_a_conf_file() {
    let folder = scratch();
    let conf = folder.write("greeter.conf", "greeting = conf\nmanner = very-cold\n");
    let conf = conf.to_string_lossy();
    let with = |words: &[&str]| {
        let program = greeter(words).env("GREETER_GREETING", "environment");
        program.env("GREETER_CONF_FILE", conf.as_ref()).arg("--print-config").run().expect_code(0)
    };
    let printed = with(&[]).stdout;
    assert!(
        printed.contains("\ngreeting = environment")
            || printed.starts_with("greeting = environment")
    );
    assert!(printed.contains("\nmanner = very-cold"), "{printed}");
    let printed = with(&["--greeting=line"]).stdout;
    assert!(printed.starts_with("greeting = line "), "{printed}");
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    for (name, value, said) in [
        ("MAX_SERVERS", &b"0"[..], "GREETER_MAX_SERVERS: expected 1 to 65535, got 0"),
        (
            "MAX_SERVER",
            b"8",
            "GREETER_MAX_SERVER: unknown option\n  help: did you mean GREETER_MAX_SERVERS?",
        ),
        ("GREETING", b"\xff", "GREETER_GREETING: not valid UTF-8"),
        (
            "PIN",
            SECRET.as_bytes(),
            "GREETER_PIN: expected a whole number, 1 to 9999, got a secret that is something else",
        ),
        (
            "MANNER",
            b"wram",
            "GREETER_MANNER: expected `warm` or `very-cold`, got wram\n  help: did you mean `warm`?",
        ),
    ] {
        for command in [&[][..], &["--check"], &["--print-config"]] {
            let program = greeter(command).env(format!("GREETER_{name}"), OsStr::from_bytes(value));
            assert_eq!(fault(program), said);
        }
    }
}

#[test]
fn a_secret_is_written_nowhere() {
    let folder = scratch();
    let file = secret_file(&folder, "token", format!("{SECRET}\n"));
    let conf = secret_file(&folder, "greeter.conf", format!("token = {SECRET}\n"));
    let at = format!("-t@{file}");
    let conf = format!("--conf_file={conf}");
    let literal = format!("--token={SECRET}");
    for words in [&[literal.as_str()][..], &["-t", SECRET], &[&conf], &[&at]] {
        for command in
            ["--help", "--print-config", "--print-config=json", "--print-unit", "--check"]
        {
            let finished = greeter(words).arg(command).run().expect_code(0);
            let all = format!("{}{}", finished.stdout, finished.stderr());
            assert!(!all.contains(SECRET), "{words:?} {command}: {all}");
        }
        let server = greeter(words).arg("--log_level=4").start();
        server.allow_log("everybody on this machine");
        assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
        assert_eq!(hears(&server, ""), "hello warm [] false false false");
        server.signal(Signal::SIGHUP);
        server.wait_for_log("generation 2 serves");
        assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
        let finished = server.stop();
        let all = format!("{}{}", finished.stdout, finished.stderr());
        assert!(!all.contains(SECRET), "{words:?}: {all}");
        let seen = all.contains("--token: everybody on this machine may read the command line");
        assert_eq!(seen, words.concat().contains(SECRET), "{all}");
    }
    // What is nearly a secret's, or no value of it.
    for words in [
        &["--pin=hunter2"][..],
        &["tokn=hunter2"],
        &["-token=hunter2"],
        &["--pin", "hunter2"],
        &["pin=hunter2"],
        &["--token hunter2"],
        &["--token:hunter2"],
        &["--tokn hunter2=x"],
        &["-token hunter2"],
        &["-token:hunter2"],
        &["-tokn=hunter2"],
        &["-lxthunter2"],
    ] {
        let finished = greeter(words).run();
        let said = finished.stderr();
        assert!(!said.contains(SECRET) && finished.code() == Some(2), "{words:?}: {said}");
    }
    let odd = OsStr::from_bytes(b"-t\xffhunter2");
    let said = fault(greeter(&[]).arg(odd));
    assert!(said.starts_with("-t: not valid UTF-8"), "{said}");
    let quoted = fault(greeter(&["--token hunter2"]));
    assert_eq!(quoted, "--token: unknown option\n  help: write --token=@FILE");
}

#[test]
fn a_secret_is_read_from_its_file() {
    let folder = scratch();
    let conf = folder.write("greeter.conf", "token = @token\n");
    for (content, known) in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("@hunter2\n", "@hunter2"),
        (" hunter2 \n", " hunter2 "),
    ] {
        secret_file(&folder, "token", content);
        let program = greeter(&[&format!("--conf_file={}", conf.display())]);
        let server = program.directory(folder.path()).start();
        assert_eq!(hears(&server, known), "hello warm [] false false true", "{content:?}");
        assert_eq!(hears(&server, known.trim()).ends_with("true"), known == known.trim());
        server.stop();
    }
    let server = greeter(&[]).env("GREETER_TOKEN", "@@hunter2").start();
    assert_eq!(hears(&server, "@hunter2"), "hello warm [] false false true");
    server.stop();
    // The name of a file is no secret, and what is printed is a conf file.
    let printed = greeter(&["--token=@/run/secrets/token", "--print-config"]).run().expect_code(0);
    assert!(printed.stdout.contains("\ntoken = @/run/secrets/token "), "{}", printed.stdout);
    let json = greeter(&["--token=hunter2", "--print-config=json"]).run().expect_code(0).stdout;
    let hidden = "\"token\": {\"value\": null, \"source\": \"command line\", \"secret\": true}";
    assert!(json.contains(hidden), "{json}");
}

#[test]
fn a_file_of_a_secret_that_cannot_be_is_one_line() {
    let folder = scratch();
    let file = |name: &str, content: &[u8]| secret_file(&folder, name, content);
    let (odd, two) = (file("odd", b"\xff"), file("two", b"a\nb\n"));
    let (number, empty) = (file("number", b"hunter2\n"), file("empty", b"\n"));
    let dir = folder.path().display();
    for (word, said) in [
        ("--token=@/no/such".to_owned(), "--token: /no/such: cannot be read: No such file or directory (os error 2)".to_owned()),
        ("--token=@".to_owned(), "--token: no file stands behind the `@`\n  help: `@FILE` reads a file; `@@` begins a value with `@`".to_owned()),
        ("--token=".to_owned(), "--token: a secret cannot be empty".to_owned()),
        (format!("--token=@{empty}"), format!("--token: {empty}: a secret cannot be empty")),
        (format!("--token=@{odd}"), format!("--token: {odd}: not valid UTF-8")),
        (format!("--token=@{two}"), format!("--token: {two}: expected a text, got a secret that is something else")),
        (format!("--pin=@{number}"), format!("--pin: {number}: expected a whole number, 1 to 9999, got a secret that is something else")),
    ] {
        assert_eq!(fault(greeter(&[&word])), said);
        assert_eq!(fault(greeter(&[&word, "--check"])), said);
    }
    let said = fault(greeter(&[&format!("--token=@{dir}")]));
    assert!(said.starts_with(&format!("--token: {dir}: cannot be read: ")), "{said}");
}

#[test]
fn a_secret_that_others_may_know_is_told_and_with_strict_an_error() {
    let folder = scratch();
    let file = secret_file(&folder, "token", "hunter2\n");
    let at = format!("--token=@{file}");
    let strict = ["--strict", "--user=nobody", "--check"];
    let checked = |words: &[&str]| greeter(words).arg("--check").run().expect_code(0);
    assert!(!checked(&[&at]).stderr().contains("others may"));
    for (mode, what) in [(0o644, "read"), (0o622, "change")] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let said = format!("--token: {file}: others may {what} it (mode {mode:04o})");
        let warned = checked(&[&at]);
        assert!(warned.stderr().contains(&said), "{}", warned.stderr());
        let refused = fault(greeter(&[&at]).args(strict));
        assert!(refused.contains(&format!("{said}\n  help: use chmod 640, or 600")), "{refused}");
    }
    let seen = "--token: everybody on this machine may read the command line";
    assert!(checked(&["--token=hunter2"]).stderr().contains(seen));
    let refused = fault(greeter(&["--token=hunter2"]).args(strict));
    assert_eq!(refused.lines().next(), Some(seen));
}

#[test]
fn a_secret_in_a_conf_file_that_others_may_read_is_told_and_with_strict_an_error() {
    let folder = scratch();
    let conf = secret_file(&folder, "greeter.conf", "port = 0\ntoken = hunter2\npin = 4711\n");
    let named = format!("--conf_file={conf}");
    let checked = |words: &[&str]| greeter(words).args([&*named, "--check"]).run();
    assert_eq!(checked(&[]).expect_code(0).stderr(), "");
    fs::set_permissions(&conf, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(checked(&[]).expect_code(0).stderr(), "");
    fs::set_permissions(&conf, Permissions::from_mode(0o644)).unwrap();
    let why = "a secret, and others may read this conf file (mode 0644)";
    let server = greeter(&[&named]).start();
    assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
    for (line, name) in [(2, "token"), (3, "pin")] {
        let said =
            format!("{conf}:{line}: {name}: {why}; write {name} = @FILE, or use chmod 640, or 600");
        server.expect_log(&said);
        let warned = checked(&[]).expect_code(0).stderr();
        assert_eq!(warned.matches(&said).count(), 1, "{warned}");
        assert!(!warned.contains(SECRET) && !warned.contains("4711"), "{warned}");
    }
    server.stop();
    let refused = checked(&["--strict", "--user=root"]).expect_code(2).stderr();
    assert!(refused.contains(&format!("{conf}:2: token: {why}\n  help: write ")), "{refused}");
    // Where somebody stronger has set it, what stands there is not its value.
    let others = checked(&["--token=@/run/no-such", "--pin=@/run/no-such"]).expect_code(2).stderr();
    assert!(!others.contains(why), "{others}");
    // What is in a file of its own is no secret here.
    let file = secret_file(&folder, "token", "hunter2\n");
    folder.write("greeter.conf", format!("token = @{file}\n"));
    assert_eq!(checked(&[]).expect_code(0).stderr(), "");
}

#[test]
fn a_secret_of_a_conf_file_is_whole_or_refused() {
    let folder = scratch();
    let written = |line: &str| {
        let conf = secret_file(&folder, "greeter.conf", line);
        greeter(&[]).arg(format!("--conf_file={conf}"))
    };
    let said = fault(written("token = hunter2#9\n"));
    let expected = "greeter.conf:1: token: a `#` begins a comment, and stands right behind the value\n  \
                    help: write `\\#` where it is part of the secret, and a blank before a comment";
    assert!(said.ends_with(expected), "{said}");
    for (line, known) in [("token = hunter2\\#9\n", "hunter2#9"), ("token = hunter2 #9\n", SECRET)]
    {
        let server = written(line).start();
        assert_eq!(hears(&server, known), "hello warm [] false false true", "{line}");
        server.stop();
    }
}

#[test]
fn a_restart_without_the_file_of_a_secret_leaves_the_server_as_it_is() {
    let folder = scratch();
    let file = secret_file(&folder, "token", "hunter2\n");
    let server = greeter(&[&format!("--token=@{file}")]).start();
    assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
    fs::remove_file(&file).unwrap();
    server.allow_log("cannot be read");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("token: cannot be read: No such file");
    assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
    secret_file(&folder, "token", "hunter3\n");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("generation 2 serves");
    // A child of the image before may take a last client, and knows what that knew.
    server.wait_until("the new secret", || {
        hears(&server, "hunter3") == "hello warm [] false false true"
    });
    server.stop();
}

/// What the first HUP would tell is told at the start, and before.
#[test]
fn a_file_that_the_user_cannot_read_again_is_told_at_the_start() {
    if setpriv().is_none() {
        return;
    }
    let folder = scratch();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let file = secret_file(&folder, "token", "hunter2\n");
    let conf = secret_file(&folder, "greeter.conf", "port = 0\nuser = 65534\ngroup = 65534\n");
    let words = [format!("--conf_file={conf}"), format!("--token=@{file}")];
    let greeter = || words.iter().fold(greeter(&[]), Program::arg);
    let told = |name: &str, file: &str| {
        format!(
            "--{name}: {file}: 65534 may be unable to read it, and every restart (HUP) has to: {file} has mode \
             0600, user 0, group 0; let a group of 65534 in, or set hup = ignore or children"
        )
    };
    let checked = greeter().arg("--check").run().expect_code(0).stderr();
    let server = greeter().start();
    for (name, file) in [("token", &file), ("conf_file", &conf)] {
        server.expect_log(&told(name, file));
        assert_eq!(checked.matches(&told(name, file)).count(), 1, "{checked}");
    }
    // It was said with reason.
    assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
    server.expect_log("cannot be read: Permission denied");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("cannot restart, so the server goes on as it was");
    server.stop();

    let is_silent = |program: Program| assert_eq!(program.run().expect_code(0).stderr(), "");
    for hup in ["ignore", "children"] {
        is_silent(greeter().args([&*format!("--hup={hup}"), "--check"]));
    }
    is_silent(greeter().args(["--user=root", "--check"]));
    for file in [&file, &conf] {
        std::os::unix::fs::chown(file, None, Some(65534)).unwrap();
        fs::set_permissions(file, Permissions::from_mode(0o640)).unwrap();
    }
    is_silent(greeter().arg("--check"));
    let server = greeter().start();
    assert_eq!(hears(&server, SECRET), "hello warm [] false false true");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("generation 2 serves");
    server.stop();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let checked = greeter().arg("--check").run().expect_code(0).stderr();
    let bar = format!("has to: {} has mode 0700", folder.path().canonicalize().unwrap().display());
    assert_eq!(checked.matches(&bar).count(), 2, "{checked}");
}

#[test]
fn the_values_of_an_enum_are_in_the_help() {
    let help = greeter(&["--help"]).run().expect_code(0).stdout;
    for line in [
        "  -m, --manner NAME             How to say it: warm (As among friends), very-cold [default: warm]\n",
        "  -g, --greeting TEXT           What to say [default: hello]\n",
        "  -t, --token TEXT              What a client has to know [secret; @FILE reads a file]\n",
    ] {
        assert!(help.contains(line), "{line}: {help}");
    }
}
