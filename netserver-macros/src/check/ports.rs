//! Ports that are none with the protocol that they have.
//!
//! Takes in the settings, complains of each port that cannot be bound with the `proto` beside it. A
//! protocol that is an expression is not known yet, so the runtime holds the ports against it at
//! start.

use netserver_options::Reject;
use netserver_options::kind::{Kind, List, Port, PortValue, Proto, ProtoValue};
use netserver_options::listen::wishes;

use crate::errors::Errors;
use crate::form::Form;
use crate::messages;
use crate::model::{Setting, Text};

/// A port that any protocol takes: it stands for what is not known, and for what was complained of.
const ANY: &str = "0";

/// Holds each port against its protocol, where each is right on its own: a value that was refused
/// has no place in its list.
pub(crate) fn check(settings: &[Setting], form: Form, errors: &mut Errors) {
    if !errors.is_empty() {
        return;
    }
    let of = |name: &str| settings.iter().find(|setting| setting.spec.name == name);
    let Some(port) = of("port") else { return };
    let Some(protos) = protos(of("proto"), form) else { return };
    let texts = port.values.iter().map(|text| text.known().unwrap_or(ANY));
    let Some(mut ports) = texts.map(|text| Port::parse(text).ok()).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    while let Some((at, reject)) = refused(&ports, &protos) {
        if let Some(Text::Known(known)) = port.values.get(at) {
            errors.push(&known.tokens, &messages::refused(port.spec, reject, form));
        }
        match (ports.get_mut(at), Port::parse(ANY)) {
            (Some(port), Ok(any)) => *port = any,
            _ => return,
        }
    }
}

/// Neither a host nor a family makes a port wrong.
fn refused(ports: &[PortValue], protos: &[ProtoValue]) -> Option<(usize, Reject)> {
    wishes(ports, &[], protos, &[]).err()
}

/// The protocols, where they are known: tcp where nobody says another. But to a list that stands
/// alone somebody else may say one.
fn protos(setting: Option<&Setting>, form: Form) -> Option<Vec<ProtoValue>> {
    let Some(setting) = setting else {
        return (form == Form::Attribute).then(Vec::new);
    };
    let texts = setting.values.iter().map(|text| text.known().map(str::to_owned));
    let texts = texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())?;
    List::<Proto>::gather(&texts).ok()
}
