//! The attribute `#[net_server]`: one annotated impl block, or a struct and its impl block, becomes
//! a server. And the macro `options!`: options from code, checked as the attribute's are; and
//! `OptionValue`, for enums whose variants are values.
//!
//! An implementation detail of the crate `netserver`, which re-exports the attribute and documents
//! it. What the attribute knows of options and hooks it asks the table in `netserver-options`.
//!
//! ```text
//! args ─┐
//!       ├─ check ─ model ─ expand       everything holds
//! item ─┘       └─ fallback             the user's code, every error, and stubs
//! ```

#![forbid(unsafe_code)]

mod args;
mod block;
mod check;
mod docs;
mod errors;
mod expand;
mod fallback;
mod form;
mod item;
mod messages;
mod model;
mod pipeline;
mod sign;
mod structure;
mod target;
#[cfg(test)]
mod tests;
mod value;
mod words;

use proc_macro::TokenStream;

// Documented where netserver re-exports it.
#[allow(missing_docs, reason = "netserver has them")]
#[proc_macro_attribute]
pub fn net_server(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::attribute(args.into(), &item.into()).into()
}

// Documented where netserver re-exports it.
#[allow(missing_docs, reason = "netserver has them")]
#[proc_macro]
pub fn options(options: TokenStream) -> TokenStream {
    pipeline::options(options.into()).into()
}

// Documented where netserver re-exports it.
#[allow(missing_docs, reason = "netserver has them")]
#[proc_macro_derive(OptionValue, attributes(option_value))]
pub fn option_value(item: TokenStream) -> TokenStream {
    pipeline::option_value(item.into()).into()
}
