//! Where arguments stand: in the attribute, on a field, or in the macro `options!`.
//!
//! Hands on how an argument is written there, so that every cure can be pasted. Knows no option.

use std::fmt::Display;

/// A list of arguments, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `#[net_server(…)]`.
    Attribute,
    /// `#[option(…)]`.
    Field,
    /// `options! { … }`.
    Call,
}

impl Form {
    /// What stands between name and value.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Attribute | Self::Field => "=",
            Self::Call => ":",
        }
    }

    /// An argument as one writes it here.
    pub(crate) fn pair(self, key: impl Display, value: impl Display) -> String {
        match self {
            Self::Attribute | Self::Field => format!("{key} = {value}"),
            Self::Call => format!("{key}: {value}"),
        }
    }

    /// Any argument at all.
    pub(crate) fn example(self) -> String {
        match self {
            Self::Attribute | Self::Call => self.pair("port", 20203),
            Self::Field => self.pair("default", "\"hello\""),
        }
    }

    /// One that may stand without a value.
    pub(crate) const fn lone_example(self) -> &'static str {
        match self {
            Self::Attribute | Self::Call => "keepalive",
            Self::Field => "required",
        }
    }
}
