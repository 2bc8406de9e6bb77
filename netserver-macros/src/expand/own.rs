//! What a struct's fields become: rows of options, and a value that is read from them.
//!
//! Takes in the fields, hands on the parts of `impl Declared`, `impl FromOptions`, and what starts
//! the server. How a type reads itself is rustc's to find, so an alias reads as what it stands for.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{GenericParam, Path, Visibility};

use super::moved;
use crate::messages;
use crate::model::{Field, Origin, OwnOption, Preset, Range, Shape, Text};
use crate::target::Target;

/// The rows of a server's own options; `None` where there are none.
pub(super) fn rows(target: &Target<'_>, fields: &[Field]) -> Option<TokenStream> {
    let runtime = &target.runtime;
    let generic = options(fields).filter(|(_, option)| is_generic(target, option));
    let assertions = generic.flat_map(|(field, option)| {
        let cfgs = &field.cfgs;
        assertions_of(runtime, option).map(move |one| quote!(#(#cfgs)* #one))
    });
    let rows = options(fields).map(|(field, option)| {
        let (cfgs, row) = (&field.cfgs, row(runtime, option));
        quote!(#(#cfgs)* #row)
    });
    let rows: Vec<TokenStream> = rows.collect();
    (!rows.is_empty()).then(|| {
        quote! {
            const {
                #[allow(unused_imports)]
                use #runtime::__private::ReadAny as _;
                #(#assertions)*
                &[#(#rows),*]
            }
        }
    })
}

fn row(runtime: &Path, option: &OwnOption) -> TokenStream {
    let OwnOption { name, summary, details, .. } = option;
    let kind = probe(runtime, option, "kind");
    let kind = match option.shape {
        Shape::One => kind,
        Shape::Maybe => quote!(#kind.optional()),
        Shape::All => quote!(#kind.repeats()),
    };
    let default = literals(&option.default).map(|texts| quote!(.default(&[#(#texts),*])));
    let range = option.range.as_ref().map(|Range { low, high, .. }| quote!(.range(#low, #high)));
    let required = option.required.then(|| quote!(.required()));
    let short = option.short.map(|letter| quote!(.short(#letter)));
    let secret = option.secret.then(|| quote!(.secret()));
    let own = quote!(#runtime::__private::own);
    quote! {
        #own(#name, #summary, #details, #kind) #default #range #required #short #secret
    }
}

/// The texts of a default, where all of them are known.
fn literals(default: &Preset) -> Option<Vec<&str>> {
    let Preset::Each(texts) = default else {
        return None;
    };
    texts.iter().map(Text::known).collect()
}

/// A statement for each default that is an expression: it is set, as the attribute sets options.
pub(super) fn presets<'a>(
    runtime: &'a Path,
    declaration: &'a Ident,
    fields: &'a [Field],
) -> impl Iterator<Item = TokenStream> {
    options(fields).filter_map(move |(field, option)| {
        let (cfgs, name, ty, one) = (&field.cfgs, &option.name, &option.ty, &option.one);
        let preset = |ty: &syn::Type, expr: &dyn ToTokens| {
            let preset = quote!(#runtime::__private::Preset::<#ty>::texts);
            let expr = expr.to_token_stream();
            quote!(#preset(#expr))
        };
        let texts = match &option.default {
            Preset::Whole(expr) => preset(ty, expr),
            Preset::Each(texts) if literals(&option.default).is_none() => {
                let texts = texts.iter().map(|text| match text {
                    Text::Known(known) => known.text.to_token_stream(),
                    Text::Computed(expr) => preset(one, expr),
                });
                quote!(#runtime::__private::Texts::new() #(.with(#texts))*)
            }
            Preset::Each(_) | Preset::Nothing => return None,
        };
        Some(quote!(#(#cfgs)* let #declaration = #declaration.set(#name, #texts);))
    })
}

/// What holds a range against a type that only rustc knows, for the types that name no parameter of
/// the struct: rustc looks at these at once, and at the others where the server is built.
pub(super) fn assertions(target: &Target<'_>, fields: &[Field]) -> TokenStream {
    let here = options(fields).filter(|(_, option)| !is_generic(target, option));
    let assertions = here.flat_map(|(field, option)| {
        let cfgs = &field.cfgs;
        assertions_of(&target.runtime, option).map(move |one| quote!(#(#cfgs)* const _: () = #one;))
    });
    assertions.collect()
}

fn assertions_of<'a>(
    runtime: &'a Path,
    option: &'a OwnOption,
) -> impl Iterator<Item = TokenStream> + 'a {
    let texts = match &option.default {
        Preset::Each(texts) if option.unsure => texts.as_slice(),
        _ => &[],
    };
    let named = texts.iter().filter_map(|text| named(runtime, option, text));
    measured(runtime, option).into_iter().chain(named)
}

/// That a default is one of the values, where only rustc knows these.
fn named(runtime: &Path, option: &OwnOption, text: &Text) -> Option<TokenStream> {
    let Text::Known(known) = text else {
        return None;
    };
    let (text, names) = (&known.text, probe(runtime, option, "names"));
    let message = messages::default_is_no_value(&option.name, text);
    let place = known.tokens.span();
    let assert = moved(quote!(::core::assert!(named, #message)), place);
    Some(quote! {{
        #[allow(unused_imports)]
        use #runtime::__private::ReadAny as _;
        let named = #runtime::__private::is_named(#names, #text);
        #assert
    }})
}

/// That there are numbers, for a range.
fn measured(runtime: &Path, option: &OwnOption) -> Option<TokenStream> {
    let place = option.range.as_ref()?.unsure?;
    let measured = probe(runtime, option, "measured");
    let message = messages::type_without_measure(&option.name);
    let assert = moved(quote!(::core::assert!(measured, #message)), place);
    Some(quote! {{
        #[allow(unused_imports)]
        use #runtime::__private::ReadAny as _;
        let measured = #measured;
        #assert
    }})
}

fn is_generic(target: &Target<'_>, option: &OwnOption) -> bool {
    let mut params = target.header.generics.params.iter();
    params.any(|param| mentions(&option.one.to_token_stream(), param))
}

fn mentions(tokens: &TokenStream, param: &GenericParam) -> bool {
    let name = match param {
        GenericParam::Type(param) => &param.ident,
        GenericParam::Const(param) => &param.ident,
        GenericParam::Lifetime(param) => &param.lifetime.ident,
    };
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), param),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The body of `impl FromOptions`.
pub(super) fn from_options(runtime: &Path, fields: &[Field]) -> TokenStream {
    // The user's expressions do not see it.
    let options = Ident::new("options", Span::mixed_site());
    let fields = fields.iter().map(|field| {
        let (cfgs, name, value) = (&field.cfgs, &field.name, value(runtime, &options, field));
        quote!(#(#cfgs)* #name: #value)
    });
    quote! {
        fn from_options(#options: &#runtime::OwnOptions) -> #runtime::Result<Self> {
            #[allow(unused_imports)]
            use #runtime::__private::ReadAny as _;
            #runtime::__private::Ok(Self { #(#fields),* })
        }
    }
}

fn value(runtime: &Path, options: &Ident, field: &Field) -> TokenStream {
    match &field.origin {
        Origin::State(expr) => expr.to_token_stream(),
        // A type without a default: rustc points at it.
        Origin::Start(ty) => moved(quote!(#runtime::__private::Start::start()), ty.span()),
        Origin::Option(option) => {
            let how = match option.shape {
                Shape::One => quote!(one),
                Shape::Maybe => quote!(maybe),
                Shape::All => quote!(all),
            };
            let (name, read) = (&option.name, probe(runtime, option, "read"));
            quote!(#options.#how(#name, #read)?)
        }
    }
}

/// Part of how the field reads its option; where its type cannot, rustc points at it.
fn probe(runtime: &Path, option: &OwnOption, part: &str) -> TokenStream {
    let one = &option.one;
    let part = Ident::new(part, Span::call_site());
    let way = quote!(#runtime::__private::way);
    let found = quote!(&#runtime::__private::Probe::<#one>::WAY);
    let found = moved(found, one.span());
    moved(quote!(#way(#found).#part), one.span())
}

fn options(fields: &[Field]) -> impl Iterator<Item = (&Field, &OwnOption)> {
    fields.iter().filter_map(|field| match &field.origin {
        Origin::Option(option) => Some((field, option.as_ref())),
        Origin::Start(_) | Origin::State(_) => None,
    })
}

/// What starts a server whose value the runtime makes.
pub(crate) fn starters(target: &Target<'_>, visibility: &Visibility) -> TokenStream {
    let runtime = &target.runtime;
    let conditions = quote! {
        Self: #runtime::Hooks,
        <Self as #runtime::Declared>::Personality: #runtime::personality::Personality<Self>
    };
    target.add(
        &conditions,
        &quote! {
            /// The server, whose value is made from its own options once they are known.
            #[allow(dead_code, reason = "a program starts its server in one of three ways")]
            #visibility fn server() -> #runtime::Server<Self> {
                #runtime::Server::from_options()
            }

            /// Runs the server until it is told to stop; see `Server::run`.
            #[allow(dead_code, reason = "a program starts its server in one of three ways")]
            #visibility fn run() -> #runtime::__private::ExitCode {
                Self::server().run()
            }

            /// As `run`, with further options, weaker than the command line.
            #[allow(dead_code, reason = "a program starts its server in one of three ways")]
            #visibility fn run_with<Name, Value>(
                arguments: impl ::core::iter::IntoIterator<Item = (Name, Value)>,
            ) -> #runtime::__private::ExitCode
            where
                Name: ::core::convert::AsRef<::core::primitive::str>,
                Value: ::core::convert::Into<#runtime::Texts>,
            {
                Self::server().run_with(arguments)
            }
        },
    )
}
