//! What the README and the guide show is what there is: their commands are run, their conf files read,
//! and their links lead somewhere. Their Rust is compiled as documentation of the crate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::os::unix::fs::MetadataExt;

use netserver::testing::{Program, scratch, tool};

#[path = "guide/expected.rs"]
mod expected;
#[path = "guide/page.rs"]
mod page;
#[path = "guide/session.rs"]
mod session;
#[path = "guide/words.rs"]
mod words;

use page::{Block, Page, guide, page, root};
use session::{Session, example};

/// The commands of a block, each with what it prints: behind `$ `, or behind `# ` where root is asked for.
fn commands<'a>(block: &Block<'a>, prompt: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in &block.lines {
        match (line.strip_prefix(prompt), commands.last_mut()) {
            (Some(command), _) => commands.push((command, Vec::new())),
            (None, Some((_, printed))) => printed.push(line),
            (None, None) => {}
        }
    }
    commands
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn the_readmes_commands_print_what_it_says() {
    if tool("bash").is_none() || tool("nc").is_none() || tool("xargs").is_none() {
        return;
    }
    let readme = page("README.md");
    let mut session = Session::new();
    let mut count = 0;
    for block in readme.blocks().iter().filter(|block| block.language == "console") {
        let of_root = commands(block, "# ");
        for (command, printed) in commands(block, "$ ") {
            session.run(command, &printed);
            count += 1;
        }
        for (command, printed) in of_root.iter().filter(|_| is_root()) {
            session.run(command, printed);
        }
    }
    assert!(count > 10, "{count} commands");
}

#[test]
fn every_kind_of_block_is_one_that_something_checks() {
    // `text` is for drawings, and for files of other programs.
    let known = ["rust", "rust,no_run", "no_run", "console", "conf", "toml", "yaml", "text"];
    for page in guide().iter().chain([&page("README.md")]) {
        for block in page.blocks() {
            let is_rust = block.language.split(',').any(|word| word == "compile_fail");
            assert!(
                is_rust || known.contains(&block.language),
                "{}: a block of {:?}: {:?}",
                page.name,
                block.language,
                block.lines
            );
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let pages =
        [page("README.md"), page("CONTRIBUTING.md"), page("SECURITY.md"), page("CHANGELOG.md")];
    for from in &pages {
        let folder = root();
        for link in from.links().iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { from.name.as_str() } else { file };
            assert!(folder.join(file).exists(), "{}: {link}", from.name);
            let leads = anchor.is_empty() || page(file).anchors().iter().any(|one| one == anchor);
            assert!(leads, "{}: {link} has no such heading", from.name);
        }
    }
}

/// The documentation of the crate defines such a link before the page does.
#[test]
fn a_page_of_the_guide_leads_to_another_as_a_file_too() {
    let (crate_page, mut count) = (page("netserver/src/lib.rs"), 0);
    for from in guide() {
        let definitions = from.definitions();
        let within = from.links().into_iter().filter(|link| link.starts_with('#'));
        let lost: Vec<&str> =
            within.filter(|link| !from.anchors().iter().any(|one| one == &link[1..])).collect();
        assert!(lost.is_empty(), "{}: {lost:?} are on another page", from.name);
        for (name, file) in definitions {
            assert!(root().join("netserver/docs").join(file).exists(), "{}: {file}", from.name);
            assert!(crate_page.has(&format!("//! [{name}]: ")), "{}: {name} in lib.rs", from.name);
            count += 1;
        }
    }
    assert!(count > 5, "{count} links");
}

/// Has the options of these words read, whether or not what they name is there.
fn expect_read(page: &Page, shown: &str, arguments: &[String]) {
    let finished = Program::new(example("echo")).args(arguments).arg("--print-config").run();
    assert_eq!(finished.code(), Some(0), "{}: {shown}\n{}", page.name, finished.stderr());
}

#[test]
fn every_conf_file_of_the_guide_is_one() {
    let mut count = 0;
    for page in guide() {
        for block in page.blocks().iter().filter(|block| block.language == "conf") {
            let folder = scratch();
            let text = block.lines.join("\n");
            let file = folder.write("page.conf", &text);
            expect_read(&page, &text, &[format!("--conf_file={}", file.display())]);
            count += 1;
        }
    }
    assert!(count > 1, "{count} conf files");
}

#[test]
fn every_option_of_a_command_in_the_guide_is_one() {
    let mut count = 0;
    for page in guide() {
        for block in page.blocks().iter().filter(|block| block.language != "conf") {
            for line in &block.lines {
                for arguments in words::of_servers(line) {
                    expect_read(&page, line, &arguments);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 5, "{count} commands");
}
