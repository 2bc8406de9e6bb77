//! What is written where something was complained of.
//!
//! Takes in whom it is for, hands on impls without content. With them `Echo.run()` and the like
//! compile, so that what we said is not buried under what follows from it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand;
use crate::structure::Structure;
use crate::target::Target;

/// The user's block, and stubs of the traits that the attribute would have implemented.
pub(crate) fn server(target: &Target<'_>, declares: bool) -> TokenStream {
    let (user, runtime) = (&target.header.tokens, &target.runtime);
    let hooks = target.implement("Hooks", &TokenStream::new());
    let request = target.implement(
        "NetServer",
        &quote! {
            fn process_request(
                &mut self,
                _: &mut #runtime::Connection,
            ) -> #runtime::__private::io::Result<()> {
                ::core::unreachable!()
            }
        },
    );
    let input = target.implement(
        "MuxServer",
        &quote! {
            fn mux_input(
                &mut self,
                _: &mut #runtime::Mux<'_>,
                _: &mut #runtime::Input<'_>,
            ) -> #runtime::__private::io::Result<()> {
                ::core::unreachable!()
            }
        },
    );
    let declaration = declares.then(|| declaration(target));
    quote!(#user #hooks #request #input #declaration)
}

/// The user's struct, and stubs as well.
pub(crate) fn record(target: &Target<'_>, structure: &Structure) -> TokenStream {
    let (user, runtime) = (&target.header.tokens, &target.runtime);
    let declaration = declaration(target);
    let own = structure.has_options().then(|| {
        let from_options = target.implement(
            "FromOptions",
            &quote! {
                fn from_options(_: &#runtime::OwnOptions) -> #runtime::Result<Self> {
                    ::core::unreachable!()
                }
            },
        );
        let starters = expand::starters(target, &structure.visibility);
        quote!(#from_options #starters)
    });
    quote!(#user #declaration #own)
}

fn declaration(target: &Target<'_>) -> TokenStream {
    let runtime = &target.runtime;
    target.implement(
        "Declared",
        &quote! {
            type Personality = #runtime::personality::Single;

            fn declaration() -> #runtime::Declaration {
                ::core::unreachable!()
            }
        },
    )
}
