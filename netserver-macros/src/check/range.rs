//! Least and greatest value of a server's own option.
//!
//! Takes in the argument `range`, hands on its ends as texts. Complains of ends that the kind of the
//! field does not take; whether an unknown type has numbers at all is rustc's to find out.

use syn::spanned::Spanned;
use syn::{Expr, ExprRange, RangeLimits};

use super::known::Known;
use crate::args::Pair;
use crate::errors::Errors;
use crate::messages;
use crate::model::Range;
use crate::value::{Literal, Value};

/// Checks the range of the option `name`.
pub(crate) fn check(name: &str, known: &Known, pair: &Pair, errors: &mut Errors) -> Option<Range> {
    let [low, high] = ends(pair, errors)?;
    let unsure = known.kind.is_none().then(|| pair.value.span());
    let range = Range { low: low.text.clone(), high: high.text.clone(), unsure };
    let Some(kind) = known.kind else {
        return Some(range);
    };
    match [&low, &high].map(|end| (kind.read)(&end.text).map(|reading| reading.measure)) {
        [Ok(None), _] | [_, Ok(None)] => errors.push(&pair.key, &messages::no_measure(name)),
        [Ok(least), Ok(greatest)] if least <= greatest => return Some(range),
        [Ok(_), Ok(_)] => errors.push(&pair.value, &messages::empty_range(&low, &high)),
        readings => {
            for (end, reading) in [&low, &high].into_iter().zip(readings) {
                if let Err(reject) = reading {
                    errors.push(end, &messages::refused_end(name, reject));
                }
            }
        }
    }
    None
}

/// Both ends, which are literals.
fn ends(pair: &Pair, errors: &mut Errors) -> Option<[Literal; 2]> {
    let Value::Computed(Expr::Range(range)) = &pair.value else {
        match &pair.value {
            Value::Missing => errors.push(&pair.key, &messages::no_range()),
            Value::Broken => {}
            value => errors.push(value, &messages::no_range()),
        }
        return None;
    };
    let ExprRange { start: Some(start), end: Some(end), limits, .. } = range else {
        errors.push(range, &messages::open_range());
        return None;
    };
    if let RangeLimits::HalfOpen(dots) = limits {
        errors.push(dots, &messages::half_open_range(start, end));
        return None;
    }
    match [Value::of((**start).clone()), Value::of((**end).clone())] {
        [Value::Literal(low), Value::Literal(high)] => Some([low, high]),
        [Value::Literal(_), other] | [other, _] => {
            errors.push(other, &messages::computed_range());
            None
        }
    }
}
