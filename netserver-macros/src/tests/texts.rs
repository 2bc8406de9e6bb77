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

fn read(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("the crate's sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, sources);
        } else {
            sources.push_str(&fs::read_to_string(&path).expect("a source is text"));
        }
    }
}
