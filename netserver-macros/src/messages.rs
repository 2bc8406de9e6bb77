//! Every text that the attribute may say, with its help line.
//!
//! Takes in what was written, hands on one sentence for the fault and one for the cure: lower case,
//! no full stop, the user's words in backticks. Knows no place.

use std::fmt::Display;

use netserver_options::hook::{self, HookSpec, MUX_INPUT, PROCESS_REQUEST, Param, Process, Trait};
use netserver_options::rule::Rule;
use netserver_options::{OptionSpec, Reject, Scope, find};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Type, TypeArray, TypeSlice};

use crate::args::Pair;
use crate::form::Form;
use crate::value::Value;

fn text(fault: impl Into<String>, help: impl Into<String>) -> Reject {
    Reject::new(fault).with_help(help)
}

// The syntax of arguments.

pub(crate) fn no_key(got: impl Display, form: Form) -> Reject {
    let name = if form == Form::Field { "an argument" } else { "an option" };
    text(format!("expected the name of {name}, got `{got}`"), format!("write `{}`", form.example()))
}

pub(crate) fn quoted_key(key: impl Display) -> Reject {
    text(format!("the name `{key}` stands in quotes"), format!("write `{key}`"))
}

pub(crate) fn dashed_key(key: impl Display, written: &TokenStream) -> Reject {
    text(
        format!("`{}` is a subtraction in an attribute", joined(written)),
        format!("write `{key}`"),
    )
}

pub(crate) fn perl_arrow(pair: &Pair) -> Reject {
    text("`=>` is Perl", write(pair))
}

pub(crate) fn other_sign(pair: &Pair, got: &str) -> Reject {
    let (key, sign) = (&pair.key, pair.form.sign());
    text(format!("expected `{sign}` after `{key}`, got `{got}`"), write(pair))
}

pub(crate) fn parentheses(pair: &Pair) -> Reject {
    text(format!("the value of `{}` stands in parentheses", pair.key), write(pair))
}

pub(crate) fn no_comma(got: impl Display) -> Reject {
    text(format!("expected `,` before `{got}`"), "separate arguments with commas")
}

pub(crate) fn no_separator(got: impl Display, form: Form) -> Reject {
    let (example, alone) = (form.example(), form.lone_example());
    text(
        format!("expected `,` or the end, got `{got}`"),
        format!("an argument is written `{example}`, or `{alone}` alone"),
    )
}

pub(crate) fn no_expression(key: impl Display, written: &TokenStream, form: Form) -> Reject {
    let written = joined(written);
    let inner = if written.contains('"') { ".." } else { &written };
    let quoted = form.pair(&key, format!("\"{inner}\""));
    let help = if written.starts_with('{') {
        "there are no groups: all arguments stand side by side".to_owned()
    } else if written.contains(';') {
        "separate arguments with commas".to_owned()
    } else {
        format!("text stands in quotes: `{quoted}`")
    };
    text(format!("the value of `{key}` is no expression"), help)
}

pub(crate) fn no_value(literal: impl Display) -> Reject {
    text(format!("`{literal}` can be no value"), "write a string, a number, `true` or `false`")
}

// The keys.

pub(crate) fn unknown_option(name: &str, near: Option<&str>, form: Form) -> Reject {
    let help = match (near, form) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Form::Call) => {
            format!("an option of the server's own is set apart: `Server::set(\"{name}\", ..)`")
        }
        (None, _) => {
            "one of your own is a field with `#[option]`; `--help` lists those of every server"
                .into()
        }
    };
    text(format!("unknown option `{name}`"), help)
}

pub(crate) fn gone_option(name: &str, cure: &str) -> Reject {
    text(format!("unknown option `{name}`"), cure)
}

pub(crate) fn other_word(name: &str, key: &str, pair: &Pair) -> Reject {
    let help = match find(key) {
        Some(spec) => {
            let written = pair.form.pair(key, example(spec));
            format!("here it is `{written}`: {}", lower(spec.summary))
        }
        None => format!("here it is `{}`", pair.form.pair(key, shown(&pair.value))),
    };
    text(format!("unknown option `{name}`"), help)
}

pub(crate) fn twice(name: &str) -> Reject {
    text(format!("`{name}` is set twice"), "keep one of the two")
}

pub(crate) fn twice_and_repeats(name: &str, first: &Pair, second: &Pair) -> Reject {
    let elements = |value: &Value| match value {
        Value::List(list) => list.elements.iter().map(shown).collect::<Vec<_>>(),
        other => vec![shown(other)],
    };
    let both = [elements(&first.value), elements(&second.value)].concat().join(", ");
    let list = first.form.pair(name, format!("[{both}]"));
    text(format!("`{name}` is set twice"), format!("it takes a list: `{list}`"))
}

pub(crate) fn crate_path() -> Reject {
    text(
        "`crate` takes the path of the runtime",
        "write it without quotes, as in `crate = ::netserver`",
    )
}

pub(crate) fn unknown_options() -> Reject {
    text(
        "`unknown_options` says that a word which is no option is left to the server",
        "write `unknown_options = \"pass\"`, or leave it out, and such a word is an error",
    )
}

// The personality.

pub(crate) fn unknown_personality(name: &str, near: Option<&str>) -> Reject {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("use {} in quotes, or the path of your own type without", Scope::ALL.names())
        }
    };
    text(format!("unknown personality `{name}`"), help)
}

pub(crate) fn unquoted_personality(written: &str, name: &str) -> Reject {
    text(
        format!("the personality `{written}` stands without quotes"),
        format!("write `personality = \"{name}\"`"),
    )
}

pub(crate) fn personality_alone(name: &str) -> Reject {
    text(format!("`{name}` is a personality"), format!("write `personality = \"{name}\"`"))
}

pub(crate) fn no_personality() -> Reject {
    text(
        "`personality` takes a name or the path of a type",
        format!("use {}, in quotes", Scope::ALL.names()),
    )
}

pub(crate) fn no_name() -> Reject {
    text(
        "a list of personalities holds names, the first of which is the default",
        format!("use {}, in quotes", Scope::ALL.names()),
    )
}

pub(crate) fn proto_of_multiplex() -> Reject {
    text(
        "`multiplex` takes no protocol of one's own: its handshake would keep all others waiting",
        "speak it in `mux_input`, or use a personality that serves each client on its own",
    )
}

pub(crate) fn server_type(value: &Value) -> Reject {
    text(
        "`server_type` chooses among personalities at the start",
        format!("in an attribute write `personality = {}`", shown(value)),
    )
}

pub(crate) fn personality_in_a_list(pair: &Pair) -> Reject {
    let server_type = pair.form.pair("server_type", shown(&pair.value));
    text(
        "`personality` belongs to the attribute, where it chooses what there is to choose from",
        format!("write `{server_type}`"),
    )
}

pub(crate) fn any_in_a_list() -> Reject {
    text(
        "`multitype` stands for every personality that a handler is enough for, and stands alone",
        "list those that are meant, or write `personality = \"multitype\"`",
    )
}

pub(crate) fn personality_twice(name: &str) -> Reject {
    text(format!("the personality `{name}` is listed twice"), "keep one of the two")
}

// The options.

pub(crate) fn refused(spec: &OptionSpec, reject: Reject, form: Form) -> Reject {
    let written = form.pair(spec.name, example(spec));
    let help = || format!("write as in `{written}`: {}", lower(spec.summary));
    let fault = format!("option `{}`: {}", spec.name, reject.fault);
    text(fault, reject.help.unwrap_or_else(help))
}

pub(crate) fn no_quotes(key: impl Display, written: &TokenStream, form: Form) -> Reject {
    let written = joined(written);
    text(
        format!("`{written}` stands without quotes"),
        format!("write `{}`", form.pair(key, format!("\"{written}\""))),
    )
}

pub(crate) fn out_of_scope(name: &str, reject: Reject, by_default: bool) -> Reject {
    let default = if by_default { ", the default" } else { "" };
    Reject { fault: format!("option `{name}` {}{default}", reject.fault), help: reject.help }
}

pub(crate) fn missing_value(spec: &OptionSpec, form: Form) -> Reject {
    text(
        format!("option `{}` needs a value", spec.name),
        format!("write `{}`", form.pair(spec.name, example(spec))),
    )
}

pub(crate) fn takes_one_value(spec: &OptionSpec, elements: &[Value], form: Form) -> Reject {
    let one = elements.first().map_or_else(|| example(spec), shown);
    text(
        format!("option `{}` takes one value, not a list", spec.name),
        format!("write `{}`", form.pair(spec.name, one)),
    )
}

pub(crate) fn empty_list(spec: &OptionSpec, form: Form) -> Reject {
    text(
        format!("option `{}` has an empty list", spec.name),
        format!("leave it out, or write `{}`", form.pair(spec.name, example(spec))),
    )
}

pub(crate) fn list_in_list(name: &str) -> Reject {
    text(format!("option `{name}` has a list in its list"), "write all values in one list")
}

pub(crate) fn broken_rule(name: &str, fault: &str, rule: &Rule) -> Reject {
    text(
        format!("option `{name}`: {fault}"),
        format!("lower `{}` or raise `{}`", rule.low, rule.high),
    )
}

// The item.

pub(crate) fn on_type(kind: &str, name: impl Display) -> Reject {
    text(
        format!("`#[net_server]` stands on the {kind} `{name}`"),
        format!("put it on `impl {name}`, the block that holds `process_request` or `mux_input`"),
    )
}

pub(crate) fn on_other(kind: &str, name: impl Display) -> Reject {
    text(
        format!("`#[net_server]` stands on the {kind} `{name}`"),
        "put it on the impl block that holds `process_request` or `mux_input`",
    )
}

pub(crate) fn on_trait_impl(path: impl ToTokens, self_ty: impl ToTokens) -> Reject {
    let (path, self_ty) = (path.into_token_stream(), self_ty.into_token_stream());
    text(
        format!("`#[net_server]` stands on an impl of the trait `{path}`"),
        format!("move the methods to `impl {self_ty}`, and put it there: it implements the traits"),
    )
}

pub(crate) fn on_something() -> Reject {
    text(
        "`#[net_server]` stands on something that is no impl block",
        "put it on the impl block that holds `process_request` or `mux_input`",
    )
}

pub(crate) fn two_attributes() -> Reject {
    text("`#[net_server]` stands twice on this item", "write all arguments in one")
}

// The fields of a struct.

pub(crate) fn mark_twice(mark: impl ToTokens) -> Reject {
    let mark = mark.into_token_stream();
    text(format!("`#[{mark}]` stands twice on this field"), "write all arguments in one")
}

pub(crate) fn option_and_state() -> Reject {
    text(
        "this field is an option and state at once",
        "keep `#[option]` where somebody may set it, and `#[state]` where nobody may",
    )
}

pub(crate) fn foreign_mark(mark: impl ToTokens) -> Reject {
    let mark = mark.into_token_stream();
    text(
        format!("`#[{mark}]` belongs to another crate"),
        "write `#[option]`, which takes `default`, `range`, `name` and `required`",
    )
}

pub(crate) fn option_without_name() -> Reject {
    text(
        "a field of a tuple has no name that an option could have",
        "give the struct named fields: `struct Greeter { greeting: String }`",
    )
}

pub(crate) fn mark_on_a_method(mark: impl ToTokens, method: impl Display) -> Reject {
    let mark = mark.into_token_stream();
    text(
        format!("`#[{mark}]` stands on the method `{method}`"),
        "an option is a field of the struct: put `#[net_server]` there, and `#[option]` on it",
    )
}

pub(crate) fn option_equals(value: impl ToTokens) -> Reject {
    let value = value.into_token_stream();
    text("the arguments of `#[option]` stand in parentheses", {
        format!("write `#[option(default = {value})]`")
    })
}

pub(crate) fn state_without_options(name: impl Display) -> Reject {
    text(
        format!("`#[state]` has no effect: `{name}` has no `#[option]`, so the program makes it"),
        format!("set the field where you write `{name} {{ .. }}`"),
    )
}

pub(crate) fn state_without_value() -> Reject {
    text(
        "`#[state]` holds what the field starts with",
        "write `#[state(Vec::with_capacity(8))]`; without the attribute it is `Default::default()`",
    )
}

pub(crate) fn state_equals(value: impl ToTokens) -> Reject {
    let value = value.into_token_stream();
    text("the value of `#[state]` stands in parentheses", format!("write `#[state({value})]`"))
}

// The options of a struct.

pub(crate) fn unknown_argument(name: &str, near: Option<&str>) -> Reject {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "it takes `default`, `range`, `name` and `required`".to_owned(),
    };
    text(format!("`#[option]` takes no `{name}`"), help)
}

pub(crate) fn foreign_argument(name: &str, cure: String) -> Reject {
    text(format!("`#[option]` takes no `{name}`"), cure)
}

/// How we say what an argument of another crate's attribute says.
pub(crate) fn in_our_words(pair: &Pair) -> Option<String> {
    let same = |name: &str| format!("write `{}`", pair.form.pair(name, shown(&pair.value)));
    Some(match pair.name().as_str() {
        "default_value" | "default_value_t" => same("default"),
        "rename" => same("name"),
        "long" => "every option is `--` and its name; `name = \"..\"` gives it another".into(),
        "help" | "about" | "doc" => "write it as a comment above the field: `/// ..`".into(),
        "type" | "kind" | "value_parser" | "value_name" => {
            "the field's type says what it takes: any that implements `FromStr`".into()
        }
        "env" => "`env_prefix = \"ECHO\"` in the attribute has `ECHO_..` set every option".into(),
        "min" | "max" => "write `range = 1..=10`".into(),
        "optional" => "an option that may be left out has the type `Option<..>`".into(),
        "multiple" | "num_args" | "action" => {
            "an option that repeats has the type `Vec<..>`".into()
        }
        _ => return None,
    })
}

pub(crate) fn takes_no_value(name: &str) -> Reject {
    text(format!("`{name}` takes no value"), format!("write `{name}` alone, or leave it out"))
}

pub(crate) fn short_is_no_letter() -> Reject {
    text("`short` takes one letter", "write `short = 'g'`")
}

pub(crate) fn refused_short(reject: Reject) -> Reject {
    let help = reject.help.unwrap_or_else(|| "take another letter, or remove `short`".into());
    text(reject.fault, help)
}

pub(crate) fn two_shorts(letter: char, first: impl Display) -> Reject {
    text(
        format!("`-{letter}` is short for the field `{first}` already"),
        "take another letter, or remove `short`",
    )
}

pub(crate) fn secret_with_default() -> Reject {
    text(
        "a secret has no default: it would stand in the program for everybody to read",
        "write `required`, or the type as `Option<..>`",
    )
}

pub(crate) fn secret_flag() -> Reject {
    text("a `bool` is no secret: it is false where nobody sets it", "remove `secret`")
}

/// What rustc says of a default where only it knows the values of the type.
pub(crate) fn default_is_no_value(name: &str, default: &str) -> String {
    format!(
        "the default `{default}` is none of the values of `{name}`; help: see `NAMES` of its type"
    )
}

pub(crate) fn no_prefix(reject: Reject) -> Reject {
    let help = reject.help.unwrap_or_default();
    text(format!("`env_prefix`: {}", reject.fault), help)
}

pub(crate) fn prefix_is_no_text() -> Reject {
    text("`env_prefix` takes a text in quotes", "write `env_prefix = \"ECHO\"`")
}

// The values of an enum.

pub(crate) fn derived_on(kind: &str) -> Reject {
    text(
        format!("`OptionValue` is derived for an enum, and this is a {kind}"),
        "implement `std::str::FromStr` for it, with an error that implements `Display`",
    )
}

pub(crate) fn generic_values(name: impl Display) -> Reject {
    text(
        format!("`{name}` has parameters, and the values of an option have none"),
        "remove them, or implement `std::str::FromStr`",
    )
}

pub(crate) fn no_variants(name: impl Display) -> Reject {
    text(format!("`{name}` has no variants, so no option can have a value"), "add one")
}

pub(crate) fn variant_with_fields(name: impl Display) -> Reject {
    text(
        format!("the variant `{name}` has fields, and a name alone cannot fill them"),
        "remove them, or implement `std::str::FromStr` for the enum",
    )
}

pub(crate) fn two_values(value: &str, first: impl Display) -> Reject {
    text(
        format!("the variant `{first}` is called `{value}` already"),
        "call one of the two otherwise: `#[option_value(name = \"..\")]`",
    )
}

pub(crate) fn bad_value_name(value: &str) -> Reject {
    text(
        format!("no value can be called {}", netserver_options::reject::shown(value)),
        "a name has letters, digits and `-`, `_`, `.` or `+`, and no `-` first",
    )
}

pub(crate) fn variant_argument() -> Reject {
    text(
        "`#[option_value]` of a variant takes its name and nothing else",
        "write `#[option_value(name = \"..\")]`",
    )
}

pub(crate) fn enum_argument() -> Reject {
    text(
        "`#[option_value]` of an enum says where netserver is and nothing else",
        "write `#[option_value(crate = path)]`, or above a variant `#[option_value(name = \"..\")]`",
    )
}

pub(crate) fn required_and_default() -> Reject {
    text("an option with a default is never required", "remove `required` or `default`")
}

pub(crate) fn required_flag() -> Reject {
    text("a `bool` is false where nobody sets it", "remove `required`")
}

pub(crate) fn required_maybe(one: impl ToTokens) -> Reject {
    let one = compact(one);
    text(
        "an `Option` is `None` where nobody sets it",
        format!("remove `required`, or write the type as `{one}`"),
    )
}

pub(crate) fn required_list() -> Reject {
    text("a `Vec` is empty where nobody sets it", "remove `required`")
}

pub(crate) fn default_of_maybe(one: impl ToTokens) -> Reject {
    let one = compact(one);
    text(
        "an `Option` with a default is never `None`",
        format!("remove `default`, or write the type as `{one}`"),
    )
}

pub(crate) fn no_type(ty: &Type) -> Reject {
    let owned = match ty {
        Type::Slice(TypeSlice { elem, .. }) | Type::Array(TypeArray { elem, .. }) => {
            quote!(Vec<#elem>)
        }
        Type::Reference(lent) if compact(&lent.elem) != "str" => lent.elem.to_token_stream(),
        _ => quote!(String),
    };
    text(
        format!("`{}` can be no option", compact(ty)),
        format!("write the type as `{}`", compact(owned)),
    )
}

pub(crate) fn no_default(name: impl Display, ty: impl ToTokens) -> Reject {
    let ty = compact(ty);
    text(
        format!("`{name}` has no value where nobody sets it"),
        format!("add `default = ..` or `required`, or write the type as `Option<{ty}>`"),
    )
}

pub(crate) fn default_without_value() -> Reject {
    text("`default` needs a value", "write `default = \"..\"`")
}

pub(crate) fn default_is_a_list(name: &str, ty: impl ToTokens) -> Reject {
    let ty = compact(ty);
    text(
        format!("option `{name}` takes one value, not a list"),
        format!("write one, or write the type as `Vec<{ty}>`"),
    )
}

pub(crate) fn refused_default(name: &str, reject: Reject) -> Reject {
    let help = reject.help.unwrap_or_else(|| format!("write what `--{name}` would take"));
    text(format!("the default of `{name}`: {}", reject.fault), help)
}

pub(crate) fn no_range() -> Reject {
    text("`range` takes a least and a greatest value", "write `range = 1..=10`")
}

pub(crate) fn open_range() -> Reject {
    text("this range has one end", "write both: `range = 1..=10`")
}

pub(crate) fn half_open_range(low: impl ToTokens, high: impl ToTokens) -> Reject {
    let (low, high) = (low.into_token_stream(), high.into_token_stream());
    text("the greatest value belongs to a range", format!("write `range = {low}..={high}`"))
}

pub(crate) fn computed_range() -> Reject {
    text(
        "the ends of a range are literals, since `--help` shows them",
        "write a number, or a text as in `\"1s\"..=\"10m\"`",
    )
}

pub(crate) fn empty_range(low: impl ToTokens, high: impl ToTokens) -> Reject {
    let (low, high) = (low.into_token_stream(), high.into_token_stream());
    text("nothing is in this range", format!("write `range = {high}..={low}`"))
}

pub(crate) fn refused_end(name: &str, reject: Reject) -> Reject {
    let help = reject.help.unwrap_or_else(|| format!("write what `--{name}` would take"));
    text(format!("the range of `{name}`: {}", reject.fault), help)
}

pub(crate) fn no_measure(name: &str) -> Reject {
    text(format!("`{name}` is no number and no duration, so it has no range"), "remove `range`")
}

/// What rustc says of a range where only it can see that the type has none.
pub(crate) fn type_without_measure(name: &str) -> String {
    let Reject { fault, help } = no_measure(name);
    format!("{fault}; help: {}", help.unwrap_or_default())
}

pub(crate) fn name_is_no_text() -> Reject {
    text("`name` takes a text in quotes", "write `name = \"motd\"`")
}

pub(crate) fn bad_name(name: &str) -> Reject {
    let snake = |c: char| match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        'a'..='z' | '0'..='9' => c,
        _ => '_',
    };
    let better: String = name.chars().map(snake).collect();
    let better = better.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let better = if better.is_empty() { "motd" } else { better };
    text(
        format!("`{name}` can be no option: names are lower case letters, digits and `_`"),
        format!("write `#[option(name = \"{better}\")]`; the command line takes `-` for `_`"),
    )
}

pub(crate) fn name_of_built_in(spec: &OptionSpec) -> Reject {
    let name = spec.name;
    text(
        format!("every server has an option `{name}`: {}", lower(spec.summary)),
        format!("give this one another: `#[option(name = \"my_{name}\")]`"),
    )
}

pub(crate) fn name_of_command(name: &str) -> Reject {
    text(
        format!("`--{}` asks every server something", name.replace('_', "-")),
        format!("give this option another name: `#[option(name = \"my_{name}\")]`"),
    )
}

pub(crate) fn two_options(name: &str, first: impl Display) -> Reject {
    text(
        format!("the field `{first}` is the option `{name}` already"),
        "give one of the two another name: `#[option(name = \"..\")]`",
    )
}

// The methods.

pub(crate) fn no_handler(handler: &HookSpec) -> Reject {
    text(
        format!("this impl block has no `{}`", handler.name),
        format!("add `{}`", handler.signature()),
    )
}

pub(crate) fn hooks_without_handler(handler: &HookSpec, hook: &HookSpec) -> Reject {
    let Reject { fault, help } = no_handler(handler);
    let help = help.unwrap_or_default();
    text(fault, format!("{help}; or move `{}` to the block that has it", hook.name))
}

/// Of a handler or a callback that none of the personalities calls.
pub(crate) fn never_called(method: &HookSpec, scope: Scope) -> Reject {
    let name = method.name;
    if *method == PROCESS_REQUEST {
        let waits = "a call that waits for one client would keep all others waiting";
        return text(
            format!(
                "`multiplex` calls `{}` with what has come, and `{name}` never",
                MUX_INPUT.name
            ),
            format!("{waits}: write `{}`", MUX_INPUT.signature()),
        );
    }
    text(
        format!("nothing calls `{name}` with personality {}", scope.names()),
        format!(
            "it is one of `multiplex`: name that, or handle each client in `{}`",
            PROCESS_REQUEST.name
        ),
    )
}

pub(crate) fn no_callback(name: &str, near: Option<&str>) -> Reject {
    let rename = "rename helpers so that they do not begin with `mux_`";
    let help = match (hook::gone(name), near) {
        (Some(cure), _) => format!("{cure}; {rename}"),
        (None, Some(near)) => format!("did you mean `{near}`? {rename}"),
        (None, None) => format!("{rename}; the trait `MuxServer` lists what is called"),
    };
    text(format!("nothing calls `{name}`"), help)
}

pub(crate) fn slip(name: &str, meant: &HookSpec) -> Reject {
    if name.ends_with("_hook") {
        return no_hook(name, Some(meant.name));
    }
    text(
        format!("nothing calls `{name}`"),
        format!("did you mean `{}`? give a helper a name that is less alike", meant.name),
    )
}

pub(crate) fn without_hook(name: &str, meant: &HookSpec) -> Reject {
    let helper = format!("a helper of that name needs a `{}` beside it", meant.name);
    text(format!("nothing calls `{name}`"), format!("did you mean `{}`? {helper}", meant.name))
}

pub(crate) fn hides_run(name: &str) -> Reject {
    text(
        format!("`{name}` hides the method of that name that starts the server"),
        "give it another name; what is to happen for each connection is `process_request`",
    )
}

pub(crate) fn no_hook(name: &str, near: Option<&str>) -> Reject {
    let rename = "rename helpers so that they do not end in `_hook`";
    let help = match (hook::gone(name), near) {
        (Some(cure), _) => format!("{cure}; {rename}"),
        (None, Some(near)) => format!("did you mean `{near}`? {rename}"),
        (None, None) => format!("{rename}; the trait `Hooks` lists the hooks"),
    };
    text(format!("`{name}` is not a hook"), help)
}

// Their signatures.

fn signature(spec: &HookSpec, fault: &str) -> Reject {
    text(format!("`{}` {fault}", spec.name), format!("write `{}`", spec.signature()))
}

pub(crate) fn is_async(spec: &HookSpec) -> Reject {
    let help = match spec.of {
        Trait::MuxServer => "it is called with what has come, and must not wait",
        _ => "a worker serves one connection at a time and may block",
    };
    let reject = signature(spec, "cannot be async");
    reject.with_help(format!("{help}: write `{}`", spec.signature()))
}

pub(crate) fn is_unsafe(spec: &HookSpec) -> Reject {
    signature(spec, "cannot be unsafe, since the server calls it")
}

pub(crate) fn is_extern(spec: &HookSpec) -> Reject {
    signature(spec, "cannot be extern, since the server calls it")
}

pub(crate) fn is_generic(spec: &HookSpec) -> Reject {
    signature(spec, "cannot be generic, since the server calls it")
}

pub(crate) fn no_self(spec: &HookSpec) -> Reject {
    signature(spec, "has no `self`, but is called on the server")
}

pub(crate) fn has_self(spec: &HookSpec) -> Reject {
    let when = match spec.process {
        Process::Any => "has a `self`, but runs wherever something is logged",
        _ => "has a `self`, but runs before there is a server",
    };
    signature(spec, when)
}

pub(crate) fn self_by_value(spec: &HookSpec) -> Reject {
    signature(spec, "consumes the server, which is still needed afterwards")
}

pub(crate) fn self_with_type(spec: &HookSpec) -> Reject {
    signature(spec, "gives `self` a type")
}

pub(crate) fn by_value(spec: &HookSpec, ty: &str) -> Reject {
    signature(spec, &format!("is lent the `{ty}`, and does not own it"))
}

pub(crate) fn not_given(spec: &HookSpec, ty: &str) -> Reject {
    signature(spec, &format!("is given no `{ty}`"))
}

pub(crate) fn another_parameter(spec: &HookSpec, here: &Param) -> Reject {
    signature(spec, &format!("is given `{}: {}` here", here.name, here.ty))
}

pub(crate) fn not_to_change(spec: &HookSpec, ty: &str) -> Reject {
    signature(spec, &format!("is given the `{ty}` to look at, and not to change"))
}

pub(crate) fn too_many_parameters(spec: &HookSpec) -> Reject {
    let params = spec.params.iter();
    let names: Vec<String> = params.map(|param| format!("`{}`", param.name)).collect();
    let given = match names.as_slice() {
        [] => "no parameter".to_owned(),
        names => format!("{} and no more", names.join(", ")),
    };
    signature(spec, &format!("is called with {given}"))
}

// Ourselves.

pub(crate) fn our_bug(version: &str) -> Reject {
    text(
        format!("netserver-macros {version} failed on this item"),
        "this is our bug: please report it, with the item",
    )
}

/// A summary as part of a sentence.
fn lower(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The argument as it should have been.
fn write(pair: &Pair) -> String {
    format!("write `{}`", pair.form.pair(&pair.key, shown(&pair.value)))
}

/// A type as one writes it: blanks between words and nowhere else.
fn compact(ty: impl ToTokens) -> String {
    let mut text = String::new();
    for tree in ty.into_token_stream() {
        let next = match &tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                format!("[{}]", compact(group.stream()))
            }
            other => other.to_string(),
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(is_word) && next.starts_with(is_word) {
            text.push(' ');
        }
        text.push_str(&next);
    }
    text
}

/// What was meant as one word.
fn joined(tokens: &TokenStream) -> String {
    tokens.clone().into_iter().map(|tree| tree.to_string()).collect()
}

/// A value as the user wrote it.
fn shown(value: &Value) -> String {
    let tokens = value.to_token_stream();
    if tokens.is_empty() { "..".to_owned() } else { tokens.to_string() }
}

/// A value that the option takes, as one writes it in the attribute.
fn example(spec: &OptionSpec) -> String {
    let default = spec.default_for(None).unwrap_or(spec.kind.placeholder);
    let bare = default.parse::<u64>().is_ok() || default.parse::<bool>().is_ok();
    if bare { default.to_owned() } else { format!("\"{default}\"") }
}
