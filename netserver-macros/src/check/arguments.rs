//! Which argument of `#[option]` is what.
//!
//! Takes in pairs, hands on those that we know. Complains of names that nobody knows, in the words
//! of those who know them from elsewhere, and of names that stand twice.

use netserver_options::{Reject, nearest};

use crate::args::Pair;
use crate::errors::Errors;
use crate::messages;
use crate::value::Value;

/// All there are.
const NAMES: [&str; 6] = ["default", "range", "name", "required", "short", "secret"];

/// The arguments by what they are.
#[derive(Default)]
pub(crate) struct Arguments<'a> {
    pub(crate) default: Option<&'a Pair>,
    pub(crate) range: Option<&'a Pair>,
    pub(crate) name: Option<&'a Pair>,
    pub(crate) required: Option<&'a Pair>,
    pub(crate) short: Option<&'a Pair>,
    pub(crate) secret: Option<&'a Pair>,
    /// There was an argument that we do not know, so nobody can tell what is missing.
    pub(crate) unclear: bool,
}

impl<'a> Arguments<'a> {
    /// Sorts the arguments.
    pub(crate) fn sort(pairs: &'a [Pair], errors: &mut Errors) -> Self {
        let mut arguments = Self::default();
        for pair in pairs {
            match arguments.place(&pair.name()) {
                None => {
                    errors.push(&pair.key, &unknown(pair));
                    arguments.unclear = true;
                }
                Some(Some(_)) => errors.push(&pair.key, &messages::twice(&pair.name())),
                Some(free) => *free = Some(pair),
            }
        }
        for pair in [arguments.required, arguments.secret].into_iter().flatten() {
            if !matches!(pair.value, Value::Missing | Value::Broken) {
                errors.push(&pair.value, &messages::takes_no_value(&pair.name()));
            }
        }
        arguments
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<&'a Pair>> {
        match name {
            "default" => Some(&mut self.default),
            "range" => Some(&mut self.range),
            "name" => Some(&mut self.name),
            "required" => Some(&mut self.required),
            "short" => Some(&mut self.short),
            "secret" => Some(&mut self.secret),
            _ => None,
        }
    }
}

fn unknown(pair: &Pair) -> Reject {
    let name = pair.name();
    match messages::in_our_words(pair) {
        Some(cure) => messages::foreign_argument(&name, cure),
        None => messages::unknown_argument(&name, nearest(&name, NAMES)),
    }
}
