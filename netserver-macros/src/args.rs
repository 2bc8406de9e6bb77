//! Arguments: `key = value`, separated by commas; in `options!` it is `key: value`.
//!
//! Takes in tokens, hands on pairs. Syntax only: knows no option name. Where it is plain what was
//! meant (`port => 1`, a missing comma) it complains and reads on, so that the later stages see
//! all there is.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprPath, Ident, LitStr, PathArguments, Token, TypePath};

use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::sign::Sign;
use crate::value::Value;

/// One argument.
pub(crate) struct Pair {
    pub(crate) key: Ident,
    pub(crate) value: Value,
    pub(crate) form: Form,
}

impl Pair {
    /// The key as the table spells it.
    pub(crate) fn name(&self) -> String {
        self.key.unraw().to_string()
    }
}

/// Reads every argument that can be read, and complains of the rest.
pub(crate) fn parse(tokens: TokenStream, form: Form, errors: &mut Errors) -> Vec<Pair> {
    let all = |input: ParseStream<'_>| {
        let mut pairs = Vec::new();
        while !input.is_empty() {
            pairs.extend(pair(input, form, errors));
            separator(input, form, errors);
        }
        Ok(pairs)
    };
    // `all` has no error of its own and leaves nothing unread.
    all.parse2(tokens).unwrap_or_default()
}

fn pair(input: ParseStream<'_>, form: Form, errors: &mut Errors) -> Option<Pair> {
    let start = upcoming(input)?;
    let Some(key) = key(input, errors) else {
        errors.push(&start, &messages::no_key(&start, form));
        skip_to_comma(input);
        return None;
    };
    let sign = Sign::parse(input).ok()?;
    let value = match &sign {
        Sign::Nothing => Value::Missing,
        Sign::Parentheses(group) => {
            let inner = |input: ParseStream<'_>| Ok(value(&key, input, form, errors));
            inner.parse2(group.stream()).unwrap_or(Value::Broken)
        }
        Sign::Equals(_) | Sign::Colon(_) | Sign::Arrow(_) | Sign::Other(_) => {
            value(&key, input, form, errors)
        }
    };
    let pair = Pair { key, value, form };
    sign.complain(&pair, errors);
    Some(pair)
}

/// A name; also one in quotes or with dashes, as a conf file or a command line may have it.
fn key(input: ParseStream<'_>, errors: &mut Errors) -> Option<Ident> {
    if let Ok(quoted) = input.parse::<LitStr>() {
        let key = quoted.parse_with(Ident::parse_any).ok()?;
        errors.push(&quoted, &messages::quoted_key(&key));
        return Some(key);
    }
    let key = input.call(Ident::parse_any).ok()?;
    if !input.peek(Token![-]) {
        return Some(key);
    }
    let mut written = quote!(#key);
    let mut name = key.unraw().to_string();
    while let Ok(dash) = input.parse::<Token![-]>() {
        let part = input.call(Ident::parse_any).ok()?;
        written.extend(quote!(#dash #part));
        name = format!("{name}_{}", part.unraw());
    }
    let key = Ident::new(&name, key.span());
    errors.push(&written, &messages::dashed_key(&key, &written));
    Some(key)
}

fn value(key: &Ident, input: ParseStream<'_>, form: Form, errors: &mut Errors) -> Value {
    let start = input.fork();
    if input.is_empty() || input.peek(Token![,]) {
        return Value::Missing;
    }
    if let Some(expr) = whole(input).or_else(|| whole(input).map(as_expression)) {
        return Value::of(expr);
    }
    skip_to_comma(input);
    let written = skip_to_comma(&start);
    errors.push(&written, &messages::no_expression(key, &written, form));
    Value::Broken
}

/// What is there, where it is one thing up to the next argument.
fn whole<T: Parse>(input: ParseStream<'_>) -> Option<T> {
    let ahead = input.fork();
    let found = ahead.parse().ok()?;
    let ends = ahead.is_empty() || ahead.peek(Token![,]) || starts_pair(&ahead);
    ends.then(|| input.advance_to(&ahead))?;
    Some(found)
}

/// `Few<3>` is a type and no expression; `Few::<3>` is both.
fn as_expression(TypePath { attrs, qself, mut path }: TypePath) -> Expr {
    for segment in &mut path.segments {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            arguments.colon2_token.get_or_insert_default();
        }
    }
    Expr::Path(ExprPath { attrs, qself, path })
}

fn separator(input: ParseStream<'_>, form: Form, errors: &mut Errors) {
    let Some(next) = upcoming(input) else {
        return;
    };
    if input.parse::<Token![,]>().is_ok() {
        return;
    }
    if starts_pair(input) {
        errors.push(&next, &messages::no_comma(&next));
        return;
    }
    errors.push(&next, &messages::no_separator(&next, form));
    skip_to_comma(input);
    // There is a comma, or nothing at all.
    let _ = input.parse::<Token![,]>();
}

fn upcoming(input: ParseStream<'_>) -> Option<TokenTree> {
    input.cursor().token_tree().map(|(tree, _)| tree)
}

fn starts_pair(input: ParseStream<'_>) -> bool {
    let quoted = input.peek(LitStr) && (input.peek2(Token![=]) || input.peek2(Token![:]));
    input.peek(Ident::peek_any) || quoted
}

fn skip_to_comma(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.peek(Token![,])
        && let Ok(tree) = input.parse::<TokenTree>()
    {
        skipped.extend([tree]);
    }
    skipped
}
