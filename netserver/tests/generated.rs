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
