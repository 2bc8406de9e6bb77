//! The signature of a method that the server calls.
//!
//! Takes in a hook's row and the user's method, hands on what its forwarder needs. Complains of
//! what no forwarder could call. Types are left to rustc, which sees through aliases.

use netserver_options::hook::HookSpec;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, PatType, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::block::Method;
use crate::errors::Errors;
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
            FnArg::Typed(param) if params.len() < spec.params.len() => {
                given(spec, params.len(), param, errors);
                params.push(param.span());
            }
            FnArg::Typed(param) => {
                errors.push(param, &messages::too_many_parameters(spec));
                break;
            }
        }
    }
    params
}

/// Streams that people bring along from elsewhere.
const STREAMS: [&str; 5] = ["TcpStream", "UnixStream", "TcpSocket", "UdpSocket", "BufReader"];

/// What web frameworks take out of a request; lent, it could be an alias of somebody's.
const EXTRACTORS: [&str; 8] =
    ["Request", "State", "Extension", "Json", "Query", "Path", "Form", "HeaderMap"];

/// What any of our methods may be given.
const OURS: [&str; 10] = [
    "Connection",
    "ServerInfo",
    "OptionSet",
    "bool",
    "Child",
    "ChildEnd",
    "ChildKind",
    "Message",
    "Mux",
    "Input",
];

/// Bytes and text as they are.
const PLAIN: [&str; 4] = ["Vec", "String", "str", "u8"];

/// Complains of a type that is known to be another one: any other is rustc's to compare.
fn given(spec: &HookSpec, at: usize, param: &PatType, errors: &mut Errors) {
    let (lent, changes, ty) = match &*param.ty {
        Type::Reference(reference) => (true, reference.mutability.is_some(), &*reference.elem),
        other => (false, false, other),
    };
    let ours = &spec.params[at];
    let Some(name) = last_name(ty) else {
        if matches!(ty, Type::Slice(_) | Type::Array(_) | Type::Tuple(_)) {
            errors.push(param, &messages::another_parameter(spec, ours));
        }
        return;
    };
    let lends = ours.ty.starts_with('&') && ours.type_name() == name;
    let known = OURS.contains(&name.as_str()) || PLAIN.contains(&name.as_str());
    if ours.type_name() != name && known {
        errors.push(param, &messages::another_parameter(spec, ours));
    } else if !lent && lends {
        errors.push(param, &messages::by_value(spec, &name));
    } else if changes && lends && !ours.ty.starts_with("&mut") {
        errors.push(param, &messages::not_to_change(spec, &name));
    } else if STREAMS.contains(&name.as_str()) || (!lent && EXTRACTORS.contains(&name.as_str())) {
        errors.push(param, &messages::not_given(spec, &name));
    }
}

fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
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
