//! Names of files.

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
