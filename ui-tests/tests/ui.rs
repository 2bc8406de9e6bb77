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

/// The mistakes that were thought of first, before there was any code. Not yet here, since nothing has
/// them: an option that was renamed, one of a feature that is off.
const FIRST: [&str; 26] = [
    "option/unknown",
    "option/unknown_far_from_all",
    "option/duplicate",
    "option/wrong_kind",
    "option/out_of_range",
    "options_macro/bad_choice",
    "option/wrong_scope",
    "option/conflict",
    "option/missing_value",
    "option/perl_arrow",
    "option/quoted_key",
    "option/const_expr_wrong_type",
    "personality/unknown",
    "personality/not_a_string",
    "personality/async_fn",
    "personality/thread_without_clone",
    "item/on_trait_impl",
    "item/on_fn",
    "item/no_process_request",
    "item/wrong_receiver",
    "item/too_many_parameters",
    "item/hook_typo",
    "item/hook_wrong_return",
    "item/two_attributes",
    "item/unfinished_body",
    "many/helpers_still_callable",
];

#[test]
fn every_mistake_that_was_thought_of_first_is_here() {
    for mistake in FIRST {
        assert!(Path::new("fail").join(mistake).with_extension("stderr").exists(), "{mistake}");
    }
}

/// At most one mistake in ten is said in the compiler's words alone: ours tell the cure.
#[test]
fn nine_of_ten_mistakes_are_said_in_our_words() {
    let mut messages = Vec::new();
    find(Path::new("fail"), &mut messages);
    let ours = |text: &str| {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        // A message of ours, or of a trait of ours, or of one of our items by its name.
        let of_a_trait = ["error[E0277]: ", "error[E0080]: "];
        let help = text.contains("help: ") || text.contains("note: ");
        let by_name = text.contains("`net_server_has_");
        by_name
            || help
                && (first.starts_with("error: ")
                    || of_a_trait.iter().any(|start| first.starts_with(start)))
    };
    let texts = messages.iter().map(|path| fs::read_to_string(path).expect("a message is text"));
    let others = texts.filter(|text| !ours(text)).count();
    assert!(others * 10 <= messages.len(), "{others} of {}", messages.len());
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
