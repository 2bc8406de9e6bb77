//! The shape of the runtime, held by its sources: a module uses only what stands above it in
//! `lib.rs`, only `sys` is unsafe, every option has a reader and every hook a caller, and the hook
//! traits are the hook table.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use netserver_options::{OPTIONS, hook};

/// The code of every source file by its path under `src`, without its tests and comments.
fn sources() -> BTreeMap<String, String> {
    fn collect(folder: &Path, into: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                into.insert(name, code.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    let mut all = BTreeMap::new();
    collect(&root(), &mut all);
    all
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The module a file belongs to: `pool/plan.rs` and `pool/mod.rs` to `pool`.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The names that a piece of code has behind `crate::`. A list there has an empty one, which is no
/// module: each `use` says its own.
fn used(code: &str) -> impl Iterator<Item = &str> {
    let name = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    code.split("crate::").skip(1).map(move |rest| &rest[..name(rest).unwrap_or(rest.len())])
}

/// What is wrong with the names that a file of the module `own` uses, where the modules stand in
/// this order.
fn misuses(own: &str, code: &str, order: &[&str]) -> Vec<String> {
    let place = |name: &str| order.iter().position(|one| *one == name);
    let misuse = |name: &str| match place(name) {
        None => Some(format!("crate::{name}, which is no module of lib.rs: name it by its module")),
        Some(other) => {
            (Some(other) > place(own)).then(|| format!("{name}, which stands below it in lib.rs"))
        }
    };
    used(code).filter_map(misuse).collect()
}

/// These hand on what others have: they name it as users do.
const OUTSIDE: [&str; 3] = ["lib.rs", "prelude.rs", "__private.rs"];

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let sources = sources();
    let order: Vec<&str> = sources["lib.rs"]
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert!(order.len() > 15, "{order:?}");
    for (file, code) in sources.iter().filter(|(file, _)| !OUTSIDE.contains(&file.as_str())) {
        assert!(order.contains(&module(file)), "{file} is in no module of lib.rs");
        let misuses = misuses(module(file), code, &order);
        assert!(misuses.is_empty(), "{file} uses {}", misuses.join(", "));
    }
}

#[test]
fn a_name_that_is_no_module_is_a_misuse() {
    let misuses = |code: &str| misuses("pool", code, &["sys", "pool", "server"]).len();
    assert_eq!(misuses("use crate::sys::clock; crate::pool::x()"), 0);
    assert_eq!(misuses("use crate::server::Server;"), 1);
    assert_eq!(misuses("fn serve(conn: &mut crate::Connection)"), 1);
    assert_eq!(misuses("use crate::{sys, pool};"), 1);
    assert_eq!(misuses("use crate::*; pub use crate::system::y;"), 2);
}

#[test]
fn only_sys_is_unsafe() {
    for (file, code) in sources() {
        let is_unsafe =
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        assert!(!is_unsafe || module(&file) == "sys", "{file} is unsafe");
    }
    let lib = &sources()["lib.rs"];
    assert!(lib.contains("#![deny(unsafe_code)]"));
}

#[test]
fn every_option_has_a_reader() {
    let sources = sources();
    let readers: String = sources
        .iter()
        .filter(|(file, _)| module(file) != "options" && module(file) != "__private")
        .map(|(_, code)| code.as_str())
        .collect();
    for spec in OPTIONS {
        let getter = readers.contains(&format!("options().{}()", spec.name))
            || readers.contains(&format!("options.{}()", spec.name));
        // These two are read before there are typed options.
        let early = ["conf_file", "server_type"].contains(&spec.name);
        assert!(getter || early, "nobody reads the option {}", spec.name);
    }
}

/// What the program implements.
const TRAITS: [&str; 2] = ["handler.rs", "mux/server.rs"];

#[test]
fn every_hook_has_a_caller_and_stands_in_its_trait() {
    let sources = sources();
    let names: Vec<&str> = TRAITS
        .iter()
        .flat_map(|file| sources[*file].lines())
        .filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next())
        .collect();
    let table = hook::HOOKS.iter().chain([&hook::PROCESS_REQUEST]).chain(hook::CALLBACKS);
    let table: Vec<&str> = table.map(|spec| spec.name).collect();
    assert_eq!(
        names, table,
        "the traits of handler.rs and mux/server.rs, and the hook table differ"
    );
    for name in table {
        let called =
            sources.iter().filter(|(file, _)| !TRAITS.contains(&file.as_str())).any(|(_, code)| {
                // It may be handed on to whoever calls it.
                [format!(".{name}("), format!("::{name}("), format!("S::{name})")]
                    .iter()
                    .any(|call| code.contains(call))
            });
        assert!(called, "nobody calls {name}");
    }
}

#[test]
fn every_hook_is_documented_in_four_parts() {
    let text = TRAITS.map(|file| fs::read_to_string(root().join(file)).unwrap()).concat();
    // What has to be there has no default.
    let left_out =
        hook::all().filter(|spec| ![&hook::PROCESS_REQUEST, &hook::MUX_INPUT].contains(spec));
    for spec in left_out {
        let before = text.split(&format!("fn {}(", spec.name)).next().unwrap();
        let docs = before.rsplit("\n\n").next().unwrap();
        for part in ["*When:*", "*Default:*", "# Errors"] {
            assert!(docs.contains(part), "{}: no {part}", spec.name);
        }
    }
}

#[test]
fn nothing_public_goes_without_documentation() {
    let workspace = root().join("../../Cargo.toml");
    let lints = fs::read_to_string(workspace).unwrap();
    for lint in ["missing_docs = \"deny\"", "missing_errors_doc = \"deny\""] {
        assert!(lints.contains(lint), "no {lint} in the lints of the workspace");
    }
    for package in ["..", "../options", "../../netserver-macros"] {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{package} has lints of its own");
    }
    for (file, code) in sources() {
        for attribute in
            code.split("#[").chain(code.split("#![")).map(|rest| rest.split(']').next().unwrap())
        {
            let silences = attribute.starts_with("allow(") || attribute.starts_with("expect(");
            let one = ["missing_docs", "missing_errors_doc"]
                .iter()
                .find(|lint| attribute.contains(**lint));
            assert!(!silences || one.is_none(), "{file} silences {one:?}");
        }
    }
}
