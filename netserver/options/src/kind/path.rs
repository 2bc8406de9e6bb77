//! Names of files and folders.

use std::path::PathBuf;

use super::Kind;
use crate::reject::Reject;

/// A file name: not empty, without control characters.
#[derive(Debug)]
pub struct Path;

impl Kind for Path {
    type Value = PathBuf;
    const PLACEHOLDER: &'static str = "FILE";

    fn expected() -> String {
        "a file name".into()
    }

    fn parse(text: &str) -> Result<PathBuf, Reject> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Reject::expected(Self::expected(), text));
        }
        Ok(PathBuf::from(text))
    }

    fn print(value: &PathBuf) -> String {
        value.to_string_lossy().into_owned()
    }
}

/// A folder's name: the same.
#[derive(Debug)]
pub struct Folder;

impl Kind for Folder {
    type Value = PathBuf;
    const PLACEHOLDER: &'static str = "FOLDER";

    fn expected() -> String {
        "a folder".into()
    }

    fn parse(text: &str) -> Result<PathBuf, Reject> {
        Path::parse(text).map_err(|_| Reject::expected(Self::expected(), text))
    }

    fn print(value: &PathBuf) -> String {
        Path::print(value)
    }
}
