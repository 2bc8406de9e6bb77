//! The variants of an enum that are the values of an option.
//!
//! Takes in the item under `#[derive(OptionValue)]`, hands on the name and the meaning of each variant.
//! Complains of what no name alone could stand for.

use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Path, Variant, parse_quote};

use crate::docs::Docs;
use crate::errors::Errors;
use crate::messages;
use crate::model::Value;

/// The mark that has arguments of ours.
const MARK: &str = "option_value";

/// Reads the enum; the errors say what is not valid.
pub(crate) fn check(item: &DeriveInput, errors: &mut Errors) -> (Path, Vec<Value>) {
    let runtime = runtime(&item.attrs, errors);
    let variants: Vec<&Variant> = match &item.data {
        Data::Enum(item) => item.variants.iter().collect(),
        Data::Struct(_) => return refuse(runtime, item, "struct", errors),
        Data::Union(_) => return refuse(runtime, item, "union", errors),
    };
    if !item.generics.params.is_empty() {
        errors.push(&item.generics, &messages::generic_values(&item.ident));
    } else if variants.is_empty() {
        errors.push(&item.ident, &messages::no_variants(&item.ident));
    }
    let mut values: Vec<Value> = Vec::new();
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.push(&variant.fields, &messages::variant_with_fields(&variant.ident));
        }
        let value = value(variant, errors);
        twice(&values, &value, errors);
        values.push(value);
    }
    (runtime, values)
}

fn refuse(
    runtime: Path,
    item: &DeriveInput,
    kind: &str,
    errors: &mut Errors,
) -> (Path, Vec<Value>) {
    errors.push(&item.ident, &messages::derived_on(kind));
    (runtime, Vec::new())
}

/// Where the runtime lives.
fn runtime(attrs: &[Attribute], errors: &mut Errors) -> Path {
    let mut found = None;
    for attr in marks(attrs) {
        let read = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error(""));
            }
            found = Some(meta.value()?.call(Path::parse_mod_style)?);
            Ok(())
        });
        if read.is_err() {
            errors.push(attr, &messages::enum_argument());
        }
    }
    found.unwrap_or_else(|| parse_quote!(::netserver))
}

fn value(variant: &Variant, errors: &mut Errors) -> Value {
    let mut name = kebab(&variant.ident.unraw().to_string());
    for attr in marks(&variant.attrs) {
        match given(attr) {
            Some(text) if may_be(&text.value()) => name = text.value(),
            Some(text) => errors.push(&text, &messages::bad_value_name(&text.value())),
            None => errors.push(attr, &messages::variant_argument()),
        }
    }
    let cfgs = variant.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let summary = Docs::of(&variant.attrs).summary;
    Value {
        name,
        variant: variant.ident.clone(),
        meaning: summary.trim_end_matches('.').to_owned(),
        cfgs: cfgs.cloned().collect(),
    }
}

fn marks(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident(MARK))
}

/// The text of `name = ".."`, where there is nothing else.
fn given(attr: &Attribute) -> Option<LitStr> {
    let mut found = None;
    let read = attr.parse_nested_meta(|meta| {
        if !meta.path.is_ident("name") || found.is_some() {
            return Err(meta.error(""));
        }
        found = Some(meta.value()?.parse()?);
        Ok(())
    });
    read.ok().and(found)
}

/// Whether one can write it anywhere, without quotes.
fn may_be(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    !name.is_empty() && !name.starts_with('-') && name.chars().all(fits)
}

/// Two variants of one name can only be where a condition leaves one of them out.
fn twice(earlier: &[Value], value: &Value, errors: &mut Errors) {
    let same = |one: &&Value| one.cfgs.is_empty() && one.name == value.name;
    if let Some(first) = earlier.iter().find(same).filter(|_| value.cfgs.is_empty()) {
        errors.push(&value.variant, &messages::two_values(&value.name, &first.variant));
    }
}

/// `DarkBlue` as `dark-blue`, `HTTPServer` as `http-server`.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                let after = letters.get(at + 1);
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if (begins && before != Some('_')) && !kebab.is_empty() {
            kebab.push('-');
        }
        match letter {
            '_' if kebab.is_empty() => {}
            '_' => kebab.push('-'),
            letter => kebab.extend(letter.to_lowercase()),
        }
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_apart() {
        for (variant, name) in [
            ("English", "english"),
            ("BritishEnglish", "british-english"),
            ("HTTPServer", "http-server"),
            ("Tls13", "tls13"),
            ("Level2Cache", "level2-cache"),
            ("A", "a"),
            ("Dark_Blue", "dark-blue"),
            ("_Odd", "odd"),
            ("Ärger", "ärger"),
        ] {
            assert_eq!(kebab(variant), name);
        }
    }
}
