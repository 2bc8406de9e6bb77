//! What stands behind the `=` of an argument.
//!
//! Takes in an expression, hands on its text where that is known now, or the expression for rustc.
//! Knows no option, so it cannot tell whether a text is a good one.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprArray, ExprLit, ExprUnary, Lit, UnOp};

/// A value as the user wrote it.
pub(crate) enum Value {
    /// The key stands alone.
    Missing,
    /// A text that is known at compile time.
    Literal(Literal),
    /// `[first, second]`.
    List(List),
    /// A literal that stands for no text: a character, bytes.
    Odd(TokenStream),
    /// Anything else: rustc works it out.
    Computed(Expr),
    /// It was complained of already; nobody should do so again.
    Broken,
}

/// A literal, as the text that one would write on the command line.
pub(crate) struct Literal {
    pub(crate) text: String,
    tokens: TokenStream,
}

/// A list, with its brackets for those who complain of it.
pub(crate) struct List {
    pub(crate) elements: Vec<Value>,
    tokens: TokenStream,
}

impl Value {
    /// Sorts an expression.
    pub(crate) fn of(expr: Expr) -> Self {
        match expr {
            // What a `macro_rules!` hands on as `$value:expr` stands in an invisible group.
            Expr::Group(group) => Self::of(*group.expr),
            Expr::Array(array) => Self::list(array),
            Expr::Lit(ExprLit { lit, .. }) => Self::literal(text(&lit), lit),
            other => match negative(&other) {
                Some(text) => Self::literal(Some(text), other),
                None => Self::Computed(other),
            },
        }
    }

    fn list(array: ExprArray) -> Self {
        let tokens = array.to_token_stream();
        let elements = array.elems.into_iter().map(Self::of).collect();
        Self::List(List { elements, tokens })
    }

    fn literal(text: Option<String>, tokens: impl ToTokens) -> Self {
        let tokens = tokens.into_token_stream();
        match text {
            Some(text) => Self::Literal(Literal { text, tokens }),
            None => Self::Odd(tokens),
        }
    }
}

/// The text of a number behind a minus.
fn negative(expr: &Expr) -> Option<String> {
    let Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) = expr else {
        return None;
    };
    match &**expr {
        Expr::Lit(ExprLit { lit: lit @ (Lit::Int(_) | Lit::Float(_)), .. }) => {
            text(lit).map(|text| format!("-{text}"))
        }
        _ => None,
    }
}

/// What stands for the literal on a command line.
fn text(lit: &Lit) -> Option<String> {
    match lit {
        Lit::Str(text) => Some(text.value()),
        Lit::Int(number) => Some(number.base10_digits().to_owned() + unit(number.suffix())),
        Lit::Float(number) => Some(number.base10_digits().to_owned() + unit(number.suffix())),
        Lit::Bool(truth) => Some(truth.value.to_string()),
        _ => None,
    }
}

/// `8u16` is 8; but `30s` is no 30: there the suffix is part of the value.
fn unit(suffix: &str) -> &str {
    const TYPES: [&str; 14] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64",
    ];
    if TYPES.contains(&suffix) { "" } else { suffix }
}

impl ToTokens for Value {
    /// The user's tokens; none where there is no value.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Missing | Self::Broken => {}
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::List(list) => list.to_tokens(tokens),
            Self::Odd(literal) => literal.to_tokens(tokens),
            Self::Computed(expr) => expr.to_tokens(tokens),
        }
    }
}

impl ToTokens for Literal {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}

impl ToTokens for List {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}
