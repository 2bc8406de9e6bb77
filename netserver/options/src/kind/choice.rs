//! One of a few names, each standing for a value of an enum.

use std::fmt;
use std::marker::PhantomData;

use super::Kind;
use crate::personality::{BuiltIn, one_of};
use crate::reject::Reject;

/// An enum whose values have names.
pub trait Choices: Copy + fmt::Debug + PartialEq + 'static {
    /// Every value with its name, in the order in which messages list them.
    fn named() -> Vec<(&'static str, Self)>;
}

impl Choices for BuiltIn {
    fn named() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|one| (one.name(), *one)).collect()
    }
}

/// One of the names of `E`, in lower case.
#[derive(Debug)]
pub struct Choice<E>(PhantomData<E>);

impl<E: Choices> Kind for Choice<E> {
    type Value = E;
    const PLACEHOLDER: &'static str = "NAME";

    fn expected() -> String {
        one_of(Self::choices().into_iter())
    }

    fn parse(text: &str) -> Result<E, Reject> {
        let named = E::named();
        if let Some((_, value)) = named.iter().find(|(name, _)| *name == text) {
            return Ok(*value);
        }
        let reject = Reject::expected(Self::expected(), text);
        Err(match crate::nearest(text, Self::choices()) {
            Some(near) => reject.with_help(format!("did you mean `{near}`?")),
            None => reject,
        })
    }

    fn print(value: &E) -> String {
        let named = E::named();
        let name = named.iter().find(|(_, one)| one == value).map(|(name, _)| *name);
        name.unwrap_or_default().to_owned()
    }

    fn choices() -> Vec<&'static str> {
        E::named().into_iter().map(|(name, _)| name).collect()
    }
}
