//! What the attribute says of a mistake, and what it takes without a word.
//!
//! `fail/<topic>/<mistake>.rs` is one mistake each, named after it, with all that the compiler says
//! beside it; `TRYBUILD=overwrite cargo test -p netserver-ui-tests` writes that anew. A message
//! changes only on purpose, so read what changed.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn mistakes_are_said_and_servers_pass() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*/*.rs");
    // It runs the cases when it is dropped.
    drop(cases);
    refuse_quotations();
}

/// A message that quotes the sources of the standard library does so only where these are
/// installed, and changes with every compiler.
fn refuse_quotations() {
    let mut messages = Vec::new();
    find(Path::new("fail"), &mut messages);
    for path in messages {
        let text = fs::read_to_string(&path).expect("a message is text");
        assert!(!text.contains("$RUST"), "{} quotes the standard library", path.display());
    }
}

fn find(folder: &Path, messages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the fixtures are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, messages);
        } else if path.extension().is_some_and(|extension| extension == "stderr") {
            messages.push(path);
        }
    }
}
