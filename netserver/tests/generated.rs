//! Generated files are tested and not trusted: rendered anew and compared. `UPDATE=1` rewrites them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

fn is_current(file: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, rendered).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    assert!(
        stored == rendered,
        "{file} is stale: UPDATE=1 cargo test -p netserver --test generated"
    );
}

#[test]
fn the_option_reference_is_current() {
    is_current("docs/options.md", &netserver_options::reference::options());
}

#[test]
fn the_rows_of_the_process_flow_are_current() {
    let file = "docs/process_flow.md";
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    is_current(file, &netserver_options::reference::process_flow(&page));
}

/// The documentation of a method in its trait, without its slashes.
fn docs_of(name: &str, traits: &str) -> String {
    let before = traits.split(&format!("    fn {name}(")).next().unwrap();
    let docs = before.rsplit("\n\n").next().unwrap();
    let lines = docs.lines().filter_map(|line| line.trim().strip_prefix("///"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A link as it is from the page of the crate.
fn linked(docs: &str) -> String {
    let own = ["mux_connection"]
        .map(|name| (format!("](Self::{name})"), format!("](crate::MuxServer::{name})")));
    let all = own.into_iter().chain([("](Mux::".to_owned(), "](crate::Mux::".to_owned())]);
    all.fold(docs.to_owned(), |docs, (from, to)| docs.replace(&from, &to))
}

/// Each hook as its trait documents it: what it does, when, in which process, its default and its errors.
fn hooks() -> String {
    let sources = ["src/handler.rs", "src/mux/server.rs"];
    let read =
        |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let traits = sources.map(read).concat();
    let mut page = String::from(
        "## Hooks\n\n\
         Every method that a server may have, in the order of the process flow. Parameters may be left off from\n\
         the right. *Process* is where it runs: the parent, a child that was forked, a worker, which serves\n\
         connections and with `single` is the parent as well, or any of them. What *with* says calls it.\n\
         `return Err(Error::fatal(…))` ends the process in any of them.\n",
    );
    for spec in netserver_options::hook::all_in_order() {
        let docs = linked(&docs_of(spec.name, &traits)).replace("# Errors\n", "*Errors:* ");
        let with = netserver_options::reference::called_by(spec);
        let process = spec.process.name();
        let (name, signature) = (spec.name, spec.signature());
        let head = format!("\n### `{name}`\n\n```text\n{signature}\n```\n\n");
        let tail = format!("\n\n*Process:* {process}; *with* {with}.\n");
        page.extend([head, docs, tail]);
    }
    page + "\n<!-- Made from the traits and the table of hooks; UPDATE=1 cargo test rewrites it. -->\n"
}

#[test]
fn the_hook_reference_is_current() {
    is_current("docs/hooks.md", &hooks());
}

#[test]
fn the_process_flow_names_every_hook_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/process_flow.md");
    let text = fs::read_to_string(path).unwrap();
    let places = netserver_options::hook::HOOKS.iter().map(|spec| {
        let row = format!("| `{}` |", spec.name);
        text.find(&row).unwrap_or_else(|| panic!("{} is not in process_flow.md", spec.name))
    });
    assert!(places.is_sorted(), "process_flow.md has the hooks in another order than the table");
    assert!(text.contains("| `process_request` |"), "process_request is not in process_flow.md");
}
