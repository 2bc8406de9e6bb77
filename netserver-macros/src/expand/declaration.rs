//! What the attribute's arguments become: a personality and a list of texts.
//!
//! Takes in what is declared, hands on the body of `impl Declared`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

use super::moved;
use crate::model::{Declared, Personality, Setting, Text};
use crate::target::Target;

/// The items of `impl Declared`.
pub(super) fn of(target: &Target<'_>, declared: &Declared) -> TokenStream {
    let runtime = &target.runtime;
    let personality = personality(runtime, &declared.personality);
    let about = target
        .block
        .about()
        .map_or_else(|| quote!(::core::env!("CARGO_PKG_DESCRIPTION")), |about| quote!(#about));
    let settings = declared.settings.iter();
    let settings = settings.map(|setting| self::setting(runtime, setting));
    quote! {
        type Personality = #personality;

        fn declaration() -> #runtime::Declaration {
            #runtime::Declaration::new(::core::env!("CARGO_PKG_VERSION"), #about)
                #(#settings)*
        }
    }
}

fn personality(runtime: &Path, personality: &Personality) -> TokenStream {
    match personality {
        Personality::Own(path) => path.to_token_stream(),
        Personality::BuiltIn(one, place) => {
            // A server that it cannot serve: rustc points at its name.
            let name = Ident::new(one.type_name(), Span::call_site());
            moved(quote!(#runtime::personality::#name), *place)
        }
    }
}

fn setting(runtime: &Path, setting: &Setting) -> TokenStream {
    let name = setting.spec.name;
    let known = |value| matches!(value, &Text::Known(_));
    let texts = setting.values.iter();
    let texts = texts.map(|value| text(runtime, setting, value));
    match setting.values.as_slice() {
        [_] => quote!(.set(#name, #(#texts)*)),
        values if values.iter().all(known) => quote!(.set(#name, [#(#texts),*])),
        _ => quote!(.set(#name, #runtime::__private::Texts::new() #(.with(#texts))*)),
    }
}

/// A text as it is; an expression through the kind of its option, which tells what type it may have.
fn text(runtime: &Path, setting: &Setting, value: &Text) -> TokenStream {
    match value {
        Text::Known(known) => known.text.to_token_stream(),
        Text::Computed(expr) => {
            // An expression of another type: rustc points at it, and names the kind at the key.
            let kind = Ident::new(setting.spec.name, Span::call_site());
            let kind = quote!(#runtime::__private::option::#kind);
            let kind = moved(kind, setting.key.span());
            quote!(#runtime::__private::Constant::<#kind>::texts(#expr))
        }
    }
}
