//! The methods that the server calls.
//!
//! Takes in the methods of the block and the personalities, hands on the handlers and the hooks among
//! them. Complains of a handler that is missing or that no personality calls, and of a method that looks
//! like a hook and is none: it would silently never run.

use netserver_options::Scope;
use netserver_options::hook::{
    self, CALLBACKS, HOOKS, HookSpec, MUX_INPUT, PROCESS_REQUEST, Trait,
};
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

/// The methods without which a server is none; which of the two its personalities say.
static HANDLERS: [&HookSpec; 2] = [&PROCESS_REQUEST, &MUX_INPUT];

/// The methods that the server calls; several of one name where `#[cfg]` chooses. `scope` is where the
/// server may be served, `None` where that is not known here.
pub(crate) fn check(block: &Block, scope: Option<Scope>, errors: &mut Errors) -> Vec<Forward> {
    let mut called: Vec<Forward> = Vec::new();
    for method in &block.methods {
        match hook::find(&method.name()) {
            // rustc refuses a second method of one name, and shows both; a copy of that would
            // only repeat it.
            Some(spec) if called.iter().any(|one| one.spec == spec && one.cfgs.is_empty()) => {}
            Some(spec) => called.push(signature::check(spec, method, errors)),
            None => look_alike(block, method, scope, errors),
        }
    }
    match stray(&called, scope) {
        // It says what belongs there.
        Some((method, scope)) => {
            errors.push(&method.method, &messages::never_called(method.spec, scope));
        }
        None => handlers(block, &called, scope, errors),
    }
    called
}

/// The first handler or callback that none of the personalities calls, and these.
fn stray(called: &[Forward], scope: Option<Scope>) -> Option<(&Forward, Scope)> {
    let scope = scope?;
    let handle = called.iter().filter(|one| one.spec.of != Trait::Hooks);
    let mut never = handle.filter(|one| !one.spec.called_by.meets(scope));
    never.next().map(|one| (one, scope))
}

/// Complains of handlers that are missing.
fn handlers(block: &Block, called: &[Forward], scope: Option<Scope>, errors: &mut Errors) {
    let hook = called.iter().find(|one| one.spec.of == Trait::Hooks);
    let wanted = wanted(block, called, scope);
    for handler in wanted.into_iter().filter(|handler| !is_meant(block, handler)) {
        let message = match hook {
            Some(hook) => messages::hooks_without_handler(handler, hook.spec),
            None => messages::no_handler(handler),
        };
        errors.push(&block.header.self_ty, &message);
    }
}

/// The handlers that the personalities want. Where these are not known here either will do, but none by
/// halves.
fn wanted(block: &Block, called: &[Forward], scope: Option<Scope>) -> Vec<&'static HookSpec> {
    let begun = |handler: &HookSpec| {
        is_meant(block, handler) || called.iter().any(|one| one.spec.of == handler.of)
    };
    let wanted = HANDLERS.into_iter().filter(|handler| match scope {
        Some(scope) => handler.called_by.meets(scope),
        None => begun(handler),
    });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() { vec![&PROCESS_REQUEST] } else { wanted }
}

/// Whether it is there, or was meant to be.
fn is_meant(block: &Block, handler: &HookSpec) -> bool {
    block.methods.iter().any(|method| distance(&method.name(), handler.name) <= SLIP)
}

fn look_alike(block: &Block, method: &Method, scope: Option<Scope>, errors: &mut Errors) {
    let name = method.name();
    let place = method.signature.ident.to_token_stream();
    if let Some(meant) = meant(&name) {
        errors.push(place, &messages::slip(&name, meant));
    } else if name.ends_with("_hook") {
        let bare = name.strip_suffix("_hook").and_then(hook::find).map(|spec| spec.name);
        let near = bare.or_else(|| nearest(&name, HOOKS.iter().map(|spec| spec.name)));
        errors.push(place, &messages::no_hook(&name, near));
    } else if name.starts_with("mux_") && has_callbacks(block, scope) {
        let near = nearest(&name, CALLBACKS.iter().map(|spec| spec.name));
        errors.push(place, &messages::no_callback(&name, near));
    } else if let Some(meant) = hook::find(&format!("{name}_hook")) {
        // A helper of a hook has the hook beside it.
        if !block.methods.iter().any(|other| other.name() == meant.name) {
            errors.push(place, &messages::without_hook(&name, meant));
        }
    } else if STARTERS.contains(&name.as_str()) && method.signature.receiver().is_some() {
        errors.push(place, &messages::hides_run(&name));
    }
}

/// Whether the server is one of `multiplex`, where such a name promises something.
fn has_callbacks(block: &Block, scope: Option<Scope>) -> bool {
    let called = scope.is_some_and(|scope| MUX_INPUT.called_by.meets(scope));
    let is_callback = |name: &str| CALLBACKS.iter().any(|spec| spec.name == name);
    called || block.methods.iter().any(|method| is_callback(&method.name()))
}

/// The method that a slip of the hand was meant to be.
fn meant(name: &str) -> Option<&'static HookSpec> {
    hook::all()
        .map(|spec| (distance(name, spec.name), spec))
        .filter(|(edits, spec)| *edits <= if spec.name.len() < SHORT { 1 } else { SLIP })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, spec)| spec)
}
