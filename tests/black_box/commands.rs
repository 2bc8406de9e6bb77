//! Commands that handlers and hooks run while children come, go and are killed: everybody learns the
//! status of its own, and nobody waits for another's (T25).

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use netserver::testing::{Server, Signal, load};

use super::{FORKING, extent, pause, program};

/// How many commands clients ask for; 1,000 with `COMMANDS=1000`. With fewer than 256 some exit codes
/// would be left out.
fn commands() -> usize {
    extent("COMMANDS", 256)
}

/// What the connection of that number asks for, and has to hear.
fn request(at: usize) -> String {
    format!("exit {}\n{}", at % 256, if at.is_multiple_of(8) { "yes | head\n" } else { "" })
}

/// The children that the server was told of: its hooks' commands are its children, too.
fn workers(server: &Server) -> BTreeSet<i32> {
    let told = server.log();
    let told = told.iter().filter_map(|line| line.split_once("notice: child ")?.1.parse().ok());
    let told: BTreeSet<i32> = told.collect();
    server.children().into_iter().filter(|child| told.contains(child)).collect()
}

/// Has clients ask for commands while children are killed; tells how many were.
fn ask(server: &Server, commands: usize) {
    let kills = commands / 20;
    // A client whose child was killed hears nothing: so many more, and all are asked for.
    let connections = commands + kills;
    let whole = |at: usize, reply: &[u8]| reply == request(at).as_bytes();
    let address = server.address();
    let report = thread::scope(|scope| {
        let load = scope.spawn(|| {
            load(address)
                .connections(connections)
                .clients(6)
                .exchange(request, whole)
                .until(|reply| reply.ends_with(b"\n"))
                .run()
        });
        let mut killed = 0;
        while killed < kills && !load.is_finished() {
            if let Some(child) = workers(server).last() {
                killed += usize::from(server.try_signal_child(*child, Signal::SIGKILL));
            }
            pause(Duration::from_millis(20));
        }
        assert!(killed > 0);
        load.join().unwrap()
    });
    assert!(report.right >= commands, "{report}");
}

#[test]
fn every_command_has_its_own_status() {
    for personality in FORKING {
        let mut program = program!("commands")
            .args(["--host=127.0.0.1", "--max_servers=4"])
            .arg(format!("--server_type={personality}"));
        if personality != "fork" {
            program = program.arg("--max_requests=5");
        }
        let server = program.start();
        server.allow_log("was killed by SIGKILL");
        ask(&server, commands());
        let log = server.stop().log;
        for hook in
            ["pre_fork_hook", "register_child", "cleanup_dead_child_hook", "child_init_hook"]
        {
            let ran = log.iter().filter(|line| line.ends_with(&format!("command of {hook}")));
            assert!(ran.count() >= 5, "{personality} {hook}");
        }
    }
}
