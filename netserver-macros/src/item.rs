//! The item under the attribute: an impl block, or a struct.
//!
//! Takes in the item's tokens, hands on what can be declared there, and complains of any other
//! item by what it is.

use proc_macro2::TokenStream;
use syn::{Attribute, Generics, Ident, Item as Any, Type};

use crate::block::{self, Block};
use crate::docs::Docs;
use crate::errors::Errors;
use crate::messages;
use crate::structure::{self, Structure};

/// Where a server may be declared.
pub(crate) enum Item {
    Block(Block),
    Structure(Structure),
}

/// What both have.
pub(crate) struct Header {
    /// What the user wrote, without what only we understand.
    pub(crate) tokens: TokenStream,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
}

impl Header {
    /// What the documentation says first.
    pub(crate) fn about(&self) -> Option<String> {
        let about = Docs::of(&self.attrs).summary;
        (!about.is_empty()).then_some(about)
    }
}

/// Reads the item; complains where the attribute stands on something else.
pub(crate) fn parse(item: &TokenStream, errors: &mut Errors) -> Option<Item> {
    if let Some(header) = block::header(item) {
        return block::parse(item, header, errors).map(Item::Block);
    }
    match syn::parse2(item.clone()) {
        Ok(Any::Struct(item)) => return Some(Item::Structure(structure::parse(item, errors))),
        Ok(Any::Enum(item)) => on_type("enum", &item.ident, errors),
        Ok(Any::Union(item)) => on_type("union", &item.ident, errors),
        Ok(Any::Fn(item)) => on_other("function", &item.sig.ident, errors),
        Ok(Any::Trait(item)) => on_other("trait", &item.ident, errors),
        Ok(Any::Mod(item)) => on_other("module", &item.ident, errors),
        _ => errors.push(item, &messages::on_something()),
    }
    None
}

fn on_type(kind: &str, name: &Ident, errors: &mut Errors) {
    errors.push(name, &messages::on_type(kind, name));
}

fn on_other(kind: &str, name: &Ident, errors: &mut Errors) {
    errors.push(name, &messages::on_other(kind, name));
}

/// Whether an attribute is this one once more.
pub(crate) fn is_ours(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "net_server")
}
