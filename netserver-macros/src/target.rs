//! Whom the generated impls are for, and where the runtime lives.
//!
//! Takes in the header of the user's item and the path of the runtime, hands on the frame of an
//! impl. Knows no trait.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Path};

use crate::item::Header;

/// What every impl that we write has in common.
pub(crate) struct Target<'a> {
    pub(crate) header: &'a Header,
    /// Absolute, or as the argument `crate` says.
    pub(crate) runtime: Path,
}

impl Target<'_> {
    /// `impl` of a trait of the runtime, with the generics and conditions of the user's item.
    pub(crate) fn implement(&self, name: &str, body: &TokenStream) -> TokenStream {
        let (runtime, self_ty) = (&self.runtime, &self.header.self_ty);
        let name = format_ident!("{name}");
        let attrs = self.attrs();
        let (generics, _, conditions) = self.header.generics.split_for_impl();
        quote! {
            #attrs
            #[automatically_derived]
            impl #generics #runtime::#name for #self_ty #conditions {
                #body
            }
        }
    }

    /// `impl` of the type itself, under further conditions.
    pub(crate) fn add(&self, conditions: &TokenStream, body: &TokenStream) -> TokenStream {
        let self_ty = &self.header.self_ty;
        let attrs = self.attrs();
        let (generics, _, users) = self.header.generics.split_for_impl();
        let conditions = match (users, conditions.is_empty()) {
            (users, true) => quote!(#users),
            (None, false) => quote!(where #conditions),
            (Some(users), false) => {
                let users = users.predicates.iter();
                quote!(where #(#users,)* #conditions)
            }
        };
        quote! {
            #attrs
            #[automatically_derived]
            impl #generics #self_ty #conditions {
                #body
            }
        }
    }

    /// What of the item's attributes holds for our impls too: where it is left out, and what is
    /// allowed in it.
    pub(crate) fn attrs(&self) -> TokenStream {
        let follows =
            |attr: &&Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("allow");
        let attrs = self.header.attrs.iter().filter(follows);
        quote!(#(#attrs)*)
    }
}
