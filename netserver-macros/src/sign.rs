//! What stands between the key of an argument and its value.
//!
//! Takes in the tokens behind a key, hands on what stands there, and complains of everything but
//! the sign that belongs there: only when the value was read, too, so that the cure can show it.

use proc_macro2::{Group, TokenStream};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Token, token};

use crate::args::Pair;
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;

/// What stands there.
pub(crate) enum Sign {
    /// The key stands alone.
    Nothing,
    Equals(Token![=]),
    Colon(Token![:]),
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
            input.parse().map(Self::Equals)
        } else if input.peek(Token![:]) && !input.peek(Token![::]) {
            input.parse().map(Self::Colon)
        } else if input.peek(token::Paren) {
            input.parse().map(Self::Parentheses)
        } else {
            Ok(Self::Nothing)
        }
    }

    /// Complains of what does not belong there.
    pub(crate) fn complain(&self, pair: &Pair, errors: &mut Errors) {
        match (self, pair.form) {
            (Self::Nothing, _)
            | (Self::Equals(_), Form::Attribute | Form::Field)
            | (Self::Colon(_), Form::Call) => {}
            (Self::Arrow(arrow), _) => errors.push(arrow, &messages::perl_arrow(pair)),
            (Self::Parentheses(group), _) => errors.push(group, &messages::parentheses(pair)),
            (Self::Equals(sign), _) => errors.push(sign, &messages::other_sign(pair, "=")),
            (Self::Colon(sign), _) => errors.push(sign, &messages::other_sign(pair, ":")),
            (Self::Other(sign), _) => {
                errors.push(sign, &messages::other_sign(pair, &sign.to_string()));
            }
        }
    }
}
