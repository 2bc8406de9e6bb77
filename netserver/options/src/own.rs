//! What a server's own options have to be beside those of the table.
//!
//! Takes in rows, hands on the first that cannot stand: one that shadows another, or that refuses
//! its own default, would be found out by whoever runs the server, at the worst of times.

use crate::command;
use crate::reject::Reject;
use crate::table::{OptionSpec, Table};

/// Holds the names against those of the table, of the commands, and against each other.
///
/// # Errors
/// The first name that nobody could write, or that is taken, and by what.
pub fn names(own: &'static [OptionSpec]) -> Result<(), (&'static str, Reject)> {
    for (at, spec) in own.iter().enumerate() {
        let taken = |by: &str| Err((spec.name, Reject::new(format!("is the name of {by}"))));
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if spec.name.is_empty() || !spec.name.bytes().all(fits) {
            let reject = Reject::new("is no name of an option");
            return Err((spec.name, reject.with_help("use a to z, 0 to 9 and `_`")));
        }
        if Table::BUILT_IN.find(spec.name).is_some() {
            return taken("a built-in option");
        }
        if command::is_command(spec.name) {
            return taken("a command");
        }
        if Table::with(&own[..at]).find(spec.name).is_some() {
            return taken("another option of this server");
        }
        if let Some(letter) = spec.short {
            short(letter, &own[..at]).map_err(|reject| (spec.name, reject))?;
        }
    }
    Ok(())
}

/// Whether the variables of the environment that set options may begin with that and a `_`.
pub fn is_prefix(prefix: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    prefix.starts_with(|c: char| c.is_ascii_uppercase())
        && prefix.chars().all(fits)
        && !prefix.ends_with('_')
}

/// Why they may not.
pub fn no_prefix(prefix: &str) -> Reject {
    Reject::expected("A to Z, 0 to 9 and `_`, with a letter first and no `_` last", prefix)
        .with_help("of a server with the prefix ECHO, `ECHO_PORT` sets `port`")
}

/// Holds the letter of an option against those of the commands and of the options before it.
///
/// # Errors
/// Where it is no letter, or is taken.
pub fn short(letter: char, before: &'static [OptionSpec]) -> Result<(), Reject> {
    if !letter.is_ascii_alphabetic() {
        let reject = Reject::new(format!("`{}` is no letter", letter.escape_default()));
        return Err(reject.with_help("`short` takes one of a to z and A to Z"));
    }
    if let Some((_, row)) = command::shorts().find(|(taken, _)| *taken == letter) {
        return Err(Reject::new(format!("`-{letter}` is short for --{}", row.name)));
    }
    let taken = Table::with(before).find_short(letter);
    taken.map_or(Ok(()), |spec| {
        Err(Reject::new(format!("`-{letter}` is short for --{}", spec.name)))
    })
}

/// Holds each default against the kind and the range of its own option. A secret has none: it would be
/// in the program for everybody to read.
///
/// # Errors
/// The first default that is refused.
pub fn defaults(own: &'static [OptionSpec]) -> Result<(), (&'static str, Reject)> {
    for spec in own {
        if spec.secret && !spec.defaults_for(None).is_empty() {
            return Err((spec.name, Reject::new("is secret, and has no default")));
        }
        for text in spec.defaults_for(None) {
            spec.check(text).map_err(|reject| (spec.name, reject))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Count, KindSpec};

    const fn row(name: &'static str) -> OptionSpec {
        OptionSpec::own(name, "", "", KindSpec::of::<Count>())
    }

    fn fault(held: Result<(), (&'static str, Reject)>) -> String {
        held.map_or_else(|(name, reject)| format!("{name}: {}", reject.fault), |()| String::new())
    }

    #[test]
    fn a_name_stands_once() {
        for (name, said) in [
            ("port", "port: is the name of a built-in option"),
            ("max-servers", "max-servers: is no name of an option"),
            ("", ": is no name of an option"),
            ("help", "help: is the name of a command"),
            ("version", "version: is the name of a command"),
            ("check", "check: is the name of a command"),
            ("print_config", "print_config: is the name of a command"),
            ("size", "size: is the name of another option of this server"),
            ("width", ""),
        ] {
            let own = Box::leak(Box::new([row("size"), row(name)]));
            assert_eq!(fault(names(own)), said, "{name}");
        }
    }

    #[test]
    fn a_letter_stands_once() {
        for (letter, said) in [
            ('s', "width: `-s` is short for --size"),
            ('h', "width: `-h` is short for --help"),
            ('V', "width: `-V` is short for --version"),
            ('1', "width: `1` is no letter"),
            ('\n', "width: `\\n` is no letter"),
            ('S', ""),
        ] {
            let own = [row("size").short('s'), row("width").short(letter)];
            assert_eq!(fault(names(Box::leak(Box::new(own)))), said, "{letter}");
        }
    }

    #[test]
    fn a_secret_has_no_default_and_is_not_shown() {
        static SECRET: [OptionSpec; 1] = [row("size").secret().default(&["1"])];
        assert_eq!(fault(defaults(&SECRET)), "size: is secret, and has no default");
        let refused = row("size").secret().range("1", "9").check("hunter2").unwrap_err();
        let said = "expected a whole number, 1 to 9, got a secret that is something else";
        assert_eq!(refused.to_string(), said);
    }

    #[test]
    fn a_default_is_a_value_of_its_own_option() {
        static GOOD: [OptionSpec; 2] = [row("size").default(&["9"]).range("1", "9"), row("width")];
        static WRONG_KIND: [OptionSpec; 2] = [row("width"), row("size").default(&["many"])];
        static OUT_OF_RANGE: [OptionSpec; 1] = [row("size").default(&["1", "10"]).range("1", "9")];
        assert_eq!(fault(defaults(&GOOD)), "");
        assert_eq!(fault(defaults(&WRONG_KIND)), "size: expected a whole number, got many");
        assert_eq!(fault(defaults(&OUT_OF_RANGE)), "size: expected 1 to 9, got 10");
    }

    #[test]
    fn a_range_of_its_own_stands_in_the_place_of_the_types() {
        use crate::kind::{List, Maybe, Number};
        let kinds = [
            KindSpec::of::<Number<u32>>(),
            KindSpec::of::<Maybe<Number<u32>>>(),
            KindSpec::of::<List<Number<u32>>>(),
        ];
        for kind in kinds {
            let row = || OptionSpec::own("size", "", "", kind);
            let said = |row: OptionSpec| row.check("many").unwrap_err().to_string();
            assert_eq!(said(row()), "expected a whole number from 0 to 4294967295, got many");
            assert_eq!(said(row().range("1", "9")), "expected a whole number, 1 to 9, got many");
        }
    }
}
