//! What a valid server becomes: forwarders and data, no logic.
//!
//! Takes in a model, hands on the impls of the runtime's traits. Every name in them is absolute.

mod declaration;
mod forwarder;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::model::Model;
use crate::target::Target;

/// The user's block, first since that is where an editor looks, and the impls of its traits.
pub(crate) fn server(target: &Target<'_>, model: &Model) -> TokenStream {
    let user = &target.block.tokens;
    let traits = traits(target, model);
    quote! {
        #[allow(
            clippy::needless_pass_by_ref_mut,
            clippy::trivially_copy_pass_by_ref,
            clippy::unnecessary_wraps,
            clippy::unused_self,
            reason = "the server calls these methods, so it chooses their signatures"
        )]
        #user
        #traits
    }
}

fn traits(target: &Target<'_>, model: &Model) -> TokenStream {
    let runtime = &target.runtime;
    let hooks = model.hooks.iter();
    let hooks = hooks.map(|hook| forwarder::hook(runtime, hook));
    let hooks = target.implement("Hooks", &quote!(#(#hooks)*));

    let request = model.request.iter();
    let request = request.map(|request| forwarder::request(runtime, request));
    let request = target.implement("NetServer", &quote!(#(#request)*));

    let declared = model.declared.as_ref().map(|declared| {
        let declaration = declaration::of(target, declared);
        target.implement("Declared", &declaration)
    });
    quote!(#hooks #request #declared)
}

/// A path of ours that stands where the user's tokens are: what rustc has to say of it is about
/// them. Its names still mean ours, and lints of the user's style still pass it over.
fn moved(path: TokenStream, place: Span) -> TokenStream {
    let trees = path.into_iter().map(|mut tree| {
        tree.set_span(tree.span().located_at(place));
        tree
    });
    trees.collect()
}
