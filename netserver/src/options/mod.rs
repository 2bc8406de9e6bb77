//! From texts to one immutable value.
//!
//! [`args`], [`environment`] and [`conf`] read texts, [`set`] holds them with their [`source`]s, [`merge`] lets the
//! strongest win and holds the table's rules against what is left; [`Options`] is the outcome,
//! typed. [`print`] and [`help`] show it. Binds nothing and knows no process.

pub(crate) mod args;
pub(crate) mod conf;
pub(crate) mod environment;
#[cfg(test)]
mod generated_inputs;
pub(crate) mod help;
#[cfg(feature = "manual")]
pub(crate) mod manual;
pub(crate) mod merge;
pub(crate) mod own;
pub(crate) mod print;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod secret;
pub(crate) mod set;
pub(crate) mod source;
pub(crate) mod unit;

use netserver_options::kind::{self, Kind};
use netserver_options::{Reject, for_each_option, option_kind};

/// The type that a getter hands out: numbers and the like by value, the rest lent.
macro_rules! lent {
    (List $inner:ident, $value:expr) => {
        $value.as_slice()
    };
    (Maybe $inner:ident, $value:expr) => {
        $value.as_ref()
    };
    (Text, $value:expr) => {
        $value.as_str()
    };
    (Logsock, $value:expr) => {
        &$value
    };
    ($($plain:ident)+, $value:expr) => {
        $value
    };
}

macro_rules! lent_type {
    (List $inner:ident) => { &[<kind::$inner as Kind>::Value] };
    (Maybe $inner:ident) => { Option<&<kind::$inner as Kind>::Value> };
    (Text) => { &str };
    (Logsock) => { &<kind::Logsock as Kind>::Value };
    ($($plain:ident)+) => { <option_kind!($($plain)+) as Kind>::Value };
}

macro_rules! typed {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ident $(<$inner:ident>)? { $($column:tt)* }
    )*) => {
        /// The effective options of a server: typed, and read-only from here on.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Options {
            $($name: <option_kind!($kind $($inner)?) as Kind>::Value,)*
        }

        impl Options {
            $(
                $(#[doc = $doc])+
                pub fn $name(&self) -> lent_type!($kind $($inner)?) {
                    lent!($kind $($inner)?, self.$name)
                }
            )*

            /// The typed value of every option, from the canonical texts that `of` tells. Where
            /// one is refused, its name is told too. There is one of it: it is the largest function of
            /// a server.
            pub(crate) fn gather(
                of: &dyn Fn(&str) -> Vec<String>,
            ) -> Result<Self, (&'static str, Reject)> {
                Ok(Self {
                    $($name: <option_kind!($kind $($inner)?)>::gather(&of(stringify!($name)))
                        .map_err(|reject| (stringify!($name), reject))?,)*
                })
            }
        }
    };
}

for_each_option!(typed);
