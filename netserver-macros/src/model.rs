//! What the attribute declares: only what is valid.
//!
//! Made by `check` alone, taken in by `expand`, which therefore meets nothing it could refuse.

use netserver_options::hook::HookSpec;
use netserver_options::{BuiltIn, OptionSpec};
use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, ExprPath};

/// A server, as its impl block declares it.
pub(crate) struct Model {
    /// `process_request`; several where `#[cfg]` chooses among them.
    pub(crate) request: Vec<Forward>,
    /// The hooks, in the user's order.
    pub(crate) hooks: Vec<Forward>,
    /// None for the bare attribute: then somebody else declares the server.
    pub(crate) declared: Option<Declared>,
}

/// A method of the user's that the runtime calls.
pub(crate) struct Forward {
    pub(crate) spec: &'static HookSpec,
    /// The user's name, with the user's span.
    pub(crate) method: Ident,
    /// The conditions under which the method is there.
    pub(crate) cfgs: Vec<Attribute>,
    /// Where each parameter stands; no more than the hook has.
    pub(crate) params: Vec<Span>,
    /// Where the return type stands; the name where there is none.
    pub(crate) returns: Span,
}

/// What the attribute's arguments say.
pub(crate) struct Declared {
    pub(crate) personality: Personality,
    /// The options that are set, in the user's order.
    pub(crate) settings: Vec<Setting>,
}

/// How connections are given to processes.
pub(crate) enum Personality {
    /// One of those that come with the runtime, and where the user says so.
    BuiltIn(BuiltIn, Span),
    /// Somebody's own type.
    Own(ExprPath),
}

/// One option with what it is set to.
pub(crate) struct Setting {
    pub(crate) spec: &'static OptionSpec,
    pub(crate) key: Ident,
    /// Never empty; more than one only where the option repeats.
    pub(crate) values: Vec<Text>,
}

/// One value of an option.
pub(crate) enum Text {
    /// Held against the table.
    Known(Known),
    /// An expression: the runtime gives it its type, and a text at start.
    Computed(Expr),
}

/// A text that the table took.
pub(crate) struct Known {
    pub(crate) text: String,
    /// The value as a number, where the option is one.
    pub(crate) measure: Option<u64>,
    /// Where it stands.
    pub(crate) tokens: TokenStream,
}
