//! Words without quotes: `root`, `echo.conf`, `8080/tcp`.
//!
//! Takes in an expression of an attribute, hands on whether it was meant as a text. No variable is in
//! scope there, and constants have capital letters.

use syn::{Expr, ExprBinary, ExprField, Path};

/// Whether nothing is in the expression but words in lower case, numbers between them, and signs.
pub(crate) fn only(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.qself.is_none() && is_word(&path.path),
        Expr::Field(ExprField { base, .. }) => only(base),
        Expr::Binary(ExprBinary { left, right, .. }) => {
            (only(left) && part(right)) || (part(left) && only(right))
        }
        _ => false,
    }
}

fn part(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(_)) || only(expr)
}

fn is_word(path: &Path) -> bool {
    path.get_ident().is_some_and(|word| !word.to_string().contains(char::is_uppercase))
}
