//! From the tokens of the attribute, or of `options!`, to what the compiler reads instead.
//!
//! Takes in arguments and item, hands on the item with what belongs to it. Whatever happens, the
//! user's item comes out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::block::Block;
use crate::check::{self, Keys};
use crate::errors::Errors;
use crate::form::Form;
use crate::item::{self, Item};
use crate::model::Declared;
use crate::structure::Structure;
use crate::target::Target;
use crate::{args, expand, fallback, messages};

/// The whole attribute.
pub(crate) fn attribute(args: TokenStream, item: &TokenStream) -> TokenStream {
    let output = guarded(item, || write(args, item));
    show(&output);
    output
}

/// The whole macro `options!`.
pub(crate) fn options(args: TokenStream) -> TokenStream {
    let output = guarded(&TokenStream::new(), || list(args));
    show(&output);
    output
}

/// The whole derive macro `OptionValue`.
pub(crate) fn option_value(item: TokenStream) -> TokenStream {
    let output = guarded(&TokenStream::new(), || values(item));
    show(&output);
    output
}

fn values(item: TokenStream) -> TokenStream {
    let item = match syn::parse2(item) {
        Ok(item) => item,
        Err(err) => return err.to_compile_error(),
    };
    let mut errors = Errors::default();
    let (runtime, values) = check::variants(&item, &mut errors);
    let values = if errors.is_empty() { values } else { Vec::new() };
    let impls = expand::values(&runtime, &item, &values);
    quote!(#impls #errors)
}

fn list(args: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let pairs = args::parse(args, Form::Call, &mut errors);
    let keys = Keys::sort(&pairs, &mut errors);
    let runtime = check::runtime(&keys, &mut errors);
    let settings = check::settings(&keys, &mut errors);
    let list = expand::list(&runtime, if errors.is_empty() { &settings } else { &[] });
    quote!({ #errors #list })
}

fn write(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let pairs = args::parse(args, Form::Attribute, &mut errors);
    let keys = Keys::sort(&pairs, &mut errors);
    let runtime = check::runtime(&keys, &mut errors);
    let declared = check::declared(&keys, &mut errors);
    let output = match item::parse(item, &mut errors) {
        Some(Item::Block(block)) => on_block(&block, runtime, &keys, declared, &mut errors),
        Some(Item::Structure(record)) => on_struct(&record, runtime, declared, &mut errors),
        None => item.clone(),
    };
    quote!(#output #errors)
}

/// A block declares something only where the attribute has arguments.
fn on_block(
    block: &Block,
    runtime: Path,
    keys: &Keys<'_>,
    declared: Option<Declared>,
    errors: &mut Errors,
) -> TokenStream {
    let target = Target { header: &block.header, runtime };
    match check::model(declared.filter(|_| !keys.bare), block, errors) {
        Some(model) => expand::server(&target, &model),
        None => fallback::server(&target, !keys.bare),
    }
}

fn on_struct(
    structure: &Structure,
    runtime: Path,
    declared: Option<Declared>,
    errors: &mut Errors,
) -> TokenStream {
    let target = Target { header: &structure.header, runtime };
    match check::record(declared, structure, errors) {
        Some(record) => expand::record(&target, structure, &record),
        None => fallback::record(&target, structure),
    }
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
        let version = env!("CARGO_PKG_VERSION");
        let fault = format!("netserver-macros {version} failed on this item");
        assert!(output.contains(&fault), "{output}");
        assert!(output.contains("this is our bug: please report it, with the item"), "{output}");
    }
}
