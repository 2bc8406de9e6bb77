//! What an option of the server's own is where nobody sets it.
//!
//! Takes in the argument `default`, hands on texts and expressions. A literal is held against kind
//! and range here, an expression at start.

use netserver_options::OptionSpec;
use proc_macro2::TokenStream;
use quote::ToTokens;

use super::known::Known;
use crate::args::Pair;
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::model::{Known as KnownText, Preset, Shape, Text};
use crate::value::{Literal, Value};
use crate::words;

/// Checks the default of the option `name`. `spec` is its row where the type is known.
pub(crate) fn check(
    name: &str,
    known: &Known,
    spec: Option<&OptionSpec>,
    pair: Option<&Pair>,
    errors: &mut Errors,
) -> Preset {
    let Some(pair) = pair else {
        return unset(known);
    };
    let list = known.shape == Shape::All;
    match &pair.value {
        Value::Missing => {
            errors.push(&pair.key, &messages::default_without_value());
            Preset::Nothing
        }
        Value::List(elements) if !list => {
            errors.push(elements, &messages::default_is_a_list(name, &known.one));
            Preset::Nothing
        }
        Value::List(list) => {
            let elements = list.elements.iter();
            Preset::Each(elements.filter_map(|one| value(name, spec, one, errors)).collect())
        }
        Value::Computed(expr) if list && !words::only(expr) => Preset::Whole(expr.clone()),
        one => Preset::Each(value(name, spec, one, errors).into_iter().collect()),
    }
}

/// A flag that nobody sets is false.
fn unset(known: &Known) -> Preset {
    let flag = known.kind.is_some_and(|kind| kind.flag);
    if known.shape != Shape::One || !flag {
        return Preset::Nothing;
    }
    let text = false.to_string();
    Preset::Each(vec![Text::Known(KnownText { text, measure: None, tokens: TokenStream::new() })])
}

fn value(
    name: &str,
    spec: Option<&OptionSpec>,
    value: &Value,
    errors: &mut Errors,
) -> Option<Text> {
    match value {
        Value::Literal(literal) => literally(name, spec, literal, errors).map(Text::Known),
        Value::Computed(expr) if words::only(expr) => {
            let written = expr.to_token_stream();
            errors.push(expr, &messages::no_quotes("default", &written, Form::Field));
            None
        }
        Value::Computed(expr) => Some(Text::Computed(expr.clone())),
        Value::List(list) => {
            errors.push(list, &messages::list_in_list(name));
            None
        }
        Value::Odd(literal) => {
            errors.push(literal, &messages::no_value(literal));
            None
        }
        Value::Missing | Value::Broken => None,
    }
}

fn literally(
    name: &str,
    spec: Option<&OptionSpec>,
    literal: &Literal,
    errors: &mut Errors,
) -> Option<KnownText> {
    let measure = match spec.map(|spec| spec.check(&literal.text)) {
        Some(Err(reject)) => {
            errors.push(literal, &messages::refused_default(name, reject));
            return None;
        }
        Some(Ok(reading)) => reading.measure,
        None => None,
    };
    Some(KnownText { text: literal.text.clone(), measure, tokens: literal.to_token_stream() })
}
