//! The order of sources: for each pair the expected winner is written down here by hand, and read
//! back from a started server, both as it prints itself and as its hook sees it.

use netserver::testing::{Program, Scratch, scratch};

use super::program;

/// A winner among two: the source that `--print-config=json` names, and the number in its values.
const OBJECT: (&str, u8) = ("object", 1);
const COMMAND_LINE: (&str, u8) = ("command line", 2);
const RUN_ARGUMENTS: (&str, u8) = ("run arguments", 3);
const CONF: (&str, u8) = ("conf ", 4);
const CONFIGURE_HOOK: (&str, u8) = ("configure_hook", 5);
const ATTRIBUTE: (&str, u8) = ("attribute", 6);

/// Who wins of the two. "default" stands for a source that sets nothing.
const TABLE: [(&str, &str, (&str, u8)); 21] = [
    ("object", "command_line", OBJECT),
    ("object", "run_arguments", OBJECT),
    ("object", "conf", OBJECT),
    ("object", "configure_hook", OBJECT),
    ("object", "attribute", OBJECT),
    ("object", "default", OBJECT),
    ("command_line", "run_arguments", COMMAND_LINE),
    ("command_line", "conf", COMMAND_LINE),
    ("command_line", "configure_hook", COMMAND_LINE),
    ("command_line", "attribute", COMMAND_LINE),
    ("command_line", "default", COMMAND_LINE),
    ("run_arguments", "conf", RUN_ARGUMENTS),
    ("run_arguments", "configure_hook", RUN_ARGUMENTS),
    ("run_arguments", "attribute", RUN_ARGUMENTS),
    ("run_arguments", "default", RUN_ARGUMENTS),
    ("conf", "configure_hook", CONF),
    ("conf", "attribute", CONF),
    ("conf", "default", CONF),
    ("configure_hook", "attribute", CONFIGURE_HOOK),
    ("configure_hook", "default", CONFIGURE_HOOK),
    ("attribute", "default", ATTRIBUTE),
];

/// The program with these sources set; what it cannot set itself is set here.
fn with_sources(sources: [&str; 2], folder: &Scratch) -> Program {
    let mut program = program!("sources").env("SOURCES", sources.join(","));
    if sources.contains(&"command_line") {
        program = program.args(["--listen", "102", "--host=127.0.0.2", "host=127.0.1.2"]);
    }
    if sources.contains(&"conf") {
        let text = "# the conf file\n\nlisten = 104\nhost: 127.0.0.4\nhost 127.0.1.4\n";
        let file = folder.write("test.conf", text);
        program = program.arg(format!("--conf_file={}", file.display()));
    }
    program
}

/// The entry of an option in the JSON: it stands on a line of its own.
fn entry(json: &str, name: &str) -> String {
    let start = format!("\"{name}\": ");
    let line = json.lines().find_map(|line| line.trim().strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name} in {json}")).trim_end_matches(',').to_owned()
}

/// A value as JSON, with the source of the winner; `line` is where the conf file has it.
fn from(winner: (&str, u8), value: &str, line: u8, folder: &Scratch) -> String {
    let source = match winner {
        CONF => format!("conf {}:{line}", folder.join("test.conf").display()),
        (source, _) => source.to_owned(),
    };
    format!("{{\"value\": {value}, \"source\": \"{source}\"}}")
}

#[test]
fn the_stronger_source_wins_for_a_scalar_and_for_a_list() {
    let folder = scratch();
    for (one, other, winner) in TABLE {
        let number = winner.1;
        let hosts = [format!("127.0.0.{number}"), format!("127.0.1.{number}")];
        let program = || with_sources([one, other], &folder);

        let printed = program().arg("--print-config=json").run().expect_code(0).stdout;
        let scalar = from(winner, &format!("10{number}"), 3, &folder);
        assert_eq!(entry(&printed, "listen"), scalar, "{one} and {other}");
        let list = from(winner, &format!("{hosts:?}"), 5, &folder);
        assert_eq!(entry(&printed, "host"), list, "{one} and {other}");

        let server = program().start();
        let bound =
            server.addresses(2).iter().map(|address| address.ip().to_string()).collect::<Vec<_>>();
        assert_eq!(bound, hosts, "{one} and {other}");
        server.wait_for_log(&format!("hook sees listen=10{number} host={}", hosts.join(",")));
        server.stop();
    }
}

#[test]
fn with_no_source_the_default_holds() {
    let folder = scratch();
    let printed = with_sources(["default", "default"], &folder)
        .arg("--print-config=json")
        .run()
        .expect_code(0);
    assert_eq!(entry(&printed.stdout, "listen"), "{\"value\": 4096, \"source\": \"default\"}");
    assert_eq!(entry(&printed.stdout, "host"), "{\"value\": [\"*\"], \"source\": \"default\"}");
}

#[test]
fn a_personality_has_the_source_that_wrote_it() {
    let folder = scratch();
    let unwritten = || with_sources(["default", "default"], &folder);
    for (program, words, value, source) in [
        (unwritten(), &[][..], "single", "default"),
        (unwritten(), &["--server_type=single"], "single", "command line"),
        (program!("actor"), &[], "prefork", "attribute"),
        (program!("actor"), &["--server_type=single"], "single", "command line"),
    ] {
        let printed = program.args(words).arg("--print-config=json").run().expect_code(0);
        let expected = format!("{{\"value\": \"{value}\", \"source\": \"{source}\"}}");
        assert_eq!(entry(&printed.stdout, "server_type"), expected);
    }
}

#[test]
fn what_is_printed_is_a_conf_file_for_the_same_options() {
    let folder = scratch();
    let printed = with_sources(["command_line", "attribute"], &folder)
        .arg("--print-config")
        .run()
        .expect_code(0);
    let file = folder.write("printed.conf", &printed.stdout);
    let again = with_sources(["default", "default"], &folder)
        .arg(format!("--conf_file={}", file.display()))
        .arg("--print-config")
        .run()
        .expect_code(0);
    let settings = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split("  #").next().unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(settings(&printed.stdout), settings(&again.stdout));
    assert!(printed.stdout.contains("listen = 102"), "{}", printed.stdout);
}
