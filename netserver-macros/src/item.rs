//! The impl block under the attribute.
//!
//! Takes in the item's tokens, hands on the block's header and the signatures of its methods.
//! Bodies stay tokens: one that is being typed does not silence what we have to say. Knows no hook.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Expr, ExprLit, Generics, Ident, Item, ItemImpl, Lit, Signature, Token, Type,
    Visibility, token,
};

use crate::errors::Errors;
use crate::messages;

/// An inherent impl block.
pub(crate) struct Block {
    /// What the user wrote, without the attribute.
    pub(crate) tokens: TokenStream,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) methods: Vec<Method>,
}

/// A method, without its body.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) signature: Signature,
}

impl Method {
    /// The name as the table spells it.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }
}

impl Block {
    /// The first paragraph of the block's documentation, on one line.
    pub(crate) fn about(&self) -> Option<String> {
        let docs: Vec<String> = self.attrs.iter().filter_map(doc).collect();
        let docs = docs.join("\n");
        let lines = docs.lines().map(str::trim);
        let lines = lines.skip_while(|line| line.is_empty());
        let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        (!paragraph.is_empty()).then(|| paragraph.join(" "))
    }
}

/// The text of a documentation comment.
fn doc(attr: &Attribute) -> Option<String> {
    let doc = attr.meta.require_name_value().ok()?;
    match &doc.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if doc.path.is_ident("doc") => {
            Some(text.value())
        }
        _ => None,
    }
}

/// Reads the block; complains where the attribute stands on something else.
pub(crate) fn parse(item: &TokenStream, errors: &mut Errors) -> Option<Block> {
    let (header, body) = split(item);
    let Ok(header) = syn::parse2::<ItemImpl>(header) else {
        look_alike(item, errors);
        return None;
    };
    if let Some((path, _)) = &header.trait_ {
        errors.push(path, &messages::on_trait_impl(path, &header.self_ty));
        return None;
    }
    Some(Block {
        tokens: once(item, &header.attrs, errors),
        attrs: header.attrs,
        generics: header.generics,
        self_ty: *header.self_ty,
        methods: methods.parse2(body).unwrap_or_default(),
    })
}

/// The item with nothing between its braces, and what stood there.
fn split(item: &TokenStream) -> (TokenStream, TokenStream) {
    let mut trees: Vec<TokenTree> = item.clone().into_iter().collect();
    let body = match trees.last_mut() {
        Some(TokenTree::Group(braces)) if braces.delimiter() == Delimiter::Brace => {
            let body = braces.stream();
            *braces = Group::new(Delimiter::Brace, TokenStream::new());
            body
        }
        _ => TokenStream::new(),
    };
    (trees.into_iter().collect(), body)
}

/// The item without further attributes of ours, which would all do this work again.
fn once(item: &TokenStream, attrs: &[Attribute], errors: &mut Errors) -> TokenStream {
    let (ours, others): (Vec<_>, Vec<_>) = attrs.iter().partition(|attr| is_ours(attr));
    let Some(second) = ours.first() else {
        return item.clone();
    };
    errors.push(second, &messages::two_attributes());
    let without = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        let rest: TokenStream = input.parse()?;
        Ok(quote!(#(#others)* #rest))
    };
    without.parse2(item.clone()).unwrap_or_default()
}

fn is_ours(attr: &Attribute) -> bool {
    let last = attr.path().segments.last();
    last.is_some_and(|last| last.ident == "net_server")
}

fn methods(body: ParseStream<'_>) -> syn::Result<Vec<Method>> {
    body.call(Attribute::parse_inner)?;
    let mut methods = Vec::new();
    while !body.is_empty() {
        let ahead = body.fork();
        if let Ok(method) = ahead.parse() {
            body.advance_to(&ahead);
            methods.push(method);
        }
        skip_member(body);
    }
    Ok(methods)
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let _: Visibility = input.parse()?;
        let signature = input.parse()?;
        Ok(Self { attrs, signature })
    }
}

/// To behind the next body or semicolon.
fn skip_member(body: ParseStream<'_>) {
    while !body.is_empty() {
        let ends = body.peek(token::Brace) || body.peek(Token![;]);
        if body.parse::<TokenTree>().is_err() || ends {
            return;
        }
    }
}

/// Complains of an item that is no impl block, by what it is.
fn look_alike(item: &TokenStream, errors: &mut Errors) {
    match syn::parse2(item.clone()) {
        Ok(Item::Struct(item)) => on_type("struct", &item.ident, errors),
        Ok(Item::Enum(item)) => on_type("enum", &item.ident, errors),
        Ok(Item::Union(item)) => on_type("union", &item.ident, errors),
        Ok(Item::Fn(item)) => on_other("function", &item.sig.ident, errors),
        Ok(Item::Trait(item)) => on_other("trait", &item.ident, errors),
        Ok(Item::Mod(item)) => on_other("module", &item.ident, errors),
        _ => errors.push(item, &messages::on_something()),
    }
}

fn on_type(kind: &str, name: &Ident, errors: &mut Errors) {
    errors.push(name, &messages::on_type(kind, name));
}

fn on_other(kind: &str, name: &Ident, errors: &mut Errors) {
    errors.push(name, &messages::on_other(kind, name));
}
