//! A page of Markdown, as far as its blocks of code and its links go.

use std::fs;
use std::path::{Path, PathBuf};

/// A page with its place in the repository.
pub(crate) struct Page {
    pub(crate) name: String,
    text: String,
}

/// A fenced block: the word behind its fence, and the lines in it.
pub(crate) struct Block<'a> {
    pub(crate) language: &'a str,
    pub(crate) lines: Vec<&'a str>,
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The page of that path in the repository.
pub(crate) fn page(name: &str) -> Page {
    let text = fs::read_to_string(root().join(name));
    Page { name: name.to_owned(), text: text.unwrap_or_else(|err| panic!("{name}: {err}")) }
}

/// Every page of the guide.
pub(crate) fn guide() -> Vec<Page> {
    let folder = "netserver/docs";
    let mut names: Vec<String> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md"))
        .collect();
    names.sort();
    names.iter().map(|name| page(&format!("{folder}/{name}"))).collect()
}

impl Page {
    /// Its blocks, in order. One may be indented, in a list.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                let inside = lines.by_ref().take_while(|line| line.trim() != "```");
                blocks.push(Block { language, lines: inside.map(str::trim_end).collect() });
            }
        }
        blocks
    }

    /// Where its links lead to, `](…)`, outside of blocks.
    pub(crate) fn links(&self) -> Vec<&str> {
        let mut is_code = false;
        let prose = self.text.lines().filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            is_code ^= fence;
            !is_code && !fence
        });
        prose
            .flat_map(|line| line.split("](").skip(1))
            .filter_map(|rest| rest.split_once(')'))
            .map(|(link, _)| link)
            .collect()
    }

    /// What its links by name stand for, `[name]: file`.
    pub(crate) fn definitions(&self) -> Vec<(&str, &str)> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix('['));
        lines.filter_map(|line| line.split_once("]: ")).collect()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The links that its headings can be reached by.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let kept = |c: char| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        };
        headings
            .map(|line| line.trim_start_matches('#').trim().chars().filter_map(kept).collect())
            .collect()
    }
}
