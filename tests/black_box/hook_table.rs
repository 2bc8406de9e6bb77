//! Each personality calls the hooks that the table says it calls, in the process that the table says,
//! and no other.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::fd::OwnedFd;

use netserver::testing::{Client, Finished, Signal};
use netserver_options::BuiltIn;
use netserver_options::hook::{self, HookSpec, Process};

use super::program;

/// Only process 1 has strangers to tell of.
const FOR_PROCESS_1: &str = "other_child_died_hook";

/// What clients say, and what they hear.
const CLIENTS: [(&str, &str); 2] = [("hello\n", "served"), ("deny\n", "denied")];

/// The hooks that a log shows, each with whether it ran in the process that began.
fn met(log: &[String]) -> BTreeSet<(String, &'static str)> {
    let lines = || {
        log.iter().filter_map(|line| {
            let (head, hook) = line.split_once(" notice: hook ")?;
            Some((head.rsplit_once('[')?.1, hook.to_owned()))
        })
    };
    let parent = lines().next().map(|(pid, _)| pid);
    let place = |pid| if Some(pid) == parent { "parent" } else { "child" };
    lines().map(|(pid, hook)| (hook, place(pid))).collect()
}

fn table(personality: BuiltIn) -> BTreeSet<(String, &'static str)> {
    let forks = !matches!(personality, BuiltIn::Single | BuiltIn::Inet);
    let place = |spec: &HookSpec| match spec.process {
        Process::Parent => "parent",
        Process::Child | Process::Any => "child",
        Process::Worker => {
            if forks {
                "child"
            } else {
                "parent"
            }
        }
    };
    let called = hook::all().filter(|spec| spec.called_by.contains(personality));
    // What each record is shown to cannot log that it was, and nothing ends these servers before their time.
    let called = called.filter(|spec| spec.name != FOR_PROCESS_1 && spec.process != Process::Any);
    called.map(|spec| (spec.name.to_owned(), place(spec))).collect()
}

fn serve(personality: BuiltIn) -> Finished {
    let server = program!("each_hook").arg(format!("--server_type={}", personality.name())).start();
    for (sent, reply) in CLIENTS {
        let mut client = Client::connect(server.address());
        client.send(sent);
        assert_eq!(client.line(), reply);
        assert_eq!(client.rest(), b"");
    }
    let mut waits = None;
    if personality == BuiltIn::Multiplex {
        // Nothing ends these but the client's own end, or the stop that a restart is to them.
        let mut ends = Client::connect(server.address());
        ends.send("bye\n");
        ends.half_close();
        assert_eq!(ends.rest(), b"served\n");
        let mut stays = Client::connect(server.address());
        stays.send("stay\n");
        assert_eq!(stays.line(), "served");
        waits = Some(stays);
    }
    for late in ["dequeue", "child_is_talking_hook"] {
        if hook::find(late).unwrap().called_by.contains(personality) {
            server.wait_for_log(&format!("hook {late}"));
        }
    }
    server.signal(Signal::SIGHUP);
    server.wait_for_log("generation 2 serves");
    assert!(waits.is_none_or(|mut stays| stays.rest().is_empty()));
    server.stop()
}

/// As inetd starts it, for one client.
fn serve_standard_input(sent: &str, reply: &str) -> Finished {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap());
    client.send(sent);
    let (stream, _) = listener.accept().unwrap();
    let client_end = || OwnedFd::from(stream.try_clone().unwrap());
    let inetd = program!("each_hook").arg("--server_type=inet");
    let finished = inetd.stream(0, client_end()).stream(1, client_end()).run().expect_code(0);
    drop(stream);
    assert_eq!(client.line(), reply);
    finished
}

#[test]
fn each_personality_calls_what_the_table_says() {
    let listening = BuiltIn::ALL.iter().copied().filter(|one| *one != BuiltIn::Inet);
    for personality in listening {
        assert_eq!(met(&serve(personality).log), table(personality), "{personality:?}");
    }
    let clients = CLIENTS.map(|(sent, reply)| met(&serve_standard_input(sent, reply).log));
    let of_all: BTreeSet<_> = clients.into_iter().flatten().collect();
    assert_eq!(of_all, table(BuiltIn::Inet));
}

#[test]
fn a_start_says_which_hooks_are_never_called() {
    let check = |arguments: &[&str]| {
        let program = program!("each_hook").args(["--check", "--log_level=3"]).args(arguments);
        program.run().expect_code(0).stderr()
    };
    for personality in BuiltIn::ALL {
        let name = personality.name();
        let said = check(&[&format!("--server_type={name}")]);
        let start = format!("{name} never calls ");
        let never = said.lines().find_map(|line| line.split_once(&start)).map(|(_, names)| names);
        let never: BTreeSet<&str> = never.map_or_else(BTreeSet::new, |names| {
            names.trim_end_matches(", which this server has").split(", ").collect()
        });
        // What handles clients is there for each of those that may be chosen.
        let others = hook::HOOKS.iter().filter(|spec| !spec.called_by.contains(*personality));
        assert_eq!(never, others.map(|spec| spec.name).collect(), "{said}");
    }
    let off = ["--check_for_dequeue=0", "--child_communication=no"];
    for spec in hook::all() {
        let lacks = |said: String| said.contains(&format!("{} is never called: set ", spec.name));
        assert!(!lacks(check(&["--server_type=fork"])), "{}", spec.name);
        let said = check(&["--server_type=fork", off[0], off[1]]);
        assert_eq!(lacks(said), spec.needs.is_some(), "{}", spec.name);
    }
}
