//! Completions and the manual page, as the shells and `man` take them.

use std::path::Path;

use netserver::testing::{Program, Scratch, scratch, tool};

use super::program;

fn printed(command: &str) -> String {
    program!("declared").arg(command).run().expect_code(0).stdout
}

/// The file that a command's answer is in.
fn file_of(command: &str, folder: &Scratch) -> String {
    folder.write("printed", printed(command)).display().to_string()
}

/// What a tool prints, which has nothing to complain of.
fn quietly(tool: &Path, words: &[&str]) -> String {
    let finished = Program::new(tool).args(words).env("LC_ALL", "C").run().expect_code(0);
    assert_eq!(finished.stderr(), "");
    finished.stdout
}

#[test]
fn bash_completes_options_and_values() {
    let Some(bash) = tool("bash") else { return };
    let folder = scratch();
    let script = file_of("--print-completions=bash", &folder);
    let complete = |words: &str, at: usize| {
        let asks = format!(
            "source {script}; complete -p declared >&2 || exit 1; \
             COMP_WORDS=({words}); COMP_CWORD={at}; \
             _declared declared \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{at}-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let words = ["--norc", "--noprofile", "-c", &asks];
        let finished = Program::new(&bash).args(words).run().expect_code(0);
        assert!(finished.stderr().contains("-F _declared"), "{}", finished.stderr());
        finished.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("declared --max_sp", 1), ["--max_spare_servers"]);
    assert_eq!(complete("declared --greet", 1), ["--greeting"]);
    assert_eq!(complete("declared --manner ''", 2), ["warm", "very-cold"]);
    assert_eq!(complete("declared -m v", 2), ["very-cold"]);
    assert_eq!(complete("declared --manner =", 2), ["warm", "very-cold"]);
    assert_eq!(complete("declared --manner = v", 3), ["very-cold"]);
    assert_eq!(complete("declared --print-completions = z", 3), ["zsh"]);
    let types = complete("declared --server_type pre", 2);
    assert_eq!(types, ["prefork_simple", "prefork"]);
    assert_eq!(complete("declared --print-m", 1), ["--print-man"]);
    assert_eq!(complete("declared --keepalive =", 2), ["yes", "no"]);
    assert_eq!(complete("declared --loud = n", 3), ["no"]);
    assert_eq!(complete("declared --loud --qui", 2), ["--quick"]);
}

#[test]
fn zsh_and_fish_take_their_scripts() {
    let folder = scratch();
    if let Some(zsh) = tool("zsh") {
        quietly(&zsh, &["-n", &file_of("--print-completions=zsh", &folder)]);
    }
    if let Some(fish) = tool("fish") {
        let script = file_of("--print-completions=fish", &folder);
        quietly(&fish, &["--no-execute", &script]);
        let asks = format!("source {script}; complete -C 'declared --manner '");
        let home = folder.path().display().to_string();
        let finished =
            Program::new(&fish).args(["--no-config", "-c", &asks]).env("HOME", &home).run();
        let values = finished.expect_code(0).stdout;
        assert_eq!(values, "very-cold\nwarm\tAs among friends\n");
        let asks = format!("source {script}; complete -C 'declared --loud='");
        let finished =
            Program::new(&fish).args(["--no-config", "-c", &asks]).env("HOME", &home).run();
        assert_eq!(finished.expect_code(0).stdout, "--loud=no\n--loud=yes\n");
    }
}

#[test]
fn man_shows_the_page_without_a_warning() {
    let folder = scratch();
    let page = file_of("--print-man", &folder);
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(!written.contains("ServerInfo") && written.contains("Sys::Syslog"), "{written}");
    if let Some(groff) = tool("groff") {
        let text = quietly(&groff, &["-ww", "-man", "-Tascii", "-P-cbou", &page]);
        for said in [
            "Greets, in its manner",
            "declared [OPTION=VALUE]... [--] [ARGUMENTS]",
            "-g, --greeting <TEXT>",
            "warm (As among friends), very-cold",
            "--max_servers <NUMBER>",
            "-l, --loud [<YES|NO>]",
            "GREETER_MAX_SERVERS",
            "GREETER_OPTION",
            "EXIT STATUS",
            "SIGNALS",
        ] {
            let text = text.replace(' ', "");
            assert!(text.contains(&said.replace(' ', "")), "{said}: {text}");
        }
    }
    if let Some(man) = tool("man") {
        let text = quietly(&man, &["--warnings", "-l", &page]);
        assert!(text.contains("declared"), "{text}");
    }
}

#[test]
fn a_name_that_no_script_can_have_is_one_line() {
    let folder = scratch();
    let name = folder.join("my greeter");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_declared"), &name).unwrap();
    let finished = Program::new(&name).arg("--print-completions=bash").run().expect_code(2);
    assert_eq!(finished.stdout, "");
    let said = "my greeter: --print-completions: no script can be for a program named \"my greeter\"\n  help: ";
    assert!(finished.stderr().starts_with(said), "{}", finished.stderr());
}

#[test]
fn a_shell_that_nobody_knows_is_an_error() {
    for (word, said) in [
        ("--print-completions", "declared: --print-completions: needs a value"),
        ("--print-completions=csh", "declared: --print-completions: takes no value csh"),
        ("--print-man=8", "declared: --print-man: takes no value 8"),
    ] {
        let finished = program!("declared").arg(word).run().expect_code(2);
        assert!(finished.stderr().starts_with(said), "{}", finished.stderr());
    }
}
