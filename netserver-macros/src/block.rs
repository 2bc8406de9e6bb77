//! The impl block under the attribute.
//!
//! Takes in the item's tokens, hands on the block's header and the signatures of its methods.
//! Bodies stay tokens: one that is being typed does not silence what we have to say. Knows no hook.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, ItemImpl, Meta, Signature, Token, Visibility, token};

use crate::errors::Errors;
use crate::item::{Header, is_ours};
use crate::messages;
use crate::structure::MarkKind;

/// An inherent impl block.
pub(crate) struct Block {
    pub(crate) header: Header,
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

/// The block without its members; `None` where the item is none.
pub(crate) fn header(item: &TokenStream) -> Option<ItemImpl> {
    syn::parse2(split(item).0).ok()
}

/// Reads the block; complains where it implements a trait.
pub(crate) fn parse(item: &TokenStream, header: ItemImpl, errors: &mut Errors) -> Option<Block> {
    if let Some((path, _)) = &header.trait_ {
        errors.push(path, &messages::on_trait_impl(path, &header.self_ty));
        return None;
    }
    let mut methods = methods.parse2(split(item).1).unwrap_or_default();
    let marked = marked(&mut methods, errors);
    let tokens = once(item, &header.attrs, errors);
    let header = Header {
        tokens: if marked { without_marks(tokens) } else { tokens },
        attrs: header.attrs,
        generics: header.generics,
        self_ty: *header.self_ty,
    };
    Some(Block { header, methods })
}

/// Complains of the marks of fields, and takes them off.
fn marked(methods: &mut [Method], errors: &mut Errors) -> bool {
    let mut any = false;
    for method in methods {
        let is_mark = |attr: &Attribute| MarkKind::of(attr.path()).is_some();
        for mark in method.attrs.iter().filter(|attr| is_mark(attr)) {
            errors.push(mark, &messages::mark_on_a_method(mark.path(), &method.signature.ident));
            any = true;
        }
        method.attrs.retain(|attr| !is_mark(attr));
    }
    any
}

/// The block without the marks on its members: rustc would say once more that they do not belong
/// there.
fn without_marks(block: TokenStream) -> TokenStream {
    let mut trees: Vec<TokenTree> = block.into_iter().collect();
    if let Some(TokenTree::Group(braces)) = trees.last_mut() {
        let members: Vec<TokenTree> = braces.stream().into_iter().collect();
        let starts = |at: usize| starts_with_mark(&members[at..]);
        let kept = (0..members.len()).filter(|at| !starts(*at) && (*at == 0 || !starts(*at - 1)));
        let kept = kept.map(|at| members[at].clone()).collect();
        let mut without = Group::new(Delimiter::Brace, kept);
        without.set_span(braces.span());
        *braces = without;
    }
    trees.into_iter().collect()
}

fn starts_with_mark(members: &[TokenTree]) -> bool {
    let [TokenTree::Punct(sign), TokenTree::Group(group), ..] = members else {
        return false;
    };
    sign.as_char() == '#' && names_mark(group)
}

fn names_mark(group: &Group) -> bool {
    let meta = syn::parse2::<Meta>(group.stream());
    meta.is_ok_and(|meta| MarkKind::of(meta.path()).is_some())
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
