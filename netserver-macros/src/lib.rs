//! The attribute `#[net_server]`: one annotated impl block becomes a server.
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
mod check;
mod errors;
mod expand;
mod fallback;
mod item;
mod messages;
mod model;
mod pipeline;
mod sign;
mod target;
#[cfg(test)]
mod tests;
mod value;

use proc_macro::TokenStream;

/// Makes a server of the impl block that holds `process_request`.
#[proc_macro_attribute]
pub fn net_server(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::attribute(args.into(), &item.into()).into()
}
