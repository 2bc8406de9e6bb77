//! An enum of a server's own, whose variants are the values of an option.

use std::fmt;
use std::marker::PhantomData;

use super::{KindSpec, Reading, Text};
use crate::personality::one_of;
use crate::reject::Reject;

/// An enum whose variants are the values of an option. `#[derive(OptionValue)]` writes it.
pub trait OptionValue: Sized {
    /// The name of each variant, in their order.
    const NAMES: &'static [&'static str];
    /// What `--help` says of each; an empty text where nothing is said.
    const MEANINGS: &'static [&'static str];

    /// The variant of that name.
    fn from_name(name: &str) -> Option<Self>;

    /// The name of this one.
    fn name(&self) -> &'static str;
}

/// One of the names of `T`.
pub struct Named<T>(PhantomData<T>);

impl<T> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Named")
    }
}

impl<T: OptionValue> Named<T> {
    /// The data of this kind.
    pub const SPEC: KindSpec = KindSpec {
        read: |text| {
            let value = Self::parse(text)?;
            Ok(Reading { canonical: value.name().to_owned(), measure: None })
        },
        placeholder: "NAME",
        expected: Self::expected,
        choices: || T::NAMES.to_vec(),
        meanings: || T::MEANINGS.to_vec(),
        ..KindSpec::of::<Text>()
    };

    fn expected() -> String {
        one_of(T::NAMES.iter().copied())
    }

    /// The value of a text.
    ///
    /// # Errors
    /// What was expected, with the nearest of the names.
    pub fn parse(text: &str) -> Result<T, Reject> {
        let text = text.trim();
        if let Some(value) = T::from_name(text) {
            return Ok(value);
        }
        let reject = Reject::expected(Self::expected(), text);
        Err(match crate::nearest(text, T::NAMES.iter().copied()) {
            Some(near) => reject.with_help(format!("did you mean `{near}`?")),
            None => reject,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Colour {
        Red,
        DarkBlue,
    }

    impl OptionValue for Colour {
        const NAMES: &'static [&'static str] = &["red", "dark-blue"];
        const MEANINGS: &'static [&'static str] = &["", "as the night"];

        fn from_name(name: &str) -> Option<Self> {
            match name {
                "red" => Some(Self::Red),
                "dark-blue" => Some(Self::DarkBlue),
                _ => None,
            }
        }

        fn name(&self) -> &'static str {
            match self {
                Self::Red => "red",
                Self::DarkBlue => "dark-blue",
            }
        }
    }

    #[test]
    fn a_name_is_a_value() {
        assert_eq!(Named::<Colour>::parse(" dark-blue "), Ok(Colour::DarkBlue));
        let said = Named::<Colour>::parse("dark-blu").unwrap_err().to_string();
        let expected =
            "expected `red` or `dark-blue`, got dark-blu\n  help: did you mean `dark-blue`?";
        assert_eq!(said, expected);
        assert_eq!((Named::<Colour>::SPEC.read)("red").unwrap().canonical, "red");
        assert!(Named::<Colour>::parse("Red").is_err());
    }
}
