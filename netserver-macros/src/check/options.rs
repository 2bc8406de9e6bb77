//! The options that the arguments set.
//!
//! Takes in options with what the user wrote for them, hands on the settings that the table takes.
//! Knows every option alike: what one may be is asked of its row.

use netserver_options::table::SERVER_TYPE;
use netserver_options::{OptionSpec, Reject};
use quote::ToTokens;

use super::personality::Chosen;
use crate::args::Pair;
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::model::{Known, Setting, Text};
use crate::value::{Literal, Value};
use crate::words;

/// Checks every option on its own.
pub(crate) fn check(
    options: &[(&'static OptionSpec, &Pair)],
    chosen: &Chosen,
    errors: &mut Errors,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (spec, pair) in options {
        if spec.name == SERVER_TYPE && pair.form == Form::Attribute {
            errors.push(&pair.key, &messages::server_type(&pair.value));
        } else if has_effect(spec, pair, chosen, errors) {
            let key = pair.key.clone();
            let values = values(spec, pair, errors);
            settings.push(Setting { spec, key, values });
        }
    }
    settings
}

fn has_effect(spec: &OptionSpec, pair: &Pair, chosen: &Chosen, errors: &mut Errors) -> bool {
    let Some(scope) = chosen.scope() else {
        return true;
    };
    let meets = spec.works_with.meets(scope);
    if !meets {
        let reject = spec.out_of_scope(scope);
        let by_default = matches!(chosen, Chosen::Default);
        errors.push(&pair.key, &messages::out_of_scope(spec.name, reject, by_default));
    }
    meets
}

fn values(spec: &OptionSpec, pair: &Pair, errors: &mut Errors) -> Vec<Text> {
    match &pair.value {
        Value::Missing if spec.kind.flag => vec![Text::Known(Known {
            text: true.to_string(),
            measure: None,
            tokens: pair.key.to_token_stream(),
        })],
        Value::Missing => refuse(&pair.key, &messages::missing_value(spec, pair.form), errors),
        Value::List(list) if !spec.kind.repeats => {
            refuse(list, &messages::takes_one_value(spec, &list.elements, pair.form), errors)
        }
        Value::List(list) if list.elements.is_empty() => {
            refuse(list, &messages::empty_list(spec, pair.form), errors)
        }
        Value::List(list) => {
            let elements = list.elements.iter();
            elements.filter_map(|one| value(spec, one, pair.form, errors)).collect()
        }
        one => value(spec, one, pair.form, errors).into_iter().collect(),
    }
}

fn refuse(place: impl ToTokens, message: &Reject, errors: &mut Errors) -> Vec<Text> {
    errors.push(place, message);
    Vec::new()
}

fn value(spec: &OptionSpec, value: &Value, form: Form, errors: &mut Errors) -> Option<Text> {
    match value {
        Value::Literal(literal) => known(spec, literal, form, errors).map(Text::Known),
        Value::Computed(expr) if form == Form::Attribute && words::only(expr) => {
            let written = expr.to_token_stream();
            errors.push(expr, &messages::no_quotes(spec.name, &written, form));
            None
        }
        Value::Computed(expr) => Some(Text::Computed(expr.clone())),
        Value::List(list) => {
            errors.push(list, &messages::list_in_list(spec.name));
            None
        }
        Value::Odd(literal) => {
            errors.push(literal, &messages::no_value(literal));
            None
        }
        Value::Missing | Value::Broken => None,
    }
}

fn known(spec: &OptionSpec, literal: &Literal, form: Form, errors: &mut Errors) -> Option<Known> {
    match spec.check(&literal.text) {
        Ok(reading) => Some(Known {
            text: literal.text.clone(),
            measure: reading.measure,
            tokens: literal.to_token_stream(),
        }),
        Err(reject) => {
            errors.push(literal, &messages::refused(spec, reject, form));
            None
        }
    }
}
