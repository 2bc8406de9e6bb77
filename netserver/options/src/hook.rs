//! The methods that a server may have, as data: the handler, and a hook for every fixed point.
//!
//! The traits of the runtime hold the same methods with their documentation; a test there keeps
//! the two alike. The attribute macro writes forwarders from these rows.

use crate::personality::{BuiltIn, Scope};

/// One method that the runtime calls.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookSpec {
    /// The method's name.
    pub name: &'static str,
    /// The trait that it belongs to.
    pub of: Trait,
    /// Whether it is called on the server's value; else it is called before there is one.
    pub takes_self: bool,
    /// What it may be given, in order; a method may leave some off from the right.
    pub params: &'static [Param],
    /// What it returns.
    pub answer: Answer,
    /// Where it runs.
    pub process: Process,
    /// The personalities that call it.
    pub called_by: Scope,
    /// The option without which none of them does.
    pub needs: Option<&'static str>,
    /// When it runs, in one line.
    pub when: &'static str,
}

/// One parameter.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Param {
    /// Its usual name.
    pub name: &'static str,
    /// Its type, as one writes it with `netserver::prelude::*` in scope.
    pub ty: &'static str,
}

impl Param {
    /// The name of its type alone: without what lends it, and for how long.
    pub fn type_name(&self) -> &'static str {
        let lent = self.ty.trim_start_matches("&mut ").trim_start_matches('&');
        lent.trim_end_matches("<'_>")
    }
}

/// A trait of the runtime with such methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// The hooks, of every server.
    Hooks,
    /// The handler that has a connection to itself.
    NetServer,
    /// The callbacks of `multiplex`.
    MuxServer,
}

impl Trait {
    /// Its name in the runtime.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hooks => "Hooks",
            Self::NetServer => "NetServer",
            Self::MuxServer => "MuxServer",
        }
    }
}

/// What a method returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing, or a failure: `()` or `Result<(), E>`.
    Done,
    /// Yes or no, or a failure: `bool` or `Result<bool, E>`.
    Verdict,
    /// Nothing, or why the connection ends: `()` or `Result<(), E>`.
    Served,
}

/// Where a method runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// The managing process; with `single` there is only that one.
    Parent,
    /// The process that serves the connection.
    Worker,
    /// A forked child; never with `single`.
    Child,
    /// Whichever it happens in.
    Any,
}

impl Process {
    /// Its name in the reference.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Worker => "worker",
            Self::Child => "child",
            Self::Any => "any",
        }
    }
}

const CONN: Param = Param { name: "conn", ty: "&mut Connection" };
const SERVER: Param = Param { name: "server", ty: "&ServerInfo" };
const OPTIONS: Param = Param { name: "options", ty: "&mut OptionSet" };
const ALLOWED: Param = Param { name: "allowed", ty: "bool" };
const KIND: Param = Param { name: "kind", ty: "ChildKind" };
const COUNT: Param = Param { name: "count", ty: "usize" };
const CHILD: Param = Param { name: "child", ty: "&Child" };
const MESSAGE: Param = Param { name: "message", ty: "&Message" };
const END: Param = Param { name: "end", ty: "ChildEnd" };
const LEVEL: Param = Param { name: "level", ty: "u32" };
const TEXT: Param = Param { name: "message", ty: "&str" };
const FILE: Param = Param { name: "file", ty: "&str" };
const LINE: Param = Param { name: "line", ty: "u32" };
const PID: Param = Param { name: "pid", ty: "u32" };
const MUX: Param = Param { name: "mux", ty: "&mut Mux<'_>" };
const INPUT: Param = Param { name: "input", ty: "&mut Input<'_>" };

const ALL: Scope = Scope::ALL;
const LISTENING: Scope = Scope::LISTENING;
const FORKING: Scope = Scope::FORKING;
const POOLS: Scope = Scope::POOLS;
const FORK: Scope = Scope::of(BuiltIn::Fork);
const REQUESTS: Scope = Scope::REQUESTS;

/// The handler: the one method that every server has but those of `multiplex`.
pub static PROCESS_REQUEST: HookSpec = HookSpec {
    name: "process_request",
    of: Trait::NetServer,
    takes_self: true,
    params: &[CONN],
    answer: Answer::Served,
    process: Process::Worker,
    called_by: REQUESTS,
    needs: None,
    when: "for each connection that may be served",
};

/// What takes its place with `multiplex`: the one method that every server of that has.
pub static MUX_INPUT: HookSpec = MUX_INPUT_ROW;

const MUX_INPUT_ROW: HookSpec = callback(
    "mux_input",
    &[MUX, INPUT],
    "more has come from the client, and stands behind what was not taken",
);

/// The callbacks of `multiplex`, in the order in which a connection meets them.
pub static CALLBACKS: &[HookSpec] = &[
    callback("mux_connection", &[MUX], "a connection that may be served is there"),
    MUX_INPUT_ROW,
    callback(
        "mux_eof",
        &[MUX, INPUT],
        "the client has ended its input; what was not taken of it is still there",
    ),
    callback("mux_timeout", &[MUX], "the time of `set_timeout` is over"),
    callback(
        "mux_stopping",
        &[MUX],
        "a graceful stop has begun, and this connection may end itself",
    ),
    callback("mux_close", &[MUX], "the connection is gone, whoever has ended it"),
];

const fn callback(name: &'static str, params: &'static [Param], when: &'static str) -> HookSpec {
    HookSpec {
        name,
        of: Trait::MuxServer,
        takes_self: true,
        params,
        answer: Answer::Served,
        process: Process::Worker,
        called_by: Scope::MULTIPLEX,
        needs: None,
        when,
    }
}

const fn hook(
    name: &'static str,
    params: &'static [Param],
    process: Process,
    called_by: Scope,
    when: &'static str,
) -> HookSpec {
    HookSpec {
        name,
        of: Trait::Hooks,
        takes_self: true,
        params,
        answer: Answer::Done,
        process,
        called_by,
        needs: None,
        when,
    }
}

/// Every hook, in the order in which a server meets them.
pub static HOOKS: &[HookSpec] = &[
    HookSpec {
        name: "configure_hook",
        of: Trait::Hooks,
        takes_self: false,
        params: &[OPTIONS],
        answer: Answer::Done,
        process: Process::Parent,
        called_by: ALL,
        needs: None,
        when: "first of all: sets options that are known only at run time",
    },
    hook(
        "post_configure_hook",
        &[SERVER],
        Process::Parent,
        ALL,
        "the options are known, nothing is bound",
    ),
    hook(
        "restart_open_hook",
        &[SERVER],
        Process::Parent,
        LISTENING,
        "after a restart: the listeners of before are about to be taken over",
    ),
    hook(
        "post_bind_hook",
        &[SERVER],
        Process::Parent,
        ALL,
        "the listeners are bound; the last point with the privileges of the start",
    ),
    hook("pre_loop_hook", &[SERVER], Process::Parent, ALL, "last before clients are served"),
    hook(
        "run_n_children_hook",
        &[COUNT, SERVER],
        Process::Parent,
        POOLS,
        "before so many children are forked for a pool",
    ),
    hook("pre_fork_hook", &[SERVER, KIND], Process::Parent, FORKING, "before each fork of a child"),
    hook(
        "register_child",
        &[CHILD, SERVER],
        Process::Parent,
        FORKING,
        "after each fork of a child",
    ),
    hook(
        "child_init_hook",
        &[SERVER, KIND],
        Process::Child,
        FORKING,
        "first in a child, before it serves",
    ),
    hook(
        "pre_accept_hook",
        &[SERVER],
        Process::Parent,
        FORK,
        "`fork` is about to wait for the next client",
    ),
    hook(
        "post_accept_hook",
        &[CONN],
        Process::Worker,
        ALL,
        "a connection was accepted, nothing is decided",
    ),
    HookSpec {
        name: "allow_deny_hook",
        of: Trait::Hooks,
        takes_self: true,
        params: &[CONN],
        answer: Answer::Verdict,
        process: Process::Worker,
        called_by: ALL,
        needs: None,
        when: "may this connection be served?",
    },
    hook(
        "request_denied_hook",
        &[CONN],
        Process::Worker,
        ALL,
        "instead of the request, for a connection that may not be served",
    ),
    hook(
        "post_process_request_hook",
        &[CONN, ALLOWED],
        Process::Worker,
        ALL,
        "after the request or its denial, still connected",
    ),
    hook("post_client_connection_hook", &[], Process::Worker, REQUESTS, "the connection is closed"),
    hook(
        "child_finish_hook",
        &[SERVER, KIND],
        Process::Child,
        FORKING,
        "last in a child that ends as it should",
    ),
    hook("idle_loop_hook", &[SERVER], Process::Parent, POOLS, "each turn of the parent of a pool"),
    HookSpec {
        needs: Some("child_communication"),
        ..hook(
            "child_is_talking_hook",
            &[CHILD, MESSAGE, SERVER],
            Process::Parent,
            FORKING,
            "a child has said something, with `child_communication`",
        )
    },
    hook(
        "cleanup_dead_child_hook",
        &[CHILD, END],
        Process::Parent,
        FORKING,
        "a child has ended, and was waited for",
    ),
    hook(
        "delete_child_hook",
        &[CHILD],
        Process::Parent,
        FORKING,
        "a child that has ended is forgotten",
    ),
    hook(
        "other_child_died_hook",
        &[PID, END],
        Process::Parent,
        FORKING,
        "as process 1: a process that nobody has waited for in 10 s",
    ),
    HookSpec {
        name: "run_dequeue",
        of: Trait::Hooks,
        takes_self: true,
        params: &[SERVER],
        answer: Answer::Verdict,
        process: Process::Parent,
        called_by: FORKING,
        needs: Some("check_for_dequeue"),
        when: "every `check_for_dequeue`: is a child to be forked that runs `dequeue`?",
    },
    HookSpec {
        needs: Some("check_for_dequeue"),
        ..hook(
            "dequeue",
            &[SERVER],
            Process::Child,
            FORKING,
            "empties a queue, in a child of its own",
        )
    },
    HookSpec {
        name: "write_to_log_hook",
        of: Trait::Hooks,
        takes_self: false,
        params: &[LEVEL, TEXT],
        answer: Answer::Verdict,
        process: Process::Any,
        called_by: ALL,
        needs: None,
        when: "for each record that `log_level` lets through: is it to be written as well?",
    },
    hook("pre_server_close_hook", &[SERVER], Process::Parent, ALL, "the server begins to stop"),
    hook(
        "post_child_cleanup_hook",
        &[SERVER],
        Process::Parent,
        ALL,
        "all children are gone; after a restart, those of before it",
    ),
    hook(
        "restart_close_hook",
        &[SERVER],
        Process::Parent,
        LISTENING,
        "the server is about to restart, and hands its listeners on",
    ),
    hook(
        "fatal_hook",
        &[TEXT, FILE, LINE],
        Process::Any,
        ALL,
        "something ends the process before its time: it could not start, or cannot go on",
    ),
];

/// What takes the place of a hook that Perl's Net::Server has and this one does not.
pub fn gone(name: &str) -> Option<&'static str> {
    Some(match name {
        "parent_read_hook" => "here it is `child_is_talking_hook`, with `child_communication`",
        "can_read_hook" => "here the handler reads, and nobody else",
        "mux_outbuffer_empty" => "here `Mux::unsent` tells how much waits to be sent",
        _ => return None,
    })
}

/// The row of that name, of whichever trait.
pub fn find(name: &str) -> Option<&'static HookSpec> {
    all().find(|spec| spec.name == name)
}

/// The handler, the callbacks and every hook.
pub fn all() -> impl Iterator<Item = &'static HookSpec> {
    std::iter::once(&PROCESS_REQUEST).chain(CALLBACKS).chain(HOOKS)
}

/// The same in the order in which a connection meets them: the handler and the callbacks stand behind the
/// hook that lets it in.
pub fn all_in_order() -> impl Iterator<Item = &'static HookSpec> {
    let place = HOOKS.iter().position(|spec| spec.name == "allow_deny_hook").map_or(0, |at| at + 1);
    let (before, after) = HOOKS.split_at(place);
    before.iter().chain([&PROCESS_REQUEST]).chain(CALLBACKS).chain(after)
}

impl HookSpec {
    /// The method as one writes it, with every parameter.
    pub fn signature(&self) -> String {
        let receiver = self.takes_self.then(|| "&mut self".to_owned());
        let params = self.params.iter().map(|param| format!("{}: {}", param.name, param.ty));
        let list: Vec<String> = receiver.into_iter().chain(params).collect();
        let returns = match self.answer {
            Answer::Served => "io::Result<()>",
            Answer::Done => "Result<()>",
            Answer::Verdict => "bool",
        };
        format!("fn {}({}) -> {returns}", self.name, list.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hook_says_so_in_its_name() {
        for (at, spec) in HOOKS.iter().enumerate() {
            let named_by_perl = ["register_child", "run_dequeue", "dequeue"].contains(&spec.name);
            assert!(spec.name.ends_with("_hook") || named_by_perl, "{}", spec.name);
            assert!(HOOKS[..at].iter().all(|other| other.name != spec.name), "{} twice", spec.name);
        }
    }

    #[test]
    fn every_callback_says_so_in_its_name() {
        for spec in CALLBACKS {
            assert!(spec.name.starts_with("mux_"), "{}", spec.name);
            assert_eq!(find(spec.name), Some(spec));
        }
        assert!(CALLBACKS.contains(&MUX_INPUT));
    }

    #[test]
    fn nothing_that_is_gone_is_a_hook_and_what_a_hook_needs_is_an_option() {
        assert!(all().all(|spec| gone(spec.name).is_none()));
        for option in all().filter_map(|spec| spec.needs) {
            assert!(crate::find(option).is_some(), "{option}");
        }
    }

    #[test]
    fn the_type_of_a_parameter_has_a_name() {
        let names = [MUX, CONN, SERVER, TEXT, COUNT].map(|param| param.type_name());
        assert_eq!(names, ["Mux", "Connection", "ServerInfo", "str", "usize"]);
    }

    #[test]
    fn signatures_are_what_one_writes() {
        assert_eq!(
            PROCESS_REQUEST.signature(),
            "fn process_request(&mut self, conn: &mut Connection) -> io::Result<()>"
        );
        assert_eq!(
            MUX_INPUT.signature(),
            "fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()>"
        );
        assert_eq!(
            find("configure_hook").unwrap().signature(),
            "fn configure_hook(options: &mut OptionSet) -> Result<()>"
        );
    }
}
