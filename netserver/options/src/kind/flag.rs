//! Yes or no.

use super::{Json, Kind};
use crate::reject::Reject;

/// A boolean: `0 1 yes no true false on off`, in any case; the name alone is true.
#[derive(Debug)]
pub struct Flag;

impl Flag {
    /// The value of `text`, where it is one of the eight words.
    pub fn word(text: &str) -> Option<bool> {
        const WORDS: [(&str, bool); 8] = [
            ("1", true),
            ("0", false),
            ("yes", true),
            ("no", false),
            ("true", true),
            ("false", false),
            ("on", true),
            ("off", false),
        ];
        WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
    }
}

impl Kind for Flag {
    type Value = bool;
    const PLACEHOLDER: &'static str = "YES|NO";
    const FLAG: bool = true;
    const JSON: Json = Json::Bare;

    fn expected() -> String {
        "0, 1, yes, no, true, false, on or off".into()
    }

    fn parse(text: &str) -> Result<bool, Reject> {
        Self::word(text).ok_or_else(|| Reject::expected(Self::expected(), text))
    }

    fn print(value: &bool) -> String {
        value.to_string()
    }
}
