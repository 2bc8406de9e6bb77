//! What is written where something was complained of.
//!
//! Takes in whom it is for, hands on impls without content. With them `Echo.run()` and the like
//! compile, so that what we said is not buried under what follows from it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::target::Target;

/// The user's block, and stubs of the traits that the attribute would have implemented.
pub(crate) fn server(target: &Target<'_>, declares: bool) -> TokenStream {
    let (user, runtime) = (&target.block.tokens, &target.runtime);
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
    let declaration = declares.then(|| {
        target.implement(
            "Declared",
            &quote! {
                type Personality = #runtime::personality::Single;

                fn declaration() -> #runtime::Declaration {
                    ::core::unreachable!()
                }
            },
        )
    });
    quote!(#user #hooks #request #declaration)
}
