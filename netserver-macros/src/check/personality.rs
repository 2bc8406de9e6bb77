//! How connections are given to processes, as the argument `personality` says.
//!
//! Takes in the argument, hands on what was chosen. Checks the names of built-in personalities; a
//! type is rustc's to check.

use std::slice;

use netserver_options::{BuiltIn, Reject, Scope, nearest};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ExprPath, Path};

use super::meant::{self, Meant};
use crate::args::Pair;
use crate::errors::Errors;
use crate::messages;
use crate::model::Personality;
use crate::value::Value;

/// What serves where the user says nothing.
const DEFAULT: BuiltIn = BuiltIn::Single;
/// Net::Server's name for a server that is any of them, as `--server_type` says: here each is.
pub(super) const ANY: &str = "multitype";

/// What was chosen, as far as it can be made out.
pub(crate) enum Chosen {
    /// Nothing: the default serves.
    Default,
    /// That nothing is chosen: the default serves, and options may be for any of them.
    Any,
    /// By name, the first of which is the default. Never empty.
    Named(Vec<(BuiltIn, Span)>),
    /// Somebody's own type, which may use any option.
    Own(ExprPath),
    /// It was complained of; what depends on it cannot be told.
    Unclear,
}

/// Makes out what was chosen.
pub(crate) fn check(pair: Option<&Pair>, errors: &mut Errors) -> Chosen {
    let Some(Pair { key, value, .. }) = pair else {
        return Chosen::Default;
    };
    match value {
        Value::List(list) if list.elements.is_empty() => errors.push(list, &messages::no_name()),
        Value::List(list) => return named(&list.elements, errors),
        Value::Literal(name) if name.text == ANY => return Chosen::Any,
        Value::Literal(_) => return named(slice::from_ref(value), errors),
        Value::Computed(Expr::Path(path)) => return own(path, errors),
        Value::Computed(_) | Value::Odd(_) => errors.push(value, &messages::no_personality()),
        Value::Missing => errors.push(key, &messages::no_personality()),
        Value::Broken => {}
    }
    Chosen::Unclear
}

fn named(values: &[Value], errors: &mut Errors) -> Chosen {
    let mut named: Vec<(BuiltIn, Span)> = Vec::new();
    for value in values {
        match built_in(value) {
            Ok(one) if named.iter().any(|(earlier, _)| *earlier == one) => {
                errors.push(value, &messages::personality_twice(one.name()));
            }
            Ok(one) => named.push((one, value.span())),
            Err(reject) => errors.push(value, &reject),
        }
    }
    // A name too few would make options look out of place that are not.
    if named.len() == values.len() { Chosen::Named(named) } else { Chosen::Unclear }
}

fn built_in(value: &Value) -> Result<BuiltIn, Reject> {
    let Value::Literal(name) = value else {
        return Err(messages::no_name());
    };
    if name.text == ANY {
        return Err(messages::any_in_a_list());
    }
    BuiltIn::from_name(&name.text).ok_or_else(|| {
        let names = BuiltIn::ALL.iter().map(|one| one.name()).chain([ANY]);
        let near = meant::personality(&name.text).map(Meant::name);
        messages::unknown_personality(&name.text, near.or_else(|| nearest(&name.text, names)))
    })
}

/// A type; but `prefork` without quotes is a slip, and it is plain what was meant. `PreFork` may be
/// the runtime's own type.
fn own(path: &ExprPath, errors: &mut Errors) -> Chosen {
    let name = joined(&path.path);
    let word = name.strip_prefix("Net::Server::").unwrap_or(&name);
    let Some(meant) = meant::personality(word).filter(|one| one.type_name() != Some(&name)) else {
        return Chosen::Own(path.clone());
    };
    errors.push(path, &messages::unquoted_personality(&name, meant.name()));
    match meant {
        Meant::One(one) => Chosen::Named(vec![(one, path.span())]),
        Meant::Any => Chosen::Any,
    }
}

fn joined(path: &Path) -> String {
    let segments = path.segments.iter().map(|segment| segment.ident.to_string());
    segments.collect::<Vec<_>>().join("::")
}

impl Chosen {
    /// The built-in personalities that may serve; `None` where there may be others.
    pub(crate) fn scope(&self) -> Option<Scope> {
        match self {
            Self::Default => Some(Scope::of(DEFAULT)),
            Self::Any => Some(Scope::UNNAMED),
            Self::Named(named) => named.iter().map(|(one, _)| Scope::of(*one)).reduce(Scope::or),
            Self::Own(_) | Self::Unclear => None,
        }
    }

    /// What serves unless it is told otherwise; `None` where that is unclear.
    pub(crate) fn into_model(self) -> Option<Personality> {
        match self {
            Self::Default => Some(Personality::Default(DEFAULT)),
            Self::Any => Some(Personality::Any(DEFAULT)),
            Self::Named(named) => {
                let mut named = named.into_iter();
                let first = named.next()?;
                Some(Personality::Named { first, others: named.collect() })
            }
            Self::Own(path) => Some(Personality::Own(path)),
            Self::Unclear => None,
        }
    }
}
