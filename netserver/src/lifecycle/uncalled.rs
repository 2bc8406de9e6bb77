//! The hooks that a server has and that nobody calls: said at the start, as that may not be what was meant.

use netserver_options::BuiltIn;
use netserver_options::hook::{self, HookSpec};

use crate::options::Options;
use crate::options::merge::Merged;

/// Says which of the hooks of these names are never called, as the one that serves does not, or for want of
/// an option.
pub(crate) fn say(written: &[&str], merged: &Merged) {
    let Some(serves) = merged.personality else { return };
    // A process for each client would say it for each.
    let level = if serves == BuiltIn::Inet { log::Level::Debug } else { log::Level::Info };
    let hooks = written.iter().filter_map(|name| hook::find(name));
    let (called, others): (Vec<_>, Vec<_>) =
        hooks.partition(|hook| hook.called_by.contains(serves));
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|hook| hook.name).collect();
        log::log!(
            level,
            "{} never calls {}, which this server has",
            serves.name(),
            names.join(", ")
        );
    }
    for (hook, option) in called.iter().filter_map(|hook| lacks(hook, &merged.options)) {
        log::log!(level, "{hook} is never called: set {option}");
    }
}

/// The hook, and the option for want of which nobody calls it.
fn lacks(hook: &HookSpec, options: &Options) -> Option<(&'static str, &'static str)> {
    let option = hook.needs?;
    let is_off = match option {
        "child_communication" => !options.child_communication(),
        "check_for_dequeue" => options.check_for_dequeue().is_zero(),
        _ => false,
    };
    is_off.then_some((hook.name, option))
}
