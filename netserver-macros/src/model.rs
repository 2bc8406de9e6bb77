//! What an attribute declares: only what is valid.
//!
//! Made by `check` alone, taken in by `expand`, which therefore meets nothing it could refuse.

use netserver_options::hook::HookSpec;
use netserver_options::{BuiltIn, OptionSpec, Scope};
use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, ExprPath, Type};

/// A server, as its impl block declares it.
pub(crate) struct Model {
    /// The methods that the runtime calls, in the user's order: hooks, and what handles clients. Several of
    /// one name where `#[cfg]` chooses among them.
    pub(crate) methods: Vec<Forward>,
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

/// A server's struct.
pub(crate) struct Record {
    pub(crate) declared: Declared,
    pub(crate) fields: Vec<Field>,
    /// Whether any field is an option, so that the runtime makes the value.
    pub(crate) has_options: bool,
}

/// A field, and where its value comes from.
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) origin: Origin,
}

/// Where the value of a field comes from.
pub(crate) enum Origin {
    /// Somebody sets it.
    Option(Box<OwnOption>),
    /// It is what this type starts with.
    Start(Type),
    /// It is what this says.
    State(Expr),
}

/// An option of the server's own.
pub(crate) struct OwnOption {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) details: String,
    pub(crate) shape: Shape,
    /// The field's type.
    pub(crate) ty: Type,
    /// The type of one value.
    pub(crate) one: Type,
    pub(crate) default: Preset,
    pub(crate) range: Option<Range>,
    pub(crate) required: bool,
    pub(crate) short: Option<char>,
    pub(crate) secret: bool,
    /// Whether only rustc knows what its type takes.
    pub(crate) unsure: bool,
}

/// A variant that is a value of an option.
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) variant: Ident,
    pub(crate) meaning: String,
    /// The conditions under which it is there.
    pub(crate) cfgs: Vec<Attribute>,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    Maybe,
    All,
}

/// What a field has where nobody sets it.
pub(crate) enum Preset {
    Nothing,
    /// One for a scalar, any number for a list.
    Each(Vec<Text>),
    /// An expression for the whole list.
    Whole(Expr),
}

/// Least and greatest value.
pub(crate) struct Range {
    pub(crate) low: String,
    pub(crate) high: String,
    /// Where the range stands, if only rustc can tell whether the type has one.
    pub(crate) unsure: Option<Span>,
}

/// What the attribute's arguments say.
pub(crate) struct Declared {
    pub(crate) personality: Personality,
    /// The built-in personalities that may serve; `None` where there may be others.
    pub(crate) scope: Option<Scope>,
    /// Somebody's own type, which speaks first.
    pub(crate) proto: Option<ExprPath>,
    /// The options that are set, in the user's order.
    pub(crate) settings: Vec<Setting>,
    /// Whether words that are no options are left to the server.
    pub(crate) pass_unknown: bool,
    /// What variables of the environment begin with that set options.
    pub(crate) env_prefix: Option<String>,
    /// The first argument; the attribute where there is none.
    pub(crate) place: Span,
}

/// How connections are given to processes.
pub(crate) enum Personality {
    /// What serves where the user says nothing.
    Default(BuiltIn),
    /// What serves where nobody chooses, with options for any.
    Any(BuiltIn),
    /// Some that come with the runtime: what serves where no other is chosen, and where the user says
    /// so; and the others.
    Named { first: (BuiltIn, Span), others: Vec<(BuiltIn, Span)> },
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

impl Text {
    /// The text, where it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        match self {
            Self::Known(known) => Some(&known.text),
            Self::Computed(_) => None,
        }
    }
}

/// A text that the table took.
pub(crate) struct Known {
    pub(crate) text: String,
    /// The value as a number, where the option is one.
    pub(crate) measure: Option<u64>,
    /// Where it stands.
    pub(crate) tokens: TokenStream,
}
