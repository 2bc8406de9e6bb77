//! A documentation comment, as help shows it.
//!
//! Takes in attributes, hands on the first paragraph and the rest.

use syn::{Attribute, Expr, ExprLit, Lit};

/// What a comment says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Docs {
    /// The first paragraph, on one line. Empty where there is none.
    pub(crate) summary: String,
    /// What follows it, line by line.
    pub(crate) details: String,
}

impl Docs {
    /// Reads the comment among `attrs`.
    pub(crate) fn of(attrs: &[Attribute]) -> Self {
        let text: Vec<String> = attrs.iter().filter_map(doc).collect();
        let text = text.join("\n");
        let mut lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
        let paragraph: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let rest: Vec<&str> = lines.collect();
        Self { summary: paragraph.join(" "), details: rest.join("\n").trim().to_owned() }
    }
}

/// The text of one line, or of one block.
fn doc(attr: &Attribute) -> Option<String> {
    let doc = attr.meta.require_name_value().ok()?;
    match &doc.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if doc.path.is_ident("doc") => {
            Some(text.value())
        }
        _ => None,
    }
}
