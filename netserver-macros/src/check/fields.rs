//! The fields of a server's struct.
//!
//! Takes in fields with their marks, hands on where the value of each comes from. Complains of
//! marks that cannot be there; what stands in them is the business of others.

use netserver_options::Reject;
use syn::parse::Parser;
use syn::{Expr, Meta};

use super::own;
use crate::args::{self, Pair};
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::model::{Field as Valid, Origin};
use crate::structure::{Field, Mark, MarkKind, Structure};

/// Checks every field on its own, and the names of all.
pub(crate) fn check(structure: &Structure, errors: &mut Errors) -> Vec<Valid> {
    let mut valid: Vec<Valid> = Vec::new();
    for field in &structure.fields {
        only_one(field, errors);
        let origin = origin(structure, field, errors);
        if let (Some(name), Some(origin)) = (&field.name, origin) {
            let field = Valid { name: name.clone(), cfgs: field.cfgs.clone(), origin };
            twice(&valid, &field, errors);
            short_twice(&valid, &field, errors);
            valid.push(field);
        }
    }
    valid
}

/// Of two marks the second is too many.
fn only_one(field: &Field, errors: &mut Errors) {
    if let [first, second, ..] = field.marks.as_slice() {
        let message = if first.kind == second.kind {
            messages::mark_twice(second.attr.path())
        } else {
            messages::option_and_state()
        };
        errors.push(&second.attr, &message);
    }
}

fn origin(structure: &Structure, field: &Field, errors: &mut Errors) -> Option<Origin> {
    let Some(Mark { kind, attr }) = field.marks.first() else {
        return Some(Origin::Start(field.ty.clone()));
    };
    match kind {
        MarkKind::Foreign => errors.push(attr, &messages::foreign_mark(attr.path())),
        MarkKind::State if !structure.has_options() => {
            errors.push(attr, &messages::state_without_options(&structure.name));
        }
        MarkKind::State => return state(&attr.meta, errors).map(Origin::State),
        MarkKind::Option => match &field.name {
            Some(name) => {
                let pairs = arguments(&attr.meta, errors)?;
                return own::check(field, name, &pairs, errors).map(Box::new).map(Origin::Option);
            }
            None => errors.push(attr, &messages::option_without_name()),
        },
    }
    None
}

fn arguments(meta: &Meta, errors: &mut Errors) -> Option<Vec<Pair>> {
    match meta {
        Meta::Path(_) => Some(Vec::new()),
        Meta::List(list) => Some(args::parse(list.tokens.clone(), Form::Field, errors)),
        Meta::NameValue(pair) => {
            errors.push(pair, &messages::option_equals(&pair.value));
            None
        }
    }
}

fn state(meta: &Meta, errors: &mut Errors) -> Option<Expr> {
    let mut refuse = |message: &Reject| {
        errors.push(meta, message);
        None
    };
    match meta {
        Meta::Path(_) => refuse(&messages::state_without_value()),
        Meta::NameValue(pair) => refuse(&messages::state_equals(&pair.value)),
        Meta::List(list) => match <Expr as syn::parse::Parse>::parse.parse2(list.tokens.clone()) {
            Ok(expr) => Some(expr),
            Err(_) => refuse(&messages::state_without_value()),
        },
    }
}

/// So can two options of one letter.
fn short_twice(earlier: &[Valid], field: &Valid, errors: &mut Errors) {
    let letter = |one: &Valid| match &one.origin {
        Origin::Option(option) => option.short,
        _ => None,
    };
    let Some(short) = letter(field).filter(|_| field.cfgs.is_empty()) else { return };
    let same = |one: &&Valid| one.cfgs.is_empty() && letter(one) == Some(short);
    if let Some(first) = earlier.iter().find(same) {
        errors.push(&field.name, &messages::two_shorts(short, &first.name));
    }
}

/// Two options of one name can only be where a condition leaves one of them out.
fn twice(earlier: &[Valid], field: &Valid, errors: &mut Errors) {
    let named = |one: &Valid| match &one.origin {
        Origin::Option(option) => Some(option.name.clone()),
        _ => None,
    };
    let Some(name) = named(field).filter(|_| field.cfgs.is_empty()) else {
        return;
    };
    let same = |one: &&Valid| one.cfgs.is_empty() && named(one).as_ref() == Some(&name);
    if let Some(first) = earlier.iter().find(same) {
        errors.push(&field.name, &messages::two_options(&name, &first.name));
    }
}
