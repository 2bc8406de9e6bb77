//! Everything that generated code may name, and nothing else. Not public API.

pub use std::boxed::Box;
pub use std::io;
pub use std::option::Option::Some;
pub use std::process::ExitCode;
pub use std::result::Result::Ok;

use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

pub use netserver_options::kind::KindSpec;
use netserver_options::{OptionSpec, Reject, for_each_option, option_kind};

use crate::declared::Declared;
use crate::error::{AnyError, Error, Result};
pub use crate::options::set::Texts;
use crate::personality::Personality;

/// The names of methods.
pub type Names = &'static [&'static str];
/// The same, where they are known.
pub type Written = Option<Names>;

/// What a hook may return: nothing, or nothing or an error.
#[diagnostic::on_unimplemented(
    message = "a hook cannot return `{Self}`",
    label = "expected `()` or `Result<(), E>`",
    note = "`E` is any error that converts into `Box<dyn Error + Send + Sync>`; `Result<(), AnyError>` takes each by `?`, the prelude's `Result<()>` a few"
)]
pub trait Done {
    /// The same in one form.
    fn done(self) -> Result<()>;
}

#[diagnostic::do_not_recommend]
impl Done for () {
    fn done(self) -> Result<()> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<AnyError>> Done for Result<(), E> {
    fn done(self) -> Result<()> {
        self.map_err(|err| Error::from(err.into()))
    }
}

/// What a hook that answers may return: yes or no, or that or an error.
#[diagnostic::on_unimplemented(
    message = "a hook that answers cannot return `{Self}`",
    label = "expected `bool` or `Result<bool, E>`",
    note = "`E` is any error that converts into `Box<dyn Error + Send + Sync>`; `Result<(), AnyError>` takes each by `?`, the prelude's `Result<()>` a few"
)]
pub trait Verdict {
    /// The same in one form.
    fn verdict(self) -> Result<bool>;
}

#[diagnostic::do_not_recommend]
impl Verdict for bool {
    fn verdict(self) -> Result<bool> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<AnyError>> Verdict for Result<bool, E> {
    fn verdict(self) -> Result<bool> {
        self.map_err(|err| Error::from(err.into()))
    }
}

/// What a method may return that handles clients: `process_request`, or a callback of `multiplex`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "expected `io::Result<()>`, `()` or `Result<(), E>`",
    note = "`E` is any error that converts into `Box<dyn Error + Send + Sync>`; `Result<(), AnyError>` takes each by `?`, the prelude's `Result<()>` a few"
)]
pub trait Served {
    /// The same in one form. An I/O error keeps its kind, which tells whose fault it was.
    ///
    /// # Errors
    /// Those of the request.
    fn served(self) -> io::Result<()>;
}

#[diagnostic::do_not_recommend]
impl Served for () {
    fn served(self) -> io::Result<()> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<AnyError>> Served for Result<(), E> {
    fn served(self) -> io::Result<()> {
        self.map_err(|err| {
            let err: Box<dyn StdError + Send + Sync> = err.into();
            err.downcast::<io::Error>().map_or_else(io::Error::other, |err| *err)
        })
    }
}

/// A constant expression as the value of an option of kind `K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of this option",
    label = "not a value of this option",
    note = "a number, a text, a `bool` or a `Duration`, as the option's kind has it; see `--help`"
)]
pub trait Constant<K> {
    /// The value as texts.
    fn texts(self) -> Texts;
}

/// An option of a server's own; the rest of its columns are set one by one.
pub const fn own(
    name: &'static str,
    summary: &'static str,
    details: &'static str,
    kind: KindSpec,
) -> OptionSpec {
    OptionSpec::own(name, summary, details, kind)
}

/// How a field reads its option.
#[derive(Debug)]
pub struct Way<T> {
    /// The kind of its texts.
    pub kind: KindSpec,
    /// Whether values are numbers, so that they may have a range.
    pub measured: bool,
    /// The value of a text.
    pub read: fn(&str) -> Result<T, Reject>,
    /// All that it may be, where that is known when the program is compiled; else empty.
    pub names: &'static [&'static str],
}

/// Finds the way of a field of type `T`: `Probe::<T>::WAY` is [`Ours`] for the types that have a kind
/// of ours, since a type's own constant comes first, and [`Any`] for all others.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

/// The way of a type that has a kind of ours.
#[derive(Debug)]
pub struct Ours<T>(PhantomData<T>);

/// The way of a type that reads itself.
#[derive(Debug)]
pub struct Any<T>(PhantomData<T>);

/// What [`Probe`] finds for a type that has no kind of ours.
pub trait ReadAny<T> {
    /// The way.
    const WAY: Any<T> = Any(PhantomData);
}

impl<T> ReadAny<T> for Probe<T> {}

/// Something that is a way.
pub trait Reads {
    /// What is read.
    type Value;
    /// How.
    const WAY: Way<Self::Value>;
}

/// A type that reads itself from a text.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be an option",
    label = "does not read itself from a text",
    note = "implement `std::str::FromStr` for it, with an error that implements `Display`; derive `OptionValue` for an enum"
)]
pub trait ReadsItself: Sized {
    /// How.
    const WAY: Way<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: fmt::Display>> ReadsItself for T {
    const WAY: Way<T> = Way {
        kind: kind::Other::<T>::SPEC,
        measured: false,
        read: kind::Other::<T>::parse,
        names: &[],
    };
}

impl<T: ReadsItself> Reads for Any<T> {
    type Value = T;
    const WAY: Way<T> = T::WAY;
}

/// The way of an enum that derives [`OptionValue`](kind::OptionValue).
pub const fn way_by_name<T: kind::OptionValue>() -> Way<T> {
    let (kind, read) = (kind::Named::<T>::SPEC, kind::Named::<T>::parse);
    Way { kind, measured: false, read, names: T::NAMES }
}

/// Whether a value may be `text`, as far as its `names` tell.
pub const fn is_named(names: &[&str], text: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if is_same(names[at].as_bytes(), text.as_bytes()) {
            return true;
        }
        at += 1;
    }
    names.is_empty()
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The way that [`Probe`] found.
pub const fn way<R: Reads>(_: &R) -> Way<R::Value> {
    R::WAY
}

macro_rules! probes {
    ($measured:literal: $($plain:ty => $kind:ty),+ $(,)?) => {$(
        impl Probe<$plain> {
            /// The way.
            pub const WAY: Ours<$plain> = Ours(PhantomData);
        }

        impl Reads for Ours<$plain> {
            type Value = $plain;
            const WAY: Way<$plain> = Way {
                kind: KindSpec::of::<$kind>(),
                measured: $measured,
                // It comes without blanks that are no part of it; those of a secret's file may be.
                read: |text| <$kind as kind::Kind>::parse(text),
                names: &[],
            };
        }
    )+};
}

probes! {
    false:
    String => kind::Text,
    bool => kind::Flag,
    std::path::PathBuf => kind::Path,
    kind::PatternValue => kind::Pattern,
}

probes! {
    true:
    std::time::Duration => kind::Period,
    u8 => kind::Number<u8>,
    u16 => kind::Number<u16>,
    u32 => kind::Number<u32>,
    u64 => kind::Number<u64>,
    usize => kind::Number<usize>,
    i8 => kind::Number<i8>,
    i16 => kind::Number<i16>,
    i32 => kind::Number<i32>,
    i64 => kind::Number<i64>,
    isize => kind::Number<isize>,
}

use netserver_options::kind;

/// A constant expression as the default of a field of type `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the default of a `{T}`",
    label = "not a default of this field",
    note = "write it as text, in quotes, as on the command line; a number, a `String` or a `Duration` may be an expression"
)]
pub trait Preset<T> {
    /// The value as texts.
    fn texts(self) -> Texts;
}

#[diagnostic::do_not_recommend]
impl<T> Preset<T> for &str {
    fn texts(self) -> Texts {
        Texts::from(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, P: Preset<T>, const N: usize> Preset<Vec<T>> for [P; N] {
    fn texts(self) -> Texts {
        self.into_iter().fold(Texts::new(), |all, one| all.with(one.texts()))
    }
}

macro_rules! presets {
    ($($plain:ty),+) => {$(
        #[diagnostic::do_not_recommend]
        impl Preset<Self> for $plain {
            fn texts(self) -> Texts {
                Texts::from(self)
            }
        }
    )+};
}

presets!(String, bool, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, std::time::Duration);

/// Compiles for what its own personality can serve.
pub const fn served<S>()
where
    S: Declared,
    S::Personality: Personality<S>,
{
}

/// What a field starts with that is no option.
#[diagnostic::on_unimplemented(
    message = "nothing says what this field of type `{Self}` starts with",
    label = "has no default",
    note = "write `#[state(..)]` with its first value above the field, or derive `Default` for its type"
)]
pub trait Start {
    /// The value.
    fn start() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Start for T {
    fn start() -> Self {
        Self::default()
    }
}

macro_rules! constants {
    ($($kind:ident: $($plain:ty),+;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl Constant<kind::$kind> for $plain {
            fn texts(self) -> Texts {
                Texts::from(self)
            }
        }
    )+)*};
}

constants! {
    Count: u8, u16, u32, u64, usize, i32;
    Size: u8, u16, u32, u64, usize, i32, &str;
    Period: u8, u16, u32, u64, i32, &str, std::time::Duration;
    Flag: bool;
    Port: u16, i32, &str, String;
    Host: &str, String, std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr;
    Path: &str, String;
    Pattern: &str, String, std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr;
    Account: u16, u32, i32, &str, String;
}

#[diagnostic::do_not_recommend]
impl<E: kind::Choices> Constant<kind::Choice<E>> for &str {
    fn texts(self) -> Texts {
        Texts::from(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K, T: Constant<K>> Constant<kind::Maybe<K>> for T {
    fn texts(self) -> Texts {
        Constant::<K>::texts(self)
    }
}

/// A list takes one value, or an array of them.
macro_rules! list_constants {
    ($($kind:ident: $($plain:ty),+;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl Constant<kind::List<kind::$kind>> for $plain {
            fn texts(self) -> Texts {
                Texts::from(self)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<const N: usize> Constant<kind::List<kind::$kind>> for [$plain; N] {
            fn texts(self) -> Texts {
                self.into_iter().fold(Texts::new(), |all, one| all.with(one))
            }
        }
    )+)*};
}

list_constants! {
    Port: u16, i32, &str, String;
    Host: &str, String, std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr;
    Pattern: &str, String, std::net::IpAddr, std::net::Ipv4Addr, std::net::Ipv6Addr;
    Account: u16, u32, i32, &str, String;
}

macro_rules! option_kinds {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ident $(<$inner:ident>)? { $($column:tt)* }
    )*) => {
        /// The kind of each option, under the option's own name.
        #[allow(non_camel_case_types, reason = "they are named after options")]
        pub mod option {
            use super::option_kind;

            $(
                /// The kind of the option of this name.
                pub type $name = option_kind!($kind $($inner)?);
            )*
        }
    };
}

for_each_option!(option_kinds);
