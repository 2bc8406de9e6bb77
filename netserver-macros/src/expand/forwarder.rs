//! A method of a trait that calls the user's.
//!
//! Takes in a method that the runtime calls, hands on its forwarder: as many arguments as the
//! method takes, and what it returns made into what the trait returns. No type of the user's is
//! known here; where one is wrong, rustc says so, at the user's code.

use netserver_options::hook::{Answer, Param};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use super::moved;
use crate::model::Forward;

/// The forwarder of a method.
pub(super) fn of(runtime: &Path, method: &Forward) -> TokenStream {
    let (returns, convert) = match method.spec.answer {
        Answer::Done => (quote!(#runtime::Result<()>), quote!(#runtime::__private::Done::done)),
        Answer::Verdict => {
            (quote!(#runtime::Result<bool>), quote!(#runtime::__private::Verdict::verdict))
        }
        Answer::Served => {
            let returns = quote!(#runtime::__private::io::Result<()>);
            (returns, quote!(#runtime::__private::Served::served))
        }
    };
    forwarder(runtime, method, &returns, convert)
}

/// Which hooks there are, for the server to say which of them nobody calls.
pub(super) fn written<'a>(runtime: &Path, hooks: impl Iterator<Item = &'a Forward>) -> TokenStream {
    let names = hooks.map(|hook| {
        let (name, cfgs) = (hook.spec.name, &hook.cfgs);
        quote!(#(#cfgs)* #name)
    });
    quote! {
        const WRITTEN: #runtime::__private::Written = #runtime::__private::Some(&[#(#names),*]);
    }
}

fn forwarder(
    runtime: &Path,
    forward: &Forward,
    returns: &TokenStream,
    convert: TokenStream,
) -> TokenStream {
    let (spec, cfgs, method) = (forward.spec, &forward.cfgs, &forward.method);
    let name = Ident::new(spec.name, Span::call_site());
    let receiver = spec.takes_self.then(|| quote!(&mut self,));
    let server = spec.takes_self.then(|| quote!(self,));
    let params = params(forward);
    let given = &params[..forward.params.len()];
    let types = spec.params.iter().map(|param| param_type(runtime, param));
    // A result that cannot be converted: rustc points at the return type, and names the bound at
    // the method.
    let answer = Ident::new("answer", forward.returns);
    let convert = moved(convert, method.span());
    let call = moved(quote!(Self::#method), method.span());
    quote! {
        #(#cfgs)*
        fn #name(#receiver #(#params: #types),*) -> #returns {
            let #answer = #call(#server #(#given),*);
            #convert(#answer)
        }
    }
}

/// The names of a forwarder's parameters.
fn params(forward: &Forward) -> Vec<Ident> {
    let params = forward.spec.params.iter().enumerate();
    let names = params.map(|(at, param)| match forward.params.get(at) {
        // The user's parameter is of another type than ours: rustc points at it.
        Some(place) => Ident::new(param.name, *place),
        None => format_ident!("_{}", param.name),
    });
    names.collect()
}

/// The type of a parameter: what the table writes for a user, with an absolute path.
fn param_type(runtime: &Path, param: &Param) -> TokenStream {
    let reference = if param.ty.starts_with("&mut ") {
        quote!(&mut)
    } else if param.ty.starts_with('&') {
        quote!(&)
    } else {
        quote!()
    };
    let lasting = param.ty.ends_with("<'_>").then(|| quote!(<'_>));
    let primitive = param.type_name().starts_with(char::is_lowercase);
    let name = Ident::new(param.type_name(), Span::call_site());
    if primitive {
        quote!(#reference ::core::primitive::#name)
    } else {
        quote!(#reference #runtime::#name #lasting)
    }
}
