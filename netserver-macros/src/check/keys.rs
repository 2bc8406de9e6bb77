//! Which argument is what.
//!
//! Takes in pairs, hands on the options among them and the keys that are none. Complains of
//! names that nobody knows and of names that stand twice.

use netserver_options::{OPTIONS, OptionSpec, Reject, find, gone, nearest};
use syn::{Expr, ExprPath};

use super::meant;
use crate::args::Pair;
use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::value::Value;
use crate::words;

/// The key that says how connections are given to processes.
const PERSONALITY: &str = "personality";
/// The option that in an attribute may be somebody's own protocol.
const PROTO: &str = "proto";
/// The key that says where the runtime lives.
const RUNTIME: &str = "crate";
/// The key that says what becomes of a word that is no option.
const UNKNOWN: &str = "unknown_options";

/// The key that says what variables of the environment begin with that set options.
const ENV_PREFIX: &str = "env_prefix";

/// The arguments by what they are.
#[derive(Default)]
pub(crate) struct Keys<'a> {
    pub(crate) personality: Option<&'a Pair>,
    /// Somebody's own protocol: rustc checks that it is one.
    pub(crate) proto: Option<&'a ExprPath>,
    pub(crate) runtime: Option<&'a Pair>,
    pub(crate) unknown: Option<&'a Pair>,
    pub(crate) env_prefix: Option<&'a Pair>,
    pub(crate) options: Vec<(&'static OptionSpec, &'a Pair)>,
    /// Nothing is declared here: the attribute stands alone, or says no more than `crate`.
    pub(crate) bare: bool,
    /// The first argument, where there is one.
    pub(crate) first: Option<&'a Pair>,
}

impl<'a> Keys<'a> {
    /// Sorts the arguments. `errors` holds so far what was wrong with their syntax.
    pub(crate) fn sort(pairs: &'a [Pair], errors: &mut Errors) -> Self {
        let bare = match pairs {
            [] => errors.is_empty(),
            [only] => only.name() == RUNTIME,
            _ => false,
        };
        let mut keys = Self { bare, first: pairs.first(), ..Self::default() };
        for (at, pair) in pairs.iter().enumerate() {
            let name = pair.name();
            match pairs[..at].iter().find(|earlier| earlier.name() == name) {
                Some(first) => errors.push(&pair.key, &twice(first, pair)),
                None => keys.add(&name, pair, errors),
            }
        }
        keys
    }

    fn add(&mut self, name: &str, pair: &'a Pair, errors: &mut Errors) {
        match (name, find(name)) {
            (PERSONALITY, _) => self.personality = Some(pair),
            (RUNTIME, _) => self.runtime = Some(pair),
            (UNKNOWN, _) if pair.form == Form::Attribute => self.unknown = Some(pair),
            (ENV_PREFIX, _) if pair.form == Form::Attribute => self.env_prefix = Some(pair),
            (_, Some(spec)) => match own_protocol(pair) {
                Some(path) => self.proto = Some(path),
                None => self.options.push((spec, pair)),
            },
            (_, None) => errors.push(&pair.key, &unknown(name, pair)),
        }
    }
}

/// A path is a type; a word in lower case is a text without its quotes.
fn own_protocol(pair: &Pair) -> Option<&ExprPath> {
    match &pair.value {
        Value::Computed(expr @ Expr::Path(path))
            if pair.form == Form::Attribute && pair.name() == PROTO && !words::only(expr) =>
        {
            Some(path)
        }
        _ => None,
    }
}

fn unknown(name: &str, pair: &Pair) -> Reject {
    let alone = matches!(pair.value, Value::Missing) && pair.form == Form::Attribute;
    if let Some(one) = meant::personality(name).filter(|_| alone) {
        return messages::personality_alone(one.name());
    }
    if let Some(key) = meant::key(name) {
        return messages::other_word(name, key, pair);
    }
    if let Some(cure) = gone::cure(name) {
        return messages::gone_option(name, cure);
    }
    let only_there: &[&str] = match pair.form {
        Form::Attribute => &[PERSONALITY, UNKNOWN, ENV_PREFIX],
        Form::Call | Form::Field => &[],
    };
    let known = OPTIONS.iter().map(|spec| spec.name).chain([RUNTIME]);
    let near = nearest(name, known.chain(only_there.iter().copied()));
    messages::unknown_option(name, near, pair.form)
}

fn twice(first: &Pair, second: &Pair) -> Reject {
    let name = second.name();
    if find(&name).is_some_and(|spec| spec.kind.repeats) {
        messages::twice_and_repeats(&name, first, second)
    } else {
        messages::twice(&name)
    }
}
