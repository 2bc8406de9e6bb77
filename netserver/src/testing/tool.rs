//! Tools that a machine may lack: the tests that want one are skipped, unless that is forbidden.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Set where every tool must be there, so that no skipped test goes unnoticed.
const REQUIRE_TOOLS: &str = "NETSERVER_TESTS_REQUIRE_TOOLS";

/// Where the tool is; or `None`, after one line that says that the test is skipped.
///
/// Where `NETSERVER_TESTS_REQUIRE_TOOLS` is set a missing tool fails the test.
///
/// ```no_run
/// # use netserver::testing::tool;
/// let Some(strace) = tool("strace") else { return };
/// ```
#[track_caller]
pub fn tool(name: &str) -> Option<PathBuf> {
    let found = find(name, &env::var_os("PATH").unwrap_or_default());
    if found.is_none() {
        skip(name);
    }
    found
}

/// The same, where the tool also has to run these arguments without an error: a module that it loads,
/// say.
#[track_caller]
pub fn tool_with(name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let found = tool(name)?;
    let mut command = Command::new(&found);
    let runs = command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).status();
    if runs.is_ok_and(|status| status.success()) {
        return Some(found);
    }
    skip(&format!("what `{name} {}` needs", arguments.join(" ")));
    None
}

#[track_caller]
fn skip(name: &str) {
    let line = skipped(name, env::var_os(REQUIRE_TOOLS).is_some());
    // Not by `eprintln!`, which the test runner hides for a test that passes. It is no matter
    // for the test whether anybody reads it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// What is said of the test that lacks the tool, where it may be skipped at all.
#[track_caller]
fn skipped(name: &str, is_required: bool) -> String {
    assert!(!is_required, "{name} is not installed, and {REQUIRE_TOOLS} is set");
    let test = thread::current().name().map(|test| format!(" ({test})"));
    format!("skipped: {name} is not installed{}", test.unwrap_or_default())
}

/// The first program of that name in the directories of the search path.
fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|directory| directory.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|entry| entry.is_file() && entry.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scratch::scratch;

    #[test]
    fn a_shell_is_found() {
        assert!(tool("sh").is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn only_a_program_is_a_tool() {
        let directory = scratch();
        directory.write("strace", "no program");
        std::fs::create_dir(directory.join("socat")).unwrap();
        assert_eq!(find("strace", directory.path().as_os_str()), None);
        assert_eq!(find("socat", directory.path().as_os_str()), None);
        assert_eq!(find("nc", directory.path().as_os_str()), None);
    }

    #[test]
    fn a_missing_tool_skips_the_test() {
        let line = skipped("no-such-tool", false);
        assert!(line.starts_with("skipped: no-such-tool is not installed"), "{line}");
    }

    #[test]
    #[should_panic(expected = "no-such-tool is not installed, and NETSERVER_TESTS_REQUIRE_TOOLS")]
    fn a_missing_tool_fails_the_test_where_tools_are_required() {
        skipped("no-such-tool", true);
    }
}
