//! Arguments and methods, held against the table.
//!
//! Takes in what was read, hands on a model of what is valid; complains of all that is not, each
//! time on the smallest wrong token. What rustc says better (types) is left to it.

mod keys;
mod methods;
mod options;
mod personality;
mod rules;
mod signature;

use syn::{Expr, Path, parse_quote};

pub(crate) use self::keys::Keys;
use crate::errors::Errors;
use crate::item::Block;
use crate::messages;
use crate::model::{Declared, Model};
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

/// What the arguments declare; `None` where there are none, or they are not valid.
pub(crate) fn declared(keys: &Keys<'_>, errors: &mut Errors) -> Option<Declared> {
    if keys.bare {
        return None;
    }
    let chosen = personality::check(keys.personality, errors);
    let settings = options::check(&keys.options, &chosen, errors);
    rules::check(&settings, errors);
    let personality = chosen.into_model()?;
    Some(Declared { personality, settings })
}

/// The whole server, where nothing at all was complained of.
pub(crate) fn model(
    declared: Option<Declared>,
    block: &Block,
    errors: &mut Errors,
) -> Option<Model> {
    let (request, hooks) = methods::check(block, errors);
    errors.is_empty().then_some(Model { request, hooks, declared })
}
