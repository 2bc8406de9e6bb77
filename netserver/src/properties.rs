//! What holds for whatever anybody sends or writes: the entry points of the targets in `fuzz/`, which the
//! generated tests here and in other modules call as well. Each panics where it does not hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is how a test fails")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd;

use netserver_options::kind::{Kind, Pattern};
use netserver_options::{AccessDefault, BuiltIn, Table};

use crate::accepted::Accepted;
use crate::access::{Facts, Name, Rules, Verdict};
use crate::buffer::Buffers;
use crate::connection::Connection;
use crate::handover;
use crate::mux::lines_in_pieces;
use crate::options::merge::merge;
use crate::options::properties;
use crate::options::set::OptionSet;
use crate::options::source::Source;
use crate::wire::Limits;

/// A conf file is refused, or means what is printed of it.
pub fn conf(bytes: &[u8]) {
    properties::conf_file(bytes);
}

/// A command line is refused, or means what is printed of it. A NUL byte stands between its words.
pub fn argv(bytes: &[u8]) {
    let words = bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    properties::command_line(&words.collect::<Vec<_>>());
}

/// The environment is refused, or means what is printed of it. A NUL byte stands between its variables, each
/// `NAME=value`.
pub fn environment(bytes: &[u8]) {
    let variables = bytes.split(|byte| *byte == 0).filter_map(|variable| {
        let at = variable.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&variable[..at]), text(&variable[at + 1..])))
    });
    properties::environment(variables.collect());
}

/// The value of an option, as `name=value`, is refused, or has a usual form that is its own.
pub fn value(text: &str) {
    if let Some((name, value)) = text.split_once('=') {
        properties::value(name, value.to_owned());
    }
}

/// No words of the environment have a process give away what is its own. Each stands on a line.
pub fn hand_over(bytes: &[u8]) {
    let mut words = bytes.split(|byte| *byte == b'\n').map(OsStr::from_bytes);
    handover::do_no_harm([(); handover::TEXTS].map(|()| words.next()));
}

/// A client is turned away by any `deny`, is let in by any `allow`, and otherwise as `access_default` has
/// it. The first line is the client's address, the second its name, and each of the rest a rule.
pub fn access(text: &str) {
    let mut lines = text.lines();
    let Some(address) = lines.next().and_then(|line| line.parse::<IpAddr>().ok()) else { return };
    let name = lines.next().unwrap_or_default();
    let mut set = OptionSet::new(Table::BUILT_IN, Source::Object);
    let (mut denied, mut allowed, mut rules) = (false, false, 0);
    for line in lines {
        let Some((option @ ("allow" | "deny"), value)) = line.split_once('=') else { continue };
        if set.set(option, value).is_err() {
            continue;
        }
        let rule = Pattern::parse(value.trim()).unwrap();
        let holds = rule.matches_address(address) || rule.matches_text(name);
        *(if option == "deny" { &mut denied } else { &mut allowed }) |= holds;
        rules += 1;
    }
    let options = merge(&set.into_settings(), Table::BUILT_IN, Some(BuiltIn::PreFork));
    let options = options.unwrap().options;
    let expected = !denied && (rules == 0 || allowed);
    assert_eq!(options.access_default(), AccessDefault::Deny);
    let facts = Facts {
        address: Some(address.to_canonical()),
        name: Name::Confirmed(name.to_owned()),
        credentials: None,
    };
    let verdict = Rules::of(&options).unwrap().decide(&facts);
    assert_eq!(verdict == Verdict::Allowed, expected, "{text:?}: {verdict:?}");
}

/// The longest line that is read.
const LONGEST: usize = 40;
/// What a pipe holds of packets, and of bytes in each.
const PACKETS: usize = 16;
const MOST: usize = 4096;

/// A client's bytes are the lines that they are as a whole, up to one that is longer than `max_line`,
/// however many come at once: the first byte says that.
pub fn lines(bytes: &[u8]) {
    let Some((at_once, bytes)) = bytes.split_first() else { return };
    let bytes = &bytes[..bytes.len().min(MOST)];
    let at_once = usize::from(*at_once).max(bytes.len().div_ceil(PACKETS)).max(1);
    let all = bytes.split_inclusive(|byte| *byte == b'\n');
    let line = |line: &[u8]| match line.strip_suffix(b"\n") {
        Some(line) => (line.strip_suffix(b"\r").unwrap_or(line).to_vec(), true),
        None => (line.to_vec(), false),
    };
    let all: Vec<(Vec<u8>, bool)> = all.map(line).collect();

    let good = all.iter().take_while(|(line, _)| line.len() <= LONGEST);
    let good: Vec<Vec<u8>> = good.map(|(line, _)| line.clone()).collect();
    let fault = (good.len() < all.len()).then_some(io::ErrorKind::InvalidData);
    assert_eq!(lines_that_are_read(bytes, at_once), (good, fault), "{at_once} of {bytes:?}");

    let whole: Vec<Vec<u8>> =
        all.into_iter().filter_map(|(line, whole)| whole.then_some(line)).collect();
    assert_eq!(lines_in_pieces(bytes.chunks(at_once)), whole, "{at_once} of {bytes:?}");
}

/// What a handler reads, and how that ends.
fn lines_that_are_read(bytes: &[u8], at_once: usize) -> (Vec<Vec<u8>>, Option<io::ErrorKind>) {
    let none = Duration::ZERO;
    let limits = Limits { read: none, write: none, request: none, handshake: none, line: LONGEST };
    // Each read of such a pipe gives what one write has written.
    let (input, packets) = unistd::pipe2(OFlag::O_DIRECT | OFlag::O_CLOEXEC).unwrap();
    let mut packets = File::from(packets);
    for packet in bytes.chunks(at_once) {
        packets.write_all(packet).unwrap();
    }
    drop(packets);
    let output = OwnedFd::from(File::create("/dev/null").unwrap());
    let accepted = Accepted::pipes(input, output);
    let mut conn = Connection::new(accepted, "tcp", limits, Buffers::default());
    let mut lines = Vec::new();
    loop {
        match conn.next_line_bytes() {
            Ok(Some(line)) => lines.push(line),
            Ok(None) => return (lines, None),
            Err(err) => return (lines, Some(err.kind())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn rule() -> impl Strategy<Value = String> {
        let hosts =
            prop::sample::select(vec!["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "10.0.0.0", "::"]);
        let value = prop_oneof![
            (hosts, 0..=128_u8).prop_map(|(host, length)| format!("{host}/{length}")),
            r"10\.0\.0\.[0-9]{1,2}|[a-z.*|()]{0,8}|localhost|.*",
        ];
        ("allow|deny", value).prop_map(|(option, value)| format!("{option}={value}\n"))
    }

    proptest! {
        #[test]
        fn a_client_is_let_in_as_the_rules_have_it(
            address in "10\\.0\\.0\\.[0-9]|::ffff:10\\.0\\.0\\.1|fe80::[0-9]", name in "[a-z.]{0,8}|localhost",
            rules in prop::collection::vec(rule(), 0..5),
        ) {
            access(&format!("{address}\n{name}\n{}", rules.concat()));
        }

        #[test]
        fn lines_are_what_they_are_as_a_whole(at_once: u8, bytes in r"([a-z\r]{0,45}\r?\n){0,9}[a-z]{0,50}") {
            lines(&[&[at_once], bytes.as_bytes()].concat());
        }

        #[test]
        fn any_bytes_are_lines(bytes: Vec<u8>) {
            lines(&bytes);
        }
    }

    /// The name of a target, and what it calls.
    type Target = (&'static str, fn(&[u8]));

    /// What the fuzzer starts from, and what it has found before.
    #[test]
    fn the_seeds_of_the_fuzzer() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
        if !seeds.exists() {
            // The package alone is tested, and has none.
            return;
        }
        let targets: [Target; 7] = [
            ("access", |bytes| access(&String::from_utf8_lossy(bytes))),
            ("argv", argv),
            ("conf", conf),
            ("environment", environment),
            ("hand_over", hand_over),
            ("lines", lines),
            ("values", |bytes| value(&String::from_utf8_lossy(bytes))),
        ];
        for (target, property) in targets {
            let files: Vec<_> = fs::read_dir(seeds.join(target)).unwrap().collect();
            assert!(files.len() > 3, "{target} has {} seeds", files.len());
            for file in files {
                property(&fs::read(file.unwrap().path()).unwrap());
            }
        }
    }
}
