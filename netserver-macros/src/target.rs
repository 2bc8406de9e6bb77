//! Whom the generated impls are for, and where the runtime lives.
//!
//! Takes in the user's block and the path of the runtime, hands on the frame of a trait impl.
//! Knows no trait.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Path};

use crate::item::Block;

/// What every impl that we write has in common.
pub(crate) struct Target<'a> {
    pub(crate) block: &'a Block,
    /// Absolute, or as the argument `crate` says.
    pub(crate) runtime: Path,
}

impl Target<'_> {
    /// `impl` of a trait of the runtime, with the generics and conditions of the user's block.
    pub(crate) fn implement(&self, name: &str, body: &TokenStream) -> TokenStream {
        let (runtime, self_ty) = (&self.runtime, &self.block.self_ty);
        let name = format_ident!("{name}");
        let attrs = self.block.attrs.iter().filter(|attr| follows(attr));
        let (generics, _, conditions) = self.block.generics.split_for_impl();
        quote! {
            #(#attrs)*
            #[automatically_derived]
            impl #generics #runtime::#name for #self_ty #conditions {
                #body
            }
        }
    }
}

/// Whether an attribute of the block holds for our impls too: where it is left out, and what is
/// allowed in it.
fn follows(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("allow")
}
