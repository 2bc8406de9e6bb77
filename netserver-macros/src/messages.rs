//! Every text that the attribute may say, with its help line.
//!
//! Takes in what was written, hands on one sentence for the fault and one for the cure: lower case,
//! no full stop, the user's words in backticks. Knows no place.

use std::fmt::Display;

use netserver_options::hook::{HookSpec, PROCESS_REQUEST};
use netserver_options::rule::Rule;
use netserver_options::{OptionSpec, Reject, Scope};
use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::value::Value;

fn text(fault: impl Into<String>, help: impl Into<String>) -> Reject {
    Reject::new(fault).with_help(help)
}

// The syntax of arguments.

pub(crate) fn no_key(got: impl Display) -> Reject {
    text(format!("expected the name of an option, got `{got}`"), "write `port = 20203`")
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

pub(crate) fn perl_arrow(key: impl Display, value: &Value) -> Reject {
    text("`=>` is Perl", format!("write `{key} = {}`", shown(value)))
}

pub(crate) fn no_equals(key: impl Display, got: impl Display, value: &Value) -> Reject {
    text(
        format!("expected `=` after `{key}`, got `{got}`"),
        format!("write `{key} = {}`", shown(value)),
    )
}

pub(crate) fn parentheses(key: impl Display, value: &Value) -> Reject {
    text(
        format!("the value of `{key}` stands in parentheses"),
        format!("write `{key} = {}`", shown(value)),
    )
}

pub(crate) fn no_comma(got: impl Display) -> Reject {
    text(format!("expected `,` before `{got}`"), "separate arguments with commas")
}

pub(crate) fn no_separator(got: impl Display) -> Reject {
    text(
        format!("expected `,` or the end, got `{got}`"),
        "an argument is written `port = 20203`, or `keepalive` alone",
    )
}

pub(crate) fn no_expression(key: impl Display, written: &TokenStream) -> Reject {
    let written = joined(written);
    let inner = if written.contains('"') { ".." } else { &written };
    text(
        format!("the value of `{key}` is no expression"),
        format!("text stands in quotes: `{key} = \"{inner}\"`"),
    )
}

pub(crate) fn no_value(literal: impl Display) -> Reject {
    text(format!("`{literal}` can be no value"), "write a string, a number, `true` or `false`")
}

// The keys.

pub(crate) fn unknown_option(name: &str, near: Option<&str>) -> Reject {
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "run any server with `--help` to see the options".to_owned(),
    };
    text(format!("unknown option `{name}`"), help)
}

pub(crate) fn twice(name: &str) -> Reject {
    text(format!("`{name}` is set twice"), "keep one of the two")
}

pub(crate) fn twice_and_repeats(name: &str, first: &Value, second: &Value) -> Reject {
    let elements = |value: &Value| match value {
        Value::List(list) => list.elements.iter().map(shown).collect::<Vec<_>>(),
        other => vec![shown(other)],
    };
    let both = [elements(first), elements(second)].concat().join(", ");
    text(format!("`{name}` is set twice"), format!("it takes a list: `{name} = [{both}]`"))
}

pub(crate) fn crate_path() -> Reject {
    text(
        "`crate` takes the path of the runtime",
        "write it without quotes, as in `crate = ::netserver`",
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

pub(crate) fn unquoted_personality(name: &str) -> Reject {
    text(
        format!("the personality `{name}` stands without quotes"),
        format!("write `personality = \"{name}\"`"),
    )
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

pub(crate) fn server_type(value: &Value) -> Reject {
    text(
        "`server_type` chooses among personalities at the start",
        format!("in an attribute write `personality = {}`", shown(value)),
    )
}

pub(crate) fn personality_twice(name: &str) -> Reject {
    text(format!("the personality `{name}` is listed twice"), "keep one of the two")
}

// The options.

pub(crate) fn refused(name: &str, reject: Reject) -> Reject {
    Reject { fault: format!("option `{name}`: {}", reject.fault), help: reject.help }
}

pub(crate) fn out_of_scope(name: &str, reject: Reject, by_default: bool) -> Reject {
    let default = if by_default { ", the default" } else { "" };
    Reject { fault: format!("option `{name}` {}{default}", reject.fault), help: reject.help }
}

pub(crate) fn missing_value(spec: &OptionSpec) -> Reject {
    text(
        format!("option `{}` needs a value", spec.name),
        format!("write `{} = {}`", spec.name, example(spec)),
    )
}

pub(crate) fn takes_one_value(spec: &OptionSpec, elements: &[Value]) -> Reject {
    let one = elements.first().map_or_else(|| example(spec), shown);
    text(
        format!("option `{}` takes one value, not a list", spec.name),
        format!("write `{} = {one}`", spec.name),
    )
}

pub(crate) fn empty_list(spec: &OptionSpec) -> Reject {
    text(
        format!("option `{}` has an empty list", spec.name),
        format!("leave it out, or write `{0} = {1}`", spec.name, example(spec)),
    )
}

pub(crate) fn list_in_list(name: &str) -> Reject {
    text(format!("option `{name}` has a list in its list"), "write all values in one list")
}

pub(crate) fn broken_rule(name: &str, reject: Reject, rule: &Rule) -> Reject {
    let help = format!("lower `{}` or raise `{}`", rule.low, rule.high);
    refused(name, reject).with_help(help)
}

// The item.

pub(crate) fn on_type(kind: &str, name: impl Display) -> Reject {
    text(
        format!("`#[net_server]` stands on the {kind} `{name}`"),
        format!("put it on `impl {name}`, the block that holds `process_request`"),
    )
}

pub(crate) fn on_other(kind: &str, name: impl Display) -> Reject {
    text(
        format!("`#[net_server]` stands on the {kind} `{name}`"),
        "put it on the impl block that holds `process_request`",
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
        "put it on the impl block that holds `process_request`",
    )
}

pub(crate) fn two_attributes() -> Reject {
    text("`#[net_server]` stands twice on this impl block", "write all arguments in one")
}

// The methods.

pub(crate) fn no_process_request() -> Reject {
    text(
        format!("this impl block has no `{}`", PROCESS_REQUEST.name),
        format!("add `{}`", PROCESS_REQUEST.signature()),
    )
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

pub(crate) fn no_hook(name: &str, near: Option<&str>) -> Reject {
    let rename = "rename helpers so that they do not end in `_hook`";
    let help = match near {
        Some(near) => format!("did you mean `{near}`? {rename}"),
        None => format!("{rename}; the trait `Hooks` lists the hooks"),
    };
    text(format!("`{name}` is not a hook"), help)
}

// Their signatures.

fn signature(spec: &HookSpec, fault: &str) -> Reject {
    text(format!("`{}` {fault}", spec.name), format!("write `{}`", spec.signature()))
}

pub(crate) fn is_async(spec: &HookSpec) -> Reject {
    let help = "a worker serves one connection at a time and may block";
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
    signature(spec, "has a `self`, but runs before there is a server")
}

pub(crate) fn self_by_value(spec: &HookSpec) -> Reject {
    signature(spec, "consumes the server, which is still needed afterwards")
}

pub(crate) fn self_with_type(spec: &HookSpec) -> Reject {
    signature(spec, "gives `self` a type")
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
