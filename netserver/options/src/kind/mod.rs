//! The typed value parsers a row of the table may name.
//!
//! A kind takes in one text and hands on a typed value or a sentence that says what was expected.
//! That an option may be left out ([`Maybe`]) or repeats ([`List`]) is part of its kind, so the
//! type of its getter says so.

mod account;
mod accounts;
mod choice;
mod flag;
mod host;
mod ipv;
mod log_file;
mod logopt;
mod logsock;
mod mode;
mod named;
mod number;
mod path;
mod pattern;
mod period;
mod port;
mod protocol;
mod recv_flags;
mod text;
mod token;
mod unix_type;
mod verify_client;

use std::fmt;

pub use account::{Account, AccountValue};
pub use accounts::Accounts;
pub use choice::{Choice, Choices};
pub use flag::Flag;
pub use host::{Host, HostName, HostValue};
pub use ipv::{Ipv, IpvValue};
pub use log_file::{LogFile, LogFileValue};
pub use logopt::{Logopt, LogoptValue};
pub use logsock::{Logsock, LogsockValue};
pub use mode::Mode;
pub use named::{Named, OptionValue};
pub use number::{Count, Number, Size, Whole};
pub use path::{Folder, Path};
pub use pattern::{Pattern, PatternValue};
pub use period::Period;
pub use port::{Part, Port, PortValue, Target};
pub use protocol::{Proto, ProtoValue, Protocol};
pub use recv_flags::RecvFlags;
pub use text::{Other, Text};
pub use unix_type::UnixType;
pub use verify_client::VerifyClient;

use crate::reject::Reject;

/// How a value looks in `--print-config=json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// As it is printed: a number or `true` and `false`.
    Bare,
    /// In quotes.
    Quoted,
}

/// What texts an option takes, and what they mean.
pub trait Kind {
    /// What the text stands for.
    type Value: Clone + fmt::Debug + PartialEq;

    /// What stands for the value in `--help`.
    const PLACEHOLDER: &'static str;
    /// Whether every occurrence counts; else the last one of a source does.
    const REPEATS: bool = false;
    /// Whether the option may be left without a value at all.
    const OPTIONAL: bool = false;
    /// Whether the name alone means true.
    const FLAG: bool = false;
    /// How the value looks in JSON.
    const JSON: Json = Json::Quoted;
    /// Whether blanks around a text are no part of it.
    const TRIMMED: bool = true;

    /// What is expected, for a message: "a whole number".
    fn expected() -> String;

    /// The same where a row has bounds of its own, which are told behind it: without those of the kind.
    fn bounded() -> String {
        Self::expected()
    }

    /// One occurrence of the value. The text comes without blanks around it where they are no part of it.
    ///
    /// # Errors
    /// What was expected, where the text is not it.
    fn parse(text: &str) -> Result<Self::Value, Reject>;

    /// The value as canonical text: what `parse` reads back as the same value.
    fn print(value: &Self::Value) -> String;

    /// The value as a number in the kind's smallest unit, for ranges and rules.
    fn measure(_value: &Self::Value) -> Option<u64> {
        None
    }

    /// The names it may be, where they are few.
    fn choices() -> Vec<&'static str> {
        Vec::new()
    }

    /// The value of an option from its occurrences, all from one source.
    ///
    /// # Errors
    /// As [`Kind::parse`]; and where there is no occurrence of a value that must be.
    fn gather(texts: &[String]) -> Result<Self::Value, Reject> {
        match texts.last() {
            Some(text) => Self::parse(bare::<Self>(text)),
            None => Err(Reject::new(format!("expected {}, got nothing", Self::expected()))),
        }
    }
}

/// A text without what is no part of it.
fn bare<K: Kind + ?Sized>(text: &str) -> &str {
    if K::TRIMMED { text.trim() } else { text }
}

/// An option that may be left out: its value is an `Option`.
#[derive(Debug)]
pub struct Maybe<K>(K);

/// An option that repeats: its value is a `Vec`, in the order given.
#[derive(Debug)]
pub struct List<K>(K);

impl<K: Kind> Kind for Maybe<K> {
    type Value = Option<K::Value>;
    const PLACEHOLDER: &'static str = K::PLACEHOLDER;
    const OPTIONAL: bool = true;
    const FLAG: bool = K::FLAG;
    const JSON: Json = K::JSON;
    const TRIMMED: bool = K::TRIMMED;

    fn expected() -> String {
        K::expected()
    }

    fn bounded() -> String {
        K::bounded()
    }

    fn parse(text: &str) -> Result<Self::Value, Reject> {
        K::parse(text).map(Some)
    }

    fn print(value: &Self::Value) -> String {
        value.as_ref().map(K::print).unwrap_or_default()
    }

    fn measure(value: &Self::Value) -> Option<u64> {
        value.as_ref().and_then(K::measure)
    }

    fn choices() -> Vec<&'static str> {
        K::choices()
    }

    fn gather(texts: &[String]) -> Result<Self::Value, Reject> {
        texts.last().map(|text| K::parse(bare::<K>(text))).transpose()
    }
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;
    const PLACEHOLDER: &'static str = K::PLACEHOLDER;
    const REPEATS: bool = true;
    const OPTIONAL: bool = true;
    const JSON: Json = K::JSON;
    const TRIMMED: bool = K::TRIMMED;

    fn expected() -> String {
        K::expected()
    }

    fn bounded() -> String {
        K::bounded()
    }

    fn parse(text: &str) -> Result<Self::Value, Reject> {
        K::parse(text).map(|value| vec![value])
    }

    fn print(value: &Self::Value) -> String {
        value.iter().map(K::print).collect::<Vec<_>>().join(", ")
    }

    fn choices() -> Vec<&'static str> {
        K::choices()
    }

    fn gather(texts: &[String]) -> Result<Self::Value, Reject> {
        texts.iter().map(|text| K::parse(bare::<K>(text))).collect()
    }
}

/// A kind as data, for those who have rows and no types; [`KindSpec::of`] makes it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct KindSpec {
    /// What stands for the value in `--help`.
    pub placeholder: &'static str,
    /// Whether every occurrence counts.
    pub repeats: bool,
    /// Whether the option may be left without a value at all.
    pub optional: bool,
    /// Whether the name alone means true.
    pub flag: bool,
    /// How the value looks in JSON.
    pub json: Json,
    /// What is expected, for a message.
    pub expected: fn() -> String,
    /// The same where a row has bounds of its own.
    pub bounded: fn() -> String,
    /// The names the value may be, where they are few.
    pub choices: fn() -> Vec<&'static str>,
    /// What each of them means, in their order, where that is told.
    pub meanings: fn() -> Vec<&'static str>,
    /// The canonical text and the measure of one occurrence.
    pub read: fn(&str) -> Result<Reading, Reject>,
}

/// What a kind made of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The text that stands for the same value in its usual form.
    pub canonical: String,
    /// The value as a number in the kind's smallest unit.
    pub measure: Option<u64>,
}

impl Reading {
    /// Of a text that is no number, in its usual form.
    pub const fn of(canonical: String) -> Self {
        Self { canonical, measure: None }
    }
}

impl KindSpec {
    /// The same, where every occurrence counts.
    #[must_use]
    pub const fn repeats(mut self) -> Self {
        self.repeats = true;
        self.optional = true;
        self
    }

    /// The same, where it may be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The data of `K`.
    pub const fn of<K: Kind>() -> Self {
        Self {
            placeholder: K::PLACEHOLDER,
            repeats: K::REPEATS,
            optional: K::OPTIONAL,
            flag: K::FLAG,
            json: K::JSON,
            expected: K::expected,
            bounded: K::bounded,
            choices: K::choices,
            meanings: Vec::new,
            read: |text| {
                let value = K::parse(bare::<K>(text))?;
                Ok(Reading { canonical: K::print(&value), measure: K::measure(&value) })
            },
        }
    }
}
