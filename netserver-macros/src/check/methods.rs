//! The methods that the server calls.
//!
//! Takes in the methods of the block, hands on the handler and the hooks among them. Complains of
//! one that looks like a hook and is none: it would silently never run.

use netserver_options::hook::{self, HOOKS, HookSpec, PROCESS_REQUEST};
use netserver_options::nearest::{distance, nearest};
use quote::ToTokens;

use super::signature;
use crate::block::{Block, Method};
use crate::errors::Errors;
use crate::messages;
use crate::model::Forward;

/// A name that is no more edits away from one that we call was meant to be that one.
const SLIP: usize = 2;

/// Short names are near to many others, which helpers have: `enqueue` is no slip of `dequeue`.
const SHORT: usize = 9;

/// The methods of the trait `Run`, which one of the type's own would hide.
const STARTERS: [&str; 2] = ["run", "run_with"];

/// The handler (several where `#[cfg]` chooses), and the hooks.
pub(crate) fn check(block: &Block, errors: &mut Errors) -> (Vec<Forward>, Vec<Forward>) {
    let mut called: Vec<Forward> = Vec::new();
    for method in &block.methods {
        match hook::find(&method.name()) {
            // rustc refuses a second method of one name, and shows both; a copy of that would
            // only repeat it.
            Some(spec) if called.iter().any(|one| one.spec == spec && one.cfgs.is_empty()) => {}
            Some(spec) => called.push(signature::check(spec, method, errors)),
            None => look_alike(block, method, errors),
        }
    }
    if !block.methods.iter().any(is_meant_as_handler) {
        let message = match called.first() {
            Some(hook) => messages::hooks_without_handler(hook.spec),
            None => messages::no_process_request(),
        };
        errors.push(&block.header.self_ty, &message);
    }
    called.into_iter().partition(|one| *one.spec == PROCESS_REQUEST)
}

fn is_meant_as_handler(method: &Method) -> bool {
    distance(&method.name(), PROCESS_REQUEST.name) <= SLIP
}

fn look_alike(block: &Block, method: &Method, errors: &mut Errors) {
    let name = method.name();
    let place = method.signature.ident.to_token_stream();
    if let Some(meant) = meant(&name) {
        errors.push(place, &messages::slip(&name, meant));
    } else if name.ends_with("_hook") {
        let bare = name.strip_suffix("_hook").and_then(hook::find).map(|spec| spec.name);
        let near = bare.or_else(|| nearest(&name, HOOKS.iter().map(|spec| spec.name)));
        errors.push(place, &messages::no_hook(&name, near));
    } else if let Some(meant) = hook::find(&format!("{name}_hook")) {
        // A helper of a hook has the hook beside it.
        if !block.methods.iter().any(|other| other.name() == meant.name) {
            errors.push(place, &messages::without_hook(&name, meant));
        }
    } else if STARTERS.contains(&name.as_str()) && method.signature.receiver().is_some() {
        errors.push(place, &messages::hides_run(&name));
    }
}

/// The method that a slip of the hand was meant to be.
fn meant(name: &str) -> Option<&'static HookSpec> {
    hook::all()
        .map(|spec| (distance(name, spec.name), spec))
        .filter(|(edits, spec)| *edits <= if spec.name.len() < SHORT { 1 } else { SLIP })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, spec)| spec)
}
