//! What stands between the key of an argument and its value.
//!
//! Takes in the tokens behind a key, hands on what stands there, and complains of everything but
//! `=`: which is known only when the value was read, too, so that the cure can show it.

use proc_macro2::{Group, TokenStream};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Ident, Token, token};

use crate::errors::Errors;
use crate::messages;
use crate::value::Value;

/// What stands there.
pub(crate) enum Sign {
    /// The key stands alone.
    Nothing,
    Equals,
    Arrow(Token![=>]),
    /// Another sign, which was meant as `=`.
    Other(TokenStream),
    /// The value itself, as the arguments of other attributes have it.
    Parentheses(Group),
}

impl Sign {
    /// Reads the sign, where there is one.
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![=>]) {
            input.parse().map(Self::Arrow)
        } else if input.peek(Token![==]) {
            let equal: Token![==] = input.parse()?;
            Ok(Self::Other(equal.into_token_stream()))
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>().map(|_| Self::Equals)
        } else if input.peek(Token![:]) && !input.peek(Token![::]) {
            let colon: Token![:] = input.parse()?;
            Ok(Self::Other(colon.into_token_stream()))
        } else if input.peek(token::Paren) {
            input.parse().map(Self::Parentheses)
        } else {
            Ok(Self::Nothing)
        }
    }

    /// Complains of what is no `=`.
    pub(crate) fn complain(&self, key: &Ident, value: &Value, errors: &mut Errors) {
        match self {
            Self::Nothing | Self::Equals => {}
            Self::Arrow(arrow) => errors.push(arrow, &messages::perl_arrow(key, value)),
            Self::Other(sign) => errors.push(sign, &messages::no_equals(key, sign, value)),
            Self::Parentheses(group) => errors.push(group, &messages::parentheses(key, value)),
        }
    }
}
