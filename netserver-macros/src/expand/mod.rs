//! What a valid server becomes: forwarders and data, no logic.
//!
//! Takes in a model, hands on the impls of the runtime's traits. Every name in them is absolute.

mod declaration;
mod forwarder;
mod own;
mod variants;

pub(crate) use self::own::starters;
pub(crate) use self::variants::values;

use netserver_options::hook::Trait;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Path;
use syn::spanned::Spanned;

use crate::model::{Model, Record, Setting};
use crate::structure::Structure;
use crate::target::Target;

/// The user's block, first since that is where an editor looks, and the impls of its traits.
pub(crate) fn server(target: &Target<'_>, model: &Model) -> TokenStream {
    let user = &target.header.tokens;
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
    let of = |one: Trait| model.methods.iter().filter(move |method| method.spec.of == one);
    let written = forwarder::written(runtime, of(Trait::Hooks));
    let hooks = of(Trait::Hooks).map(|hook| forwarder::of(runtime, hook));
    let hooks = target.implement(Trait::Hooks.name(), &quote!(#written #(#hooks)*));

    // Either or both, as the personalities want them.
    let handlers = [Trait::NetServer, Trait::MuxServer].map(|one| {
        let methods: Vec<_> = of(one).map(|method| forwarder::of(runtime, method)).collect();
        (!methods.is_empty()).then(|| target.implement(one.name(), &quote!(#(#methods)*)))
    });

    let declared = model.declared.as_ref();
    let declared = declared.map(|declared| declaration::of(target, declared, &[]));
    quote!(#hooks #(#handlers)* #declared)
}

/// The user's struct, its declaration, and where it has options what makes and starts it.
pub(crate) fn record(target: &Target<'_>, structure: &Structure, record: &Record) -> TokenStream {
    let (user, fields) = (&target.header.tokens, record.fields.as_slice());
    let declared = declaration::of(target, &record.declared, fields);
    let own = record.has_options.then(|| {
        let from_options = own::from_options(&target.runtime, fields);
        let from_options = target.implement("FromOptions", &from_options);
        let starters = starters(target, &structure.visibility);
        let assertions = own::assertions(target, fields);
        quote!(#from_options #starters #assertions)
    });
    let served = own.is_none().then(|| served(target));
    quote!(#user #declared #own #served)
}

/// Options with their texts, as `run_with` takes them.
pub(crate) fn list(runtime: &Path, settings: &[Setting]) -> TokenStream {
    let pairs = settings.iter().map(|setting| {
        let (name, texts) = (setting.spec.name, declaration::texts(runtime, setting));
        quote!((#name, <#runtime::Texts as ::core::convert::From<_>>::from(#texts)))
    });
    let length = settings.len();
    // The user's expressions do not see it.
    let list = Ident::new("list", Span::mixed_site());
    quote! {
        let #list: [(&'static ::core::primitive::str, #runtime::Texts); #length] = [#(#pairs),*];
        #list
    }
}

/// Where nothing else asks whether the server is one: without an impl block it would be found out
/// where it is run, in words that say nothing of it. A constant cannot be generic.
fn served(target: &Target<'_>) -> TokenStream {
    let (header, runtime) = (target.header, &target.runtime);
    if !header.generics.params.is_empty() {
        return TokenStream::new();
    }
    let (self_ty, attrs) = (&header.self_ty, target.attrs());
    let check = moved(quote!(#runtime::__private::served::<#self_ty>), self_ty.span());
    quote!(#attrs const _: fn() = #check;)
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
