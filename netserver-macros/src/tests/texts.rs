//! The texts of messages.rs, as the house writes them.

use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

const SOURCE: &str = include_str!("../messages.rs");

#[test]
fn texts_are_lower_case_without_a_full_stop() {
    let source: TokenStream = SOURCE.parse().expect("it compiles");
    let texts = literals(source);
    assert!(texts.len() > 50, "{texts:?}");
    for text in texts {
        assert!(!text.starts_with(char::is_uppercase), "{text}");
        assert!(!text.ends_with('.') || text.ends_with(".."), "{text}");
    }
}

/// Every string in `tokens`, those of attributes (documentation) left out.
fn literals(tokens: TokenStream) -> Vec<String> {
    let mut texts = Vec::new();
    let mut attribute = false;
    for tree in tokens {
        match &tree {
            TokenTree::Group(group) if !attribute => texts.extend(literals(group.stream())),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                texts.extend(text.map(|text| text.value()));
            }
            _ => {}
        }
        attribute = match &tree {
            TokenTree::Punct(punct) => punct.as_char() == '#' || attribute,
            _ => false,
        };
    }
    texts
}

#[test]
fn every_text_is_said_somewhere() {
    let mut sources = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let names = SOURCE.lines().filter_map(|line| line.strip_prefix("pub(crate) fn "));
    for name in names.filter_map(|rest| rest.split('(').next()) {
        assert!(sources.contains(&format!("messages::{name}(")), "{name} is never said");
    }
}

/// Text that no test shows is text that nobody has read.
#[test]
fn every_text_is_shown_by_a_fixture_or_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown = String::new();
    read(&root.join("../ui-tests/fail"), &mut shown);
    read(&root.join("src/tests"), &mut shown);
    read(&root.join("src/pipeline.rs"), &mut shown);
    let source: TokenStream = SOURCE.parse().expect("it compiles");
    let fixed = |text: &str| {
        let parts = text.split(['{', '}']).step_by(2);
        parts.max_by_key(|part| part.len()).unwrap_or_default().trim().to_owned()
    };
    let texts = literals(source);
    let hidden: Vec<_> = texts.iter().filter(|text| !shown.contains(&fixed(text))).collect();
    assert!(hidden.is_empty(), "in no fixture and no test: {hidden:#?}");
}

fn read(folder: &Path, sources: &mut String) {
    if folder.is_file() {
        sources.push_str(&fs::read_to_string(folder).expect("it is text"));
        return;
    }
    for entry in fs::read_dir(folder).expect("the crate's sources").flatten() {
        read(&entry.path(), sources);
    }
}
