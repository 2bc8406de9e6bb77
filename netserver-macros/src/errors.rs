//! What the attribute has to complain of, collected so that everything is said at once.
//!
//! Takes in messages with the tokens they are about, hands on `compile_error!`s. Knows no text.

use netserver_options::Reject;
use proc_macro2::TokenStream;
use quote::ToTokens;

/// All complaints of one expansion, in the order in which they were found.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
}

impl Errors {
    /// Adds `message`; rustc underlines `place` from its first token to its last.
    pub(crate) fn push(&mut self, place: impl ToTokens, message: &Reject) {
        // rustc indents further lines of a message, so that the help stands below the fault.
        let text = match &message.help {
            Some(help) => format!("{}\nhelp: {help}", message.fault),
            None => message.fault.clone(),
        };
        self.found.push(syn::Error::new_spanned(place, text));
    }

    /// Whether there is nothing to complain of.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.found.iter().map(syn::Error::to_compile_error));
    }
}
