//! The methods that the server calls.
//!
//! Takes in the methods of the block, hands on the handler and the hooks among them. Complains of
//! one that looks like a hook and is none: it would silently never run.

use netserver_options::hook::{self, HOOKS, HookSpec, PROCESS_REQUEST};
use netserver_options::nearest::{distance, nearest};
use quote::ToTokens;

use super::signature;
use crate::errors::Errors;
use crate::item::{Block, Method};
use crate::messages;
use crate::model::Forward;

/// A name that is no more edits away from one that we call was meant to be that one.
const SLIP: usize = 2;

/// The handler (several where `#[cfg]` chooses), and the hooks.
pub(crate) fn check(block: &Block, errors: &mut Errors) -> (Vec<Forward>, Vec<Forward>) {
    let mut called: Vec<Forward> = Vec::new();
    for method in &block.methods {
        match hook::find(&method.name()) {
            // rustc refuses a second method of one name, and shows both; a copy of that would
            // only repeat it.
            Some(spec) if called.iter().any(|one| one.spec == spec && one.cfgs.is_empty()) => {}
            Some(spec) => called.push(signature::check(spec, method, errors)),
            None => look_alike(method, errors),
        }
    }
    if !block.methods.iter().any(is_meant_as_handler) {
        errors.push(&block.self_ty, &messages::no_process_request());
    }
    called.into_iter().partition(|one| *one.spec == PROCESS_REQUEST)
}

fn is_meant_as_handler(method: &Method) -> bool {
    distance(&method.name(), PROCESS_REQUEST.name) <= SLIP
}

fn look_alike(method: &Method, errors: &mut Errors) {
    let name = method.name();
    let place = method.signature.ident.to_token_stream();
    if let Some(meant) = meant(&name) {
        errors.push(place, &messages::slip(&name, meant));
    } else if name.ends_with("_hook") {
        let near = nearest(&name, HOOKS.iter().map(|spec| spec.name));
        errors.push(place, &messages::no_hook(&name, near));
    }
}

/// The method that a slip of the hand was meant to be.
fn meant(name: &str) -> Option<&'static HookSpec> {
    hook::all()
        .map(|spec| (distance(name, spec.name), spec))
        .filter(|(edits, _)| *edits <= SLIP)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, spec)| spec)
}
