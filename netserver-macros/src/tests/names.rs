//! What an expansion may name: the path of the runtime, `::core`, and what the user named.

use netserver_options::hook;
use proc_macro2::{TokenStream, TokenTree};

use super::{expand, tokens};

const ARGS: &str = r#"crate = probe, personality = ["prefork", "multiplex"], port = ["0", PORT], log_level = LEVEL"#;

/// The head of the runtime's path, and what else the user named.
const GIVEN: &[&str] = &[
    "probe", "users", "T", "LEVEL", "PORT", "WAIT", "Alias", "Users", "Vec", "Option", "first",
    "many", "maybe", "started", "aliased", "waits",
];

/// What needs no path: Rust's own words, and what our impls define.
const OWN: &[&str] = &[
    "impl",
    "for",
    "fn",
    "let",
    "mut",
    "type",
    "self",
    "Self",
    "bool",
    "answer",
    "automatically_derived",
    "declaration",
    "named",
    "Personality",
    "const",
    "WRITTEN",
    "net_server_has_arguments_twice__keep_those_of_the_struct",
    // Those of a struct.
    "use",
    "as",
    "_",
    "where",
    "pub",
    "measured",
    "FROM_OPTIONS",
    "true",
    "from_options",
    "options",
    "server",
    "run",
    "run_with",
    "arguments",
    "Name",
    "Value",
    "Item",
];

#[test]
fn nothing_is_expected_in_scope() {
    let user = block();
    // One attribute stands before the user's block: a `#` and a group.
    hold(expand(ARGS, &user), 2 + tokens(&user).into_iter().count());
}

#[test]
fn nothing_is_expected_in_scope_of_a_struct() {
    let user = "pub struct Users<T> {
        #[option(default = 1, range = 1..=9)] first: Alias,
        #[option(default = [WAIT, 5])] many: Vec<Alias>,
        #[option] maybe: Option<T>,
        #[option(default = WAIT, range = 1..=9)] waits: T,
        #[state(WAIT)] started: Alias,
        aliased: Alias,
    }";
    // Behind the name and the parameters the braces.
    hold(expand(ARGS, user), 7);
}

/// Holds every name behind the user's own tokens.
fn hold(expansion: TokenStream, users: usize) {
    let generated = expansion.into_iter().skip(users);
    let mut words = Vec::new();
    flatten(generated.collect(), &mut words);
    assert!(words.len() > 200, "{words:?}");
    for at in 0..words.len() {
        check(&words, at);
    }
}

/// A block with every method there is: some with all parameters, and the handler with none.
fn block() -> String {
    let methods = hook::all().filter(|spec| **spec != hook::PROCESS_REQUEST);
    let methods: Vec<String> = methods.map(|one| format!("{} {{}}", one.signature())).collect();
    let methods = methods.join("\n");
    format!("impl<T> users::Echo<T> {{ {methods} fn process_request(&mut self) {{}} }}")
}

fn check(words: &[String], at: usize) {
    let before = |back: usize| at.checked_sub(back).map_or("", |at| words[at].as_str());
    let word = words[at].as_str();
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let qualified = before(1) == ":" && before(2) == ":";
    // What stands behind a path, with its arguments or without, is no start of one.
    let goes_on = qualified && (is_name(before(3)) || before(3) == ">");
    if !is_name(word) || before(1) == "." || goes_on {
        return;
    }
    if qualified {
        assert_eq!(word, "core", "the only absolute path");
        return;
    }
    let in_table = hook::all().any(|spec| {
        let params = spec.params.iter().map(|param| param.name);
        params.chain([spec.name]).any(|name| name == word.trim_start_matches('_'))
    });
    let known = GIVEN.contains(&word) || OWN.contains(&word) || in_table;
    assert!(known, "`{word}` behind `{}`", words[at.saturating_sub(8)..at].join(" "));
}

/// Every token, with the groups opened; attributes are left out, since what they name is the
/// compiler's.
fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    let mut attribute = false;
    for tree in tokens {
        let skip = attribute && matches!(tree, TokenTree::Group(_));
        attribute = matches!(&tree, TokenTree::Punct(sign) if sign.as_char() == '#');
        match tree {
            _ if skip => {}
            TokenTree::Group(group) => {
                words.push("(".to_owned());
                flatten(group.stream(), words);
                words.push(")".to_owned());
            }
            other => words.push(other.to_string()),
        }
    }
}
