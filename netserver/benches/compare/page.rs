//! The generated part of `docs/performance.md`.

use std::fs;
use std::io;

use crate::tools::package;

const BEGIN: &str = "<!-- begin: cargo bench -p netserver --bench compare -- --page -->\n";
const END: &str = "<!-- end -->\n";

/// Puts the table between the marks.
///
/// # Errors
/// Where the page could not be read or written, or has no marks.
pub(crate) fn write(table: &str) -> io::Result<()> {
    let path = package().join("docs/performance.md");
    let page = fs::read_to_string(&path)?;
    let filled = filled(&page, table).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "docs/performance.md has no marks")
    })?;
    fs::write(path, filled)
}

/// The page with the table between its marks.
pub(crate) fn filled(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}
