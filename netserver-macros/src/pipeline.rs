//! From the attribute's tokens to what the compiler reads instead of it.
//!
//! Takes in arguments and item, hands on the item with what belongs to it. Whatever happens, the
//! user's item comes out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;
use quote::quote;

use crate::check::{self, Keys};
use crate::errors::Errors;
use crate::target::Target;
use crate::{args, expand, fallback, item, messages};

/// The whole attribute.
pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let output = guarded(item, || write(args, item));
    show(&output);
    output
}

fn write(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let pairs = args::parse(args, &mut errors);
    let keys = Keys::sort(&pairs, &mut errors);
    let runtime = check::runtime(&keys, &mut errors);
    let declared = check::declared(&keys, &mut errors);
    let Some(block) = item::parse(item, &mut errors) else {
        return quote!(#item #errors);
    };
    let model = check::model(declared, &block, &mut errors);
    let target = Target { block: &block, runtime };
    let server = match model {
        Some(model) => expand::server(&target, &model),
        None => fallback::server(&target, !keys.bare),
    };
    quote!(#server #errors)
}

/// Runs `work`; where it panics, says that this is our bug and leaves the item as it is.
fn guarded(item: &TokenStream, work: impl FnOnce() -> TokenStream) -> TokenStream {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let mut errors = Errors::default();
        errors.push(item, &messages::our_bug(env!("CARGO_PKG_VERSION")));
        quote!(#item #errors)
    })
}

/// Prints the expansion for somebody who wants to see it.
#[allow(clippy::print_stderr, reason = "asked for, and at compile time there is no client")]
fn show(output: &TokenStream) {
    if std::env::var_os("NETSERVER_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{output}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "the panic is what is tested")]
    fn a_panic_of_ours_leaves_the_item() {
        let item = quote!(impl Echo {});
        let output = guarded(&item, || panic!("on purpose")).to_string();
        assert!(output.starts_with(&item.to_string()), "{output}");
        assert!(output.contains(env!("CARGO_PKG_VERSION")), "{output}");
    }
}
