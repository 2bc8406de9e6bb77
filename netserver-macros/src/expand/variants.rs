//! What an enum becomes whose variants are the values of an option.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

use crate::model::Value;

/// Its impls. Without values they are stubs: then something was complained of.
pub(crate) fn values(runtime: &Path, item: &DeriveInput, values: &[Value]) -> TokenStream {
    let enumeration = &item.ident;
    let (generics, arguments, conditions) = item.generics.split_for_impl();
    let each = |part: fn(&Value) -> TokenStream| values.iter().map(part);
    let names = each(|Value { name, cfgs, .. }| quote!(#(#cfgs)* #name));
    let meanings = each(|Value { meaning, cfgs, .. }| quote!(#(#cfgs)* #meaning));
    let from_name = each(
        |Value { name, variant, cfgs, .. }| quote!(#(#cfgs)* #name => ::core::option::Option::Some(Self::#variant),),
    );
    let name_of =
        each(|Value { name, variant, cfgs, .. }| quote!(#(#cfgs)* Self::#variant => #name,));
    let name_of = if values.is_empty() {
        quote!(::core::unreachable!())
    } else {
        quote!(match self { #(#name_of)* })
    };
    let text = quote!(&'static [&'static ::core::primitive::str]);
    quote! {
        #[automatically_derived]
        impl #generics #runtime::OptionValue for #enumeration #arguments #conditions {
            const NAMES: #text = &[#(#names),*];
            const MEANINGS: #text = &[#(#meanings),*];

            fn from_name(name: &::core::primitive::str) -> ::core::option::Option<Self> {
                match name {
                    #(#from_name)*
                    _ => ::core::option::Option::None,
                }
            }

            fn name(&self) -> &'static ::core::primitive::str {
                #name_of
            }
        }

        #[automatically_derived]
        impl #generics #runtime::__private::ReadsItself for #enumeration #arguments #conditions {
            const WAY: #runtime::__private::Way<Self> = #runtime::__private::way_by_name::<Self>();
        }

        #[automatically_derived]
        impl #generics #runtime::__private::Preset<Self> for #enumeration #arguments #conditions {
            fn texts(self) -> #runtime::Texts {
                #runtime::Texts::from(#runtime::OptionValue::name(&self))
            }
        }
    }
}
