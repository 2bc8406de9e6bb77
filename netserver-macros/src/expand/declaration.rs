//! What the attribute's arguments become: a personality and a list of texts.
//!
//! Takes in what is declared, hands on `impl Declared`.

use netserver_options::BuiltIn;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;
use syn::spanned::Spanned;

use super::{moved, own};
use crate::model::{Declared, Field, Origin, Personality, Setting, Text};
use crate::target::Target;

/// The impl, and the mark that there may be one of.
pub(super) fn of(target: &Target<'_>, declared: &Declared, fields: &[Field]) -> TokenStream {
    let runtime = &target.runtime;
    let personality = personality(runtime, &declared.personality);
    let declaration = declaration(target, declared, fields);
    let declared_once = declared_once(target, declared.place);
    let has_options = fields.iter().any(|field| matches!(field.origin, Origin::Option(_)));
    let from_options = has_options.then(|| {
        quote! {
            const FROM_OPTIONS: ::core::primitive::bool = true;
        }
    });
    let declared = target.implement(
        "Declared",
        &quote! {
            type Personality = #personality;
            #from_options

            fn declaration() -> #runtime::Declaration {
                #declaration
            }
        },
    );
    quote!(#declared #declared_once)
}

fn declaration(target: &Target<'_>, declared: &Declared, fields: &[Field]) -> TokenStream {
    let runtime = &target.runtime;
    let about = target
        .header
        .about()
        .map_or_else(|| quote!(::core::env!("CARGO_PKG_DESCRIPTION")), |about| quote!(#about));
    let by_default = matches!(declared.personality, Personality::Default(_) | Personality::Any(_))
        .then(|| quote!(.personality_by_default()));
    let personalities = personalities(&declared.personality);
    let pass = declared.pass_unknown.then(|| quote!(.pass_unknown_options()));
    let env_prefix = declared.env_prefix.as_ref().map(|prefix| quote!(.env_prefix(#prefix)));
    let proto = declared.proto.as_ref();
    let proto = proto.map(|proto| {
        let boxed = moved(quote!(#runtime::__private::Box::new(#proto)), proto.span());
        quote!(.proto(|| #boxed))
    });
    let settings = declared.settings.iter();
    let settings = settings.map(|setting| self::setting(runtime, setting));
    let own = own::rows(target, fields).map(|rows| quote!(.own(#rows)));
    let declaration = quote! {
        #runtime::Declaration::new(::core::env!("CARGO_PKG_VERSION"), #about)
            #by_default
            #personalities
            #pass
            #env_prefix
            #proto
            #(#settings)*
            #own
    };
    // The user's expressions do not see it.
    let name = Ident::new("declaration", Span::mixed_site());
    let presets: Vec<TokenStream> = own::presets(runtime, &name, fields).collect();
    if presets.is_empty() {
        return declaration;
    }
    quote!(let #name = #declaration; #(#presets)* #name)
}

/// Arguments on the struct and on the impl block: no macro sees both, but rustc says the name of
/// what is there twice.
fn declared_once(target: &Target<'_>, place: Span) -> TokenStream {
    let name = quote!(net_server_has_arguments_twice__keep_those_of_the_struct);
    let name = moved(name, place);
    target.add(
        &TokenStream::new(),
        &quote! {
            #[doc(hidden)]
            #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
            const #name: () = ();
        },
    )
}

fn personality(runtime: &Path, personality: &Personality) -> TokenStream {
    match personality {
        Personality::Own(path) => path.to_token_stream(),
        Personality::Default(one) | Personality::Any(one) => built_in(runtime, *one),
        Personality::Named { first, others } => {
            let named = || [first].into_iter().chain(others);
            if named().all(|(one, _)| !one.is_particular()) {
                return at(runtime, *first);
            }
            // One that does not serve every handler is in the type, and with it all others.
            let types = named().rev().map(|one| at(runtime, *one));
            let joined = types.reduce(|rest, one| quote!(#runtime::personality::Or<#one, #rest>));
            joined.unwrap_or_default()
        }
    }
}

/// Its type. A server that it cannot serve: rustc points at its name.
fn at(runtime: &Path, (one, place): (BuiltIn, Span)) -> TokenStream {
    moved(built_in(runtime, one), place)
}

/// All of them, where there are others than the first.
fn personalities(personality: &Personality) -> Option<TokenStream> {
    let named: Vec<&str> = match personality {
        Personality::Named { first: (first, _), others } if !others.is_empty() => [*first]
            .into_iter()
            .chain(others.iter().map(|(one, _)| *one))
            .map(BuiltIn::name)
            .collect(),
        Personality::Any(_) => {
            let all = BuiltIn::ALL.iter().filter(|one| !one.is_particular());
            all.map(|one| one.name()).collect()
        }
        _ => return None,
    };
    Some(quote!(.personalities(&[#(#named),*])))
}

fn built_in(runtime: &Path, one: BuiltIn) -> TokenStream {
    let name = Ident::new(one.type_name(), Span::call_site());
    quote!(#runtime::personality::#name)
}

fn setting(runtime: &Path, setting: &Setting) -> TokenStream {
    let (name, texts) = (setting.spec.name, texts(runtime, setting));
    quote!(.set(#name, #texts))
}

/// What an option is set to, in a form that becomes texts.
pub(super) fn texts(runtime: &Path, setting: &Setting) -> TokenStream {
    let known = |value: &Text| value.known().is_some();
    let texts = setting.values.iter();
    let texts = texts.map(|value| text(runtime, setting, value));
    match setting.values.as_slice() {
        [_] => quote!(#(#texts)*),
        values if values.iter().all(known) => quote!([#(#texts),*]),
        _ => quote!(#runtime::__private::Texts::new() #(.with(#texts))*),
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
