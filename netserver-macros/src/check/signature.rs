//! The signature of a method that the server calls.
//!
//! Takes in a hook's row and the user's method, hands on what its forwarder needs. Complains of
//! what no forwarder could call. Types are left to rustc, which sees through aliases.

use netserver_options::hook::HookSpec;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::errors::Errors;
use crate::item::Method;
use crate::messages;
use crate::model::Forward;

/// Checks a method against its row.
pub(crate) fn check(spec: &'static HookSpec, method: &Method, errors: &mut Errors) -> Forward {
    let signature = &method.signature;
    qualifiers(spec, signature, errors);
    receiver(spec, signature, errors);
    let cfgs = method.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    Forward {
        spec,
        method: signature.ident.clone(),
        cfgs: cfgs.cloned().collect(),
        params: params(spec, signature, errors),
        returns: returns(signature),
    }
}

fn qualifiers(spec: &HookSpec, signature: &Signature, errors: &mut Errors) {
    if let Some(token) = &signature.asyncness {
        errors.push(token, &messages::is_async(spec));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.push(token, &messages::is_unsafe(spec));
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi, &messages::is_extern(spec));
    }
    let lifetime = |param: &&GenericParam| matches!(param, GenericParam::Lifetime(_));
    if let Some(param) = signature.generics.params.iter().find(|param| !lifetime(param)) {
        errors.push(param, &messages::is_generic(spec));
    }
}

fn receiver(spec: &HookSpec, signature: &Signature, errors: &mut Errors) {
    match signature.receiver() {
        None if spec.takes_self => errors.push(&signature.ident, &messages::no_self(spec)),
        None => {}
        Some(receiver) if !spec.takes_self => errors.push(receiver, &messages::has_self(spec)),
        Some(receiver) => match receiver.kind {
            ReceiverKind::Value => errors.push(receiver, &messages::self_by_value(spec)),
            ReceiverKind::Typed(..) => errors.push(receiver, &messages::self_with_type(spec)),
            // Lent, mutably or not; the forwarder has it mutably, which serves both.
            _ => {}
        },
    }
}

/// Where each parameter stands.
fn params(spec: &HookSpec, signature: &Signature, errors: &mut Errors) -> Vec<Span> {
    let mut params = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(_) => {}
            FnArg::Typed(param) if params.len() < spec.params.len() => params.push(param.span()),
            FnArg::Typed(param) => {
                errors.push(param, &messages::too_many_parameters(spec));
                break;
            }
        }
    }
    params
}

/// The token that stands for the return type: a stable compiler joins no spans, and of
/// `io::Result<u8>` the first alone would be `io`.
fn returns(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Default => signature.ident.span(),
        ReturnType::Type(_, ty) => match &**ty {
            Type::Path(path) => {
                path.path.segments.last().map_or(ty.span(), |last| last.ident.span())
            }
            other => other.span(),
        },
    }
}
