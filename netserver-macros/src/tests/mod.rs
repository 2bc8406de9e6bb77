//! The whole attribute, on token streams.

mod expansions;
mod mistakes;
mod names;
mod ports;
mod texts;
mod verdicts;

use proc_macro2::{TokenStream, TokenTree};

use crate::pipeline;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the test's own tokens")
}

/// What the attribute makes of the arguments and the item.
fn expand(args: &str, item: &str) -> TokenStream {
    pipeline::attribute(tokens(args), &tokens(item))
}

/// The texts of the `compile_error!`s in an expansion.
fn errors(expansion: TokenStream) -> Vec<String> {
    let mut texts = Vec::new();
    let mut after_compile_error = false;
    for tree in expansion {
        match tree {
            TokenTree::Ident(ident) => after_compile_error = ident == "compile_error",
            TokenTree::Group(group) if after_compile_error => {
                let text: syn::LitStr = syn::parse2(group.stream()).expect("one literal");
                texts.push(text.value());
            }
            TokenTree::Group(group) => texts.extend(errors(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    texts
}
