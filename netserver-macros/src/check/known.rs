//! What the type of a field says about its option, as far as its spelling tells.
//!
//! Takes in a type, hands on how many values it holds and of which kind they are. A type that is
//! spelled otherwise (an alias, anybody's own) is rustc's to know: then the runtime checks what we
//! cannot.

use netserver_options::kind::{self, KindSpec, Number};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::model::Shape;

/// What is known of a field's type.
pub(crate) struct Known {
    pub(crate) shape: Shape,
    /// The type of one value.
    pub(crate) one: Type,
    pub(crate) kind: Option<KindSpec>,
}

/// The types that have a kind of ours, by every path that is sure to be them.
const KINDS: [(&[&str], KindSpec); 15] = [
    (&["String", "std::string::String"], KindSpec::of::<kind::Text>()),
    (&["bool"], KindSpec::of::<kind::Flag>()),
    (&["Duration", "std::time::Duration", "core::time::Duration"], KindSpec::of::<kind::Period>()),
    (&["PathBuf", "std::path::PathBuf"], KindSpec::of::<kind::Path>()),
    (&["Pattern", "netserver::Pattern"], KindSpec::of::<kind::Pattern>()),
    (&["u8"], KindSpec::of::<Number<u8>>()),
    (&["u16"], KindSpec::of::<Number<u16>>()),
    (&["u32"], KindSpec::of::<Number<u32>>()),
    (&["u64"], KindSpec::of::<Number<u64>>()),
    (&["usize"], KindSpec::of::<Number<usize>>()),
    (&["i8"], KindSpec::of::<Number<i8>>()),
    (&["i16"], KindSpec::of::<Number<i16>>()),
    (&["i32"], KindSpec::of::<Number<i32>>()),
    (&["i64"], KindSpec::of::<Number<i64>>()),
    (&["isize"], KindSpec::of::<Number<isize>>()),
];

/// Looks at a type.
pub(crate) fn look(ty: &Type) -> Known {
    let (shape, one) = if let Some(one) = inside(ty, "Option") {
        (Shape::Maybe, one)
    } else if let Some(one) = inside(ty, "Vec") {
        (Shape::All, one)
    } else {
        (Shape::One, ty)
    };
    Known { shape, one: one.clone(), kind: kind(one) }
}

impl Known {
    /// Whether the type cannot be read from a text: a list that is no `Vec`, or something lent.
    pub(crate) fn holds_nothing(&self) -> bool {
        let one = ungrouped(&self.one);
        matches!(one, Type::Slice(_) | Type::Array(_) | Type::Reference(_) | Type::Tuple(_))
    }
}

/// `T` of `Option<T>`, however its path begins.
fn inside<'a>(ty: &'a Type, outer: &str) -> Option<&'a Type> {
    let Type::Path(path) = ungrouped(ty) else {
        return None;
    };
    let last = path.path.segments.last().filter(|last| last.ident == outer)?;
    match &last.arguments {
        PathArguments::AngleBracketed(list) if list.args.len() == 1 => match list.args.first()? {
            GenericArgument::Type(one) => Some(one),
            _ => None,
        },
        _ => None,
    }
}

fn kind(ty: &Type) -> Option<KindSpec> {
    let spelled = ungrouped(ty).to_token_stream().to_string().replace(' ', "");
    let spelled = spelled.trim_start_matches("::");
    let found = KINDS.iter().find(|(paths, _)| paths.contains(&spelled));
    found.map(|(_, kind)| *kind)
}

/// What a `macro_rules!` hands on as `$ty:ty` stands in an invisible group.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        other => other,
    }
}
