//! The generated parts of `docs/performance.md` and of the README.

use std::fs;
use std::io;

use crate::results::Results;
use crate::table;
use crate::tools::package;

/// A file of the package, and the lines between which it is generated.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    begin: &'static str,
    end: &'static str,
    text: fn(&Results) -> String,
}

/// Both are of the same results, so that they have the same digits.
pub(crate) const ALL: [Page; 2] = [
    Page {
        path: "docs/performance.md",
        begin: "<!-- begin: cargo bench -p netserver --bench compare -- --page -->\n",
        end: "<!-- end -->\n",
        text: table::markdown,
    },
    Page {
        path: "../README.md",
        begin: "<!-- performance: cargo bench -p netserver --bench compare -- --page -->\n",
        end: "<!-- /performance -->\n",
        text: table::rates,
    },
];

/// Puts the tables between the marks.
///
/// # Errors
/// Where there is nothing to publish, or a page could not be read or written, or has no marks.
pub(crate) fn write(results: &Results) -> io::Result<()> {
    let fault = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    if cfg!(debug_assertions) {
        return Err(fault("--page: nothing of a trial, which is not optimized".to_owned()));
    }
    may_be_published(results).map_err(fault)?;
    for page in &ALL {
        let path = package().join(page.path);
        let filled = page.filled(&fs::read_to_string(&path)?, results);
        let filled = filled.ok_or_else(|| fault(format!("{} has no marks", page.path)))?;
        fs::write(path, filled)?;
    }
    Ok(())
}

/// # Errors
/// Why nobody is to take these for results.
pub(crate) fn may_be_published(results: &Results) -> Result<(), String> {
    if results.rows.is_empty() {
        return Err("--page: nothing was measured yet".to_owned());
    }
    let quick = Vec::from_iter(results.quick());
    if !quick.is_empty() {
        return Err(format!("--page: measured by --quick only: {}", quick.join("; ")));
    }
    Ok(())
}

impl Page {
    /// The page with its table between its marks.
    pub(crate) fn filled(&self, page: &str, results: &Results) -> Option<String> {
        let (before, _, after) = self.parts(page)?;
        let text = (self.text)(results);
        Some(format!("{before}{}{text}{}{after}", self.begin, self.end))
    }

    /// What stands before the marks, between them, and after.
    pub(crate) fn parts<'a>(&self, page: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
        let (before, rest) = page.split_once(self.begin)?;
        let (between, after) = rest.split_once(self.end)?;
        Some((before, between, after))
    }
}
