//! The struct under the attribute.
//!
//! Takes in the item, hands on its fields with our marks on them, and the item without these: they
//! are no attributes of the language. Knows no argument of a mark.

use quote::ToTokens;
use syn::{Attribute, Field as Written, Ident, ItemStruct, Path, Type, Visibility, parse_quote};

use crate::docs::Docs;
use crate::errors::Errors;
use crate::item::{Header, is_ours};
use crate::messages;

/// A struct.
pub(crate) struct Structure {
    pub(crate) header: Header,
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) fields: Vec<Field>,
}

/// A field, with what is said of it.
pub(crate) struct Field {
    /// None in a tuple.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Type,
    pub(crate) docs: Docs,
    /// The conditions under which the field is there.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) marks: Vec<Mark>,
}

/// An attribute that only we understand.
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    pub(crate) attr: Attribute,
}

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// `#[option]`
    Option,
    /// `#[state]`
    State,
    /// One of another crate, which means an option there.
    Foreign,
}

/// Reads the struct.
pub(crate) fn parse(mut item: ItemStruct, errors: &mut Errors) -> Structure {
    once(&mut item.attrs, errors);
    let derives_foreign = item.attrs.iter().any(derives_foreign);
    let fields = item.fields.iter_mut().map(|field| read(field, derives_foreign)).collect();
    let (name, generics) = (&item.ident, &item.generics);
    let (_, arguments, _) = generics.split_for_impl();
    Structure {
        fields,
        name: name.clone(),
        visibility: item.vis.clone(),
        header: Header {
            self_ty: parse_quote!(#name #arguments),
            tokens: item.to_token_stream(),
            attrs: item.attrs.clone(),
            generics: generics.clone(),
        },
    }
}

/// Takes away further attributes of ours, which would all do this work again.
fn once(attrs: &mut Vec<Attribute>, errors: &mut Errors) {
    if let Some(second) = attrs.iter().find(|attr| is_ours(attr)) {
        errors.push(second, &messages::two_attributes());
        attrs.retain(|attr| !is_ours(attr));
    }
}

fn read(field: &mut Written, keep_foreign: bool) -> Field {
    let kind = |attr: &Attribute| {
        MarkKind::of(attr.path()).filter(|kind| !keep_foreign || *kind != MarkKind::Foreign)
    };
    let (ours, others) = field.attrs.drain(..).partition(|attr| kind(attr).is_some());
    field.attrs = others;
    let ours: Vec<Attribute> = ours;
    let cfgs = field.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    Field {
        name: field.ident.clone(),
        ty: field.ty.clone(),
        docs: Docs::of(&field.attrs),
        cfgs: cfgs.cloned().collect(),
        marks: ours
            .into_iter()
            .filter_map(|attr| kind(&attr).map(|kind| Mark { kind, attr }))
            .collect(),
    }
}

impl Structure {
    /// Whether any field is an option, or is meant to be one.
    pub(crate) fn has_options(&self) -> bool {
        let mut marks = self.fields.iter().flat_map(|field| &field.marks);
        marks.any(|mark| mark.kind != MarkKind::State)
    }
}

impl MarkKind {
    /// What an attribute of this name is to us.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.get_ident()?.to_string().as_str() {
            "option" => Some(Self::Option),
            "state" => Some(Self::State),
            "arg" | "clap" | "structopt" | "argh" => Some(Self::Foreign),
            _ => None,
        }
    }
}

/// Whether the struct is another crate's command line too, whose marks it then has.
fn derives_foreign(attr: &Attribute) -> bool {
    let derives = attr.path().is_ident("derive");
    let list = attr.meta.require_list();
    derives
        && list.is_ok_and(|list| {
            let names = list.tokens.to_string();
            let mut names = names.split(|c: char| !c.is_alphanumeric());
            names.any(|name| ["Parser", "Args", "StructOpt", "FromArgs"].contains(&name))
        })
}
