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

/// The modules that a piece of code names as `crate::<module>`, in a list of `use` too.
fn used(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap(),
        };
        found.extend(
            names.split(',').map(|name| name.trim().split("::").next().unwrap().to_owned()),
        );
    }
    found
}

#[test]
fn a_module_uses_only_what_stands_above_it() {
    let sources = sources();
    let order: Vec<&str> = sources["lib.rs"]
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let place = |name: &str| order.iter().position(|one| *one == name);
    assert!(order.len() > 15, "{order:?}");
    for (file, code) in
        sources.iter().filter(|(file, _)| !["lib.rs", "prelude.rs"].contains(&file.as_str()))
    {
        let own = place(module(file)).unwrap_or_else(|| panic!("{file} is in no module of lib.rs"));
        for name in used(code) {
            let Some(other) = place(&name) else { continue };
            assert!(other <= own, "{file} uses {name}, which stands below it in lib.rs");
        }
    }
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

#[test]
fn every_hook_has_a_caller_and_stands_in_its_trait() {
    let sources = sources();
    let handler = &sources["handler.rs"];
    let names: Vec<&str> = handler
        .lines()
        .filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next())
        .collect();
    let table: Vec<&str> =
        hook::HOOKS.iter().chain([&hook::PROCESS_REQUEST]).map(|spec| spec.name).collect();
    assert_eq!(names, table, "the traits of handler.rs and the hook table differ");
    for name in table {
        let called =
            sources.iter().filter(|(file, _)| module(file) != "handler").any(|(_, code)| {
                code.contains(&format!(".{name}(")) || code.contains(&format!("::{name}("))
            });
        assert!(called, "nobody calls {name}");
    }
}

#[test]
fn every_hook_is_documented_in_four_parts() {
    let text = fs::read_to_string(root().join("handler.rs")).unwrap();
    for spec in hook::HOOKS {
        let before = text.split(&format!("fn {}(", spec.name)).next().unwrap();
        let docs = before.rsplit("\n\n").next().unwrap();
        for part in ["*When:*", "*Default:*", "# Errors"] {
            assert!(docs.contains(part), "{}: no {part}", spec.name);
        }
    }
}
