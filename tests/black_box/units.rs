//! The unit that a server prints of itself: systemd reads it without a word.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use netserver::testing::{scratch, tool};

use super::privileges::setpriv;
use super::{PERSONALITIES, actor, program};

/// What systemd says of a unit, which is nothing.
#[track_caller]
fn verify(analyze: &Path, unit: &str) {
    let directory = scratch();
    let file = directory.write("netserver-test.service", unit);
    let verify = Command::new(analyze).arg("verify").arg(&file).stdin(Stdio::null()).output();
    let verify = verify.unwrap();
    let said = [verify.stdout, verify.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(verify.status.success() && said.is_empty(), "{said}\n{unit}");
}

#[test]
fn systemd_accepts_it() {
    let Some(analyze) = tool("systemd-analyze") else { return };
    let directory = scratch();
    let mut units = Vec::new();
    for personality in PERSONALITIES.iter().chain(&["inet"]) {
        let printed = program!("actor").arg(format!("--server_type={personality}"));
        let printed = printed.arg("--print-unit").run();
        units.push(printed.expect_code(0).stdout);
    }
    let conf = directory.write("a server.conf", "port = 80\nport = s|unix\nport_file = 100%\n");
    let words = ["--print-unit", "--conf_file=a server.conf", "--", "a b", "$x", ";", "\"\\\n"];
    let printed = program!("actor").args(words).directory(directory.path()).run();
    let unit = printed.expect_code(0).stdout;
    for line in [
        "AmbientCapabilities",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n",
        &format!("--conf_file={}\" -- \"a b\" $$x \";\" \"\\\"\\\\\\n\"\n", conf.display()),
        &format!("\nWorkingDirectory={}\n", directory.path().display()),
        &format!("\nReadWritePaths={}\n", directory.path().display()),
    ] {
        // The options name no user, so nobody is given what root has.
        assert_eq!(unit.contains(line), line != "AmbientCapabilities", "{line}: {unit}");
    }
    units.push(unit);
    units.push(program!("actor").args(["--print-unit", "--port=/run/x/s|unix"]).run().stdout);
    for unit in units {
        assert!(unit.contains("\nExecStart=/"), "{unit}");
        verify(&analyze, &unit);
    }
}

/// What a unit sets.
fn setting<'a>(unit: &'a str, name: &str) -> Option<&'a str> {
    unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn a_service_that_starts_as_root_has_what_it_needs_each_time() {
    let Some(setpriv) = setpriv() else { return };
    let (logs, jail) = (scratch(), scratch());
    fs::set_permissions(jail.path(), Permissions::from_mode(0o755)).unwrap();
    let log = format!("--log_file={}", logs.join("log").display());
    let owned = format!("--port={}|unix", logs.join("socket").display());
    let jail = format!("--chroot={}", jail.path().display());
    for options in [
        &[&*log, &*jail, "--user=nobody"][..],
        &[&log, "--user=nobody", "--group=adm,mail"],
        &[&log, "--user=nobody", "--unix_owner=www-data", &owned],
    ] {
        let unit = actor(options).arg("--print-unit").run().expect_code(0).stdout;
        assert_eq!(setting(&unit, "User"), None, "{unit}");
        let granted = setting(&unit, "CapabilityBoundingSet").unwrap().to_lowercase();
        let granted = granted.split(' ').map(|one| one.replace("cap_", "+"));
        let bounds: Vec<String> = std::iter::once("-all".to_owned()).chain(granted).collect();
        let bounds = format!("--bounding-set={}", bounds.join(","));
        // The second one finds what the first one has given away.
        for _ in 0..2 {
            let server = actor(options).arg("--log_level=2").under(&setpriv, &[&bounds]).start();
            let closed = || fs::read_to_string(logs.join("log")).unwrap_or_default();
            server.wait_until("it serves", || closed().contains("Setting uid to"));
            server.stop();
            fs::write(logs.join("log"), "").unwrap();
        }
    }
}

#[test]
fn wrong_options_are_told_and_print_nothing() {
    let finished = actor(&["--print-unit", "--max_servers=0"]).run().expect_code(2);
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr().contains("--max_servers: "), "{}", finished.stderr());
}

/// The command in the unit starts the same server.
#[test]
fn the_command_is_the_one_that_was_given() {
    let directory = scratch();
    let ports = directory.join("the ports");
    let words = ["--server_type=single", "--port", "0/tcp", "--port_file", "the ports"];
    let print = |command: &str| {
        let program = actor(&words).directory(directory.path());
        program.arg(command).run().expect_code(0).stdout
    };
    let unit = print("--print-unit");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let again =
        Command::new("sh").args(["-c", &format!("{start} --print-config")]).output().unwrap();
    let again = String::from_utf8(again.stdout).unwrap();
    let expected = print("--print-config");
    let absolute = format!("= {}", ports.display());
    assert!(again.contains(&absolute), "{again}");
    let of = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("port_file"));
        lines
            .map(|line| line.split_once('#').unwrap_or((line, "")).0.trim_end().to_owned())
            .collect()
    };
    assert_eq!(of(&again), of(&expected));
}
