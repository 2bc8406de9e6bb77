//! Arguments, methods and fields, held against the table.
//!
//! Takes in what was read, hands on a model of what is valid; complains of all that is not, each
//! time on the smallest wrong token. What rustc says better (types) is left to it.

mod arguments;
mod default;
mod fields;
mod keys;
mod known;
mod meant;
mod methods;
mod options;
mod own;
mod personality;
mod ports;
mod range;
mod rules;
mod signature;
mod variants;

use netserver_options::{Scope, own as rules_of_own};
use proc_macro2::Span;
use syn::{Expr, Path, parse_quote};

pub(crate) use self::keys::Keys;
use self::personality::Chosen;
pub(crate) use self::variants::check as variants;
use crate::block::Block;
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::model::{Declared, Model, Record, Setting};
use crate::structure::Structure;
use crate::value::Value;

/// Where the runtime lives.
pub(crate) fn runtime(keys: &Keys<'_>, errors: &mut Errors) -> Path {
    match keys.runtime.map(|pair| (&pair.key, &pair.value)) {
        None | Some((_, Value::Broken)) => {}
        Some((_, Value::Computed(Expr::Path(path)))) if path.qself.is_none() => {
            return path.path.clone();
        }
        Some((key, Value::Missing)) => errors.push(key, &messages::crate_path()),
        Some((_, value)) => errors.push(value, &messages::crate_path()),
    }
    parse_quote!(::netserver)
}

/// What the arguments declare; `None` where they are not valid.
pub(crate) fn declared(keys: &Keys<'_>, errors: &mut Errors) -> Option<Declared> {
    let chosen = personality::check(keys.personality, errors);
    let settings = options::check(&keys.options, &chosen, errors);
    rules::check(&settings, errors);
    ports::check(&settings, Form::Attribute, errors);
    let pass_unknown = pass_unknown(keys, errors);
    let env_prefix = env_prefix(keys, errors);
    let proto = keys.proto.cloned();
    let scope = chosen.scope();
    let multiplex = scope.is_some_and(|scope| scope.meets(Scope::MULTIPLEX));
    if let Some(proto) = keys.proto.filter(|_| multiplex) {
        errors.push(proto, &messages::proto_of_multiplex());
    }
    let personality = chosen.into_model()?;
    let place = keys.first.map_or_else(Span::call_site, |first| first.key.span());
    Some(Declared { personality, scope, proto, settings, pass_unknown, env_prefix, place })
}

/// Whether words that are no options are left to the server.
fn pass_unknown(keys: &Keys<'_>, errors: &mut Errors) -> bool {
    match keys.unknown.map(|pair| (&pair.key, &pair.value)) {
        None | Some((_, Value::Broken)) => return false,
        Some((_, Value::Literal(literal))) if literal.text == "pass" => return true,
        Some((key, Value::Missing)) => errors.push(key, &messages::unknown_options()),
        Some((_, value)) => errors.push(value, &messages::unknown_options()),
    }
    false
}

/// What variables of the environment begin with that set options.
fn env_prefix(keys: &Keys<'_>, errors: &mut Errors) -> Option<String> {
    let pair = keys.env_prefix?;
    match &pair.value {
        Value::Literal(literal) if rules_of_own::is_prefix(&literal.text) => {
            return Some(literal.text.clone());
        }
        Value::Literal(literal) => {
            errors.push(literal, &messages::no_prefix(rules_of_own::no_prefix(&literal.text)));
        }
        Value::Missing => errors.push(&pair.key, &messages::prefix_is_no_text()),
        Value::Broken => {}
        value => errors.push(value, &messages::prefix_is_no_text()),
    }
    None
}

/// The options of a list that stands alone: which personality will use them nobody knows here.
pub(crate) fn settings(keys: &Keys<'_>, errors: &mut Errors) -> Vec<Setting> {
    if let Some(pair) = keys.personality {
        errors.push(&pair.key, &messages::personality_in_a_list(pair));
    }
    let settings = options::check(&keys.options, &Chosen::Unclear, errors);
    rules::check(&settings, errors);
    ports::check(&settings, Form::Call, errors);
    settings
}

/// The server of an impl block, where nothing at all was complained of.
pub(crate) fn model(
    declared: Option<Declared>,
    block: &Block,
    errors: &mut Errors,
) -> Option<Model> {
    let scope = declared.as_ref().and_then(|declared| declared.scope);
    let methods = methods::check(block, scope, errors);
    errors.is_empty().then_some(Model { methods, declared })
}

/// The server of a struct, where nothing at all was complained of.
pub(crate) fn record(
    declared: Option<Declared>,
    structure: &Structure,
    errors: &mut Errors,
) -> Option<Record> {
    let fields = fields::check(structure, errors);
    let has_options = structure.has_options();
    declared.filter(|_| errors.is_empty()).map(|declared| Record { declared, fields, has_options })
}
