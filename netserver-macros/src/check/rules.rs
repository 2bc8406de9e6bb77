//! Relations between two options that are both set.
//!
//! Takes in the settings, complains of the second of two that cannot stand together. An expression
//! has no value yet, so the runtime holds it against the rules at start.

use netserver_options::rule::{self, Rule};

use crate::errors::Errors;
use crate::messages;
use crate::model::{Known, Setting, Text};

/// A setting with a value that rules can be held against.
struct Number<'a> {
    name: &'static str,
    measure: u64,
    known: &'a Known,
}

/// Holds every pair of numbers against every rule.
pub(crate) fn check(settings: &[Setting], errors: &mut Errors) {
    let rules = rule::closure();
    let numbers: Vec<Number<'_>> = settings.iter().filter_map(number).collect();
    for (at, second) in numbers.iter().enumerate() {
        for first in &numbers[..at] {
            for rule in &rules {
                hold(rule, first, second, errors);
            }
        }
    }
}

fn number(setting: &Setting) -> Option<Number<'_>> {
    let name = setting.spec.name;
    match setting.values.as_slice() {
        [Text::Known(known)] => known.measure.map(|measure| Number { name, measure, known }),
        _ => None,
    }
}

fn hold(rule: &Rule, first: &Number<'_>, second: &Number<'_>, errors: &mut Errors) {
    let high_is_second = (rule.low, rule.high) == (first.name, second.name);
    let low_is_second = (rule.low, rule.high) == (second.name, first.name);
    let broken = (high_is_second && rule.is_broken_by(first.measure, second.measure))
        || (low_is_second && rule.is_broken_by(second.measure, first.measure));
    if broken {
        let here = format!("{} here", first.known.text);
        let reject = rule.reject(high_is_second, &second.known.text, &here);
        errors.push(&second.known.tokens, &messages::broken_rule(second.name, &reject.fault, rule));
    }
}
