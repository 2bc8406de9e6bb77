//! An option of the server's own, as a field declares it.
//!
//! Takes in a field and the arguments of its `#[option]`, hands on the option. What one value may be
//! is asked of the kind that the field's type has.

use netserver_options::{OptionSpec, Reject, command, find, own};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Ident, LitChar};

use super::arguments::Arguments;
use super::known::{self, Known};
use super::{default, range};
use crate::args::Pair;
use crate::errors::Errors;
use crate::messages;
use crate::model::{OwnOption, Range, Shape};
use crate::structure::Field;
use crate::value::Value;

/// Checks one option; the errors say what is not valid.
pub(crate) fn check(
    field: &Field,
    ident: &Ident,
    pairs: &[Pair],
    errors: &mut Errors,
) -> Option<OwnOption> {
    let arguments = Arguments::sort(pairs, errors);
    let name = name(ident, arguments.name, errors)?;
    let known = known::look(&field.ty);
    if known.holds_nothing() {
        errors.push(&known.one, &messages::no_type(&known.one));
        return None;
    }
    let range = arguments.range.and_then(|pair| range::check(&name, &known, pair, errors));
    let spec = spec(&name, &known, range.as_ref());
    let default = default::check(&name, &known, spec.as_ref(), arguments.default, errors);
    has_a_value(field, ident, &known, &arguments, errors);
    if let Some(pair) = arguments.secret {
        hold_secret(pair, &known, &arguments, errors);
    }
    Some(OwnOption {
        summary: field.docs.summary.trim_end_matches('.').to_owned(),
        details: field.docs.details.clone(),
        shape: known.shape,
        ty: field.ty.clone(),
        one: known.one,
        unsure: known.kind.is_none(),
        required: arguments.required.is_some(),
        short: arguments.short.and_then(|pair| short(pair, errors)),
        secret: arguments.secret.is_some(),
        name,
        default,
        range,
    })
}

/// The option's name, which no other may have.
fn name(field: &Ident, given: Option<&Pair>, errors: &mut Errors) -> Option<String> {
    let (name, place) = match given.map(|pair| (&pair.value, pair)) {
        None => (field.unraw().to_string(), field.to_token_stream()),
        Some((Value::Literal(literal), _)) => (literal.text.clone(), literal.to_token_stream()),
        Some((Value::Broken, _)) => return None,
        Some((value, pair)) => {
            let place = if matches!(value, Value::Missing) {
                pair.key.to_token_stream()
            } else {
                value.to_token_stream()
            };
            errors.push(place, &messages::name_is_no_text());
            return None;
        }
    };
    if let Some(message) = taken(&name) {
        errors.push(place, &message);
    }
    Some(name)
}

/// The letter of an option.
fn short(pair: &Pair, errors: &mut Errors) -> Option<char> {
    let Value::Odd(tokens) = &pair.value else {
        match &pair.value {
            Value::Missing => errors.push(&pair.key, &messages::short_is_no_letter()),
            Value::Broken => {}
            value => errors.push(value, &messages::short_is_no_letter()),
        }
        return None;
    };
    let Ok(letter) = syn::parse2::<LitChar>(tokens.clone()) else {
        errors.push(tokens, &messages::short_is_no_letter());
        return None;
    };
    match own::short(letter.value(), &[]) {
        Ok(()) => Some(letter.value()),
        Err(reject) => {
            errors.push(tokens, &messages::refused_short(reject));
            None
        }
    }
}

/// Holds that nobody can read a secret in the program.
fn hold_secret(secret: &Pair, known: &Known, arguments: &Arguments<'_>, errors: &mut Errors) {
    if known.kind.is_some_and(|kind| kind.flag) {
        errors.push(&secret.key, &messages::secret_flag());
    } else if let Some(default) = arguments.default {
        errors.push(&default.key, &messages::secret_with_default());
    }
}

/// Why no option of a server's own may have that name.
fn taken(name: &str) -> Option<Reject> {
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(snake) {
        Some(messages::bad_name(name))
    } else if let Some(spec) = find(name) {
        Some(messages::name_of_built_in(spec))
    } else {
        command::is_command(name).then(|| messages::name_of_command(name))
    }
}

/// The row that the runtime will have, to hold a default against it.
fn spec(name: &str, known: &Known, range: Option<&Range>) -> Option<OptionSpec> {
    // A row lives as long as its program; here that is one run of the compiler.
    let kept = |text: &str| -> &'static str { text.to_owned().leak() };
    let spec = OptionSpec::own(kept(name), "", "", known.kind?);
    Some(match range {
        Some(range) => spec.range(kept(&range.low), kept(&range.high)),
        None => spec,
    })
}

/// Holds that a field always has a value, and is not told to have one that it has anyway.
fn has_a_value(
    field: &Field,
    ident: &Ident,
    known: &Known,
    arguments: &Arguments<'_>,
    errors: &mut Errors,
) {
    let flag = known.kind.is_some_and(|kind| kind.flag);
    if arguments.unclear {
        return;
    }
    match (known.shape, arguments.required, arguments.default) {
        (Shape::One, Some(required), Some(_)) => {
            errors.push(&required.key, &messages::required_and_default());
        }
        (Shape::One, Some(required), None) if flag => {
            errors.push(&required.key, &messages::required_flag());
        }
        (Shape::One, None, None) if !flag => {
            errors.push(ident, &messages::no_default(ident, &field.ty));
        }
        (Shape::Maybe, Some(required), _) => {
            errors.push(&required.key, &messages::required_maybe(&known.one));
        }
        (Shape::All, Some(required), _) => {
            errors.push(&required.key, &messages::required_list());
        }
        (Shape::Maybe, None, Some(default)) => {
            errors.push(&default.key, &messages::default_of_maybe(&known.one));
        }
        _ => {}
    }
}
