//! Which argument is what.
//!
//! Takes in pairs, hands on the options among them and the two keys that are none. Complains of
//! names that nobody knows and of names that stand twice.

use netserver_options::{OPTIONS, OptionSpec, Reject, find, nearest};

use crate::args::Pair;
use crate::errors::Errors;
use crate::messages;

/// The key that says how connections are given to processes.
const PERSONALITY: &str = "personality";
/// The key that says where the runtime lives.
const RUNTIME: &str = "crate";

/// The arguments by what they are.
#[derive(Default)]
pub(crate) struct Keys<'a> {
    pub(crate) personality: Option<&'a Pair>,
    pub(crate) runtime: Option<&'a Pair>,
    pub(crate) options: Vec<(&'static OptionSpec, &'a Pair)>,
    /// Nothing is declared here: the attribute stands alone, or says no more than `crate`.
    pub(crate) bare: bool,
}

impl<'a> Keys<'a> {
    /// Sorts the arguments. `errors` holds so far what was wrong with their syntax.
    pub(crate) fn sort(pairs: &'a [Pair], errors: &mut Errors) -> Self {
        let bare = match pairs {
            [] => errors.is_empty(),
            [only] => only.name() == RUNTIME,
            _ => false,
        };
        let mut keys = Self { bare, ..Self::default() };
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
            (_, Some(spec)) => self.options.push((spec, pair)),
            (_, None) => {
                let known = OPTIONS.iter().map(|spec| spec.name);
                let near = nearest(name, known.chain([PERSONALITY, RUNTIME]));
                errors.push(&pair.key, &messages::unknown_option(name, near));
            }
        }
    }
}

fn twice(first: &Pair, second: &Pair) -> Reject {
    let name = second.name();
    if find(&name).is_some_and(|spec| spec.kind.repeats) {
        messages::twice_and_repeats(&name, &first.value, &second.value)
    } else {
        messages::twice(&name)
    }
}
