//! Texts: as they are, and of any type that reads itself.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::{Kind, KindSpec, Reading};
use crate::reject::{Reject, shown};

/// Any text without control characters.
#[derive(Debug)]
pub struct Text;

impl Kind for Text {
    type Value = String;
    const PLACEHOLDER: &'static str = "TEXT";

    fn expected() -> String {
        "a text".into()
    }

    fn parse(text: &str) -> Result<String, Reject> {
        if text.chars().any(char::is_control) {
            return Err(Reject::expected("a text without control characters", text));
        }
        Ok(text.to_owned())
    }

    fn print(value: &String) -> String {
        value.clone()
    }
}

/// A type that reads itself from a text. Its values have no usual form but the text itself.
#[derive(Debug)]
pub struct Other<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Other<T> {
    /// The data of this kind.
    pub const SPEC: KindSpec = KindSpec {
        read: |text| {
            let text = Text::parse(text.trim())?;
            Self::parse(&text)?;
            Ok(Reading { canonical: text, measure: None })
        },
        placeholder: "VALUE",
        expected: || "a value".into(),
        ..KindSpec::of::<Text>()
    };

    /// The value of a text.
    ///
    /// # Errors
    /// What the type says.
    pub fn parse(text: &str) -> Result<T, Reject> {
        let cannot = |err| Reject::new(format!("{} is refused: {err}", shown(text)));
        text.trim().parse().map_err(cannot)
    }
}
