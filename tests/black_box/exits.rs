//! Every way in which a child leaves: what it has printed and logged comes out once, what is its
//! parent's stays, and each hook runs where it should (T24).

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use netserver::testing::{DEADLINE, Finished, Server, Signal, scratch};

use super::program;

/// A way to leave: what a client says, how the child is to be ended then, and what is seen of it.
struct Way {
    name: &'static str,
    words: &'static str,
    /// Where the handler returns: whether somebody tells the child to leave.
    told: bool,
    /// Whether it ends as a child should, and so runs its last hook.
    finishes: bool,
    /// Whether what it has printed may be lost, as by its own wish nothing is done at its end.
    loses: bool,
}

const WAYS: [Way; 7] = [
    Way { name: "max_requests", words: "quit", told: false, finishes: true, loses: false },
    Way { name: "SIGTERM", words: "quit", told: true, finishes: true, loses: false },
    Way { name: "panic", words: "panic text", told: true, finishes: true, loses: false },
    Way {
        name: "panic whose value panics",
        words: "panic bomb",
        told: true,
        finishes: true,
        loses: false,
    },
    Way { name: "exit", words: "exit 7", told: false, finishes: false, loses: false },
    Way {
        name: "another program",
        words: "become exit 7",
        told: false,
        finishes: false,
        loses: true,
    },
    Way { name: "abort", words: "abort", told: false, finishes: false, loses: true },
];

const CHILDREN: [&str; 3] = ["fork", "prefork_simple", "prefork"];
/// How many children leave, one after the other.
const ROUNDS: usize = 3;

/// What comes of these words, until the end or the reset of the connection.
fn ask(path: &Path, words: &str) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Has one child print, log and leave that way, and sees it gone.
fn leave(server: &Server, path: &Path, way: &Way, round: usize) {
    ask(path, &format!("print child{round} \nsay x\n{}\n", way.words));
    let line = server.wait_for_log(&format!("told to print child{round} "));
    let (_, rest) = line.split_once('[').unwrap();
    let child: i32 = rest.split_once(']').unwrap().0.parse().unwrap();
    if way.told {
        // That of fork has left by itself.
        server.try_signal_child(child, Signal::SIGTERM);
    }
    server.wait_until("it is gone", || !server.children().contains(&child));
    assert!(path.exists(), "{}: the file of the socket", way.name);
    let pid = fs::read_to_string(path.with_file_name("pid")).unwrap();
    assert_eq!(pid, format!("{}\n", server.pid()), "{}", way.name);
}

fn run(personality: &str, way: &Way) -> (Finished, i32) {
    let directory = scratch();
    let path = directory.join("socket");
    let server = program!("reckless")
        .arg(format!("--port={}|unix", path.display()))
        .arg(format!("--pid_file={}", directory.join("pid").display()))
        .arg(format!("--server_type={personality}"))
        .args(match personality {
            "prefork" => &["--min_servers=1", "--max_servers=1"][..],
            _ => &["--max_servers=1"],
        })
        .args((way.name == "max_requests" && personality != "fork").then_some("--max_requests=1"))
        .arg("--log_level=4")
        .env("PRINT", "yes")
        .start();
    for excuse in ["panicked at", "left with code 7", "was killed by SIGABRT"] {
        server.allow_log(excuse);
    }
    server.wait_until("it can be connected to", || UnixStream::connect(&path).is_ok());
    for round in 0..ROUNDS {
        leave(&server, &path, way, round);
    }
    let parent = server.pid();
    let finished = server.stop();
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.is_empty(), "{personality}, {}: its files go with the server: {left:?}", way.name);
    (finished, parent)
}

/// How often each process has met that hook: the parent, and all others.
fn met(finished: &Finished, parent: i32, hook: &str) -> (usize, usize) {
    let end = format!(" debug: hook {hook}");
    let lines: Vec<_> = finished.log.iter().filter(|line| line.ends_with(&end)).collect();
    let parents = lines.iter().filter(|line| line.contains(&format!("[{parent}]"))).count();
    (parents, lines.len() - parents)
}

fn judge(personality: &str, way: &Way) {
    let (finished, parent) = run(personality, way);
    let what = format!("{personality}, {}", way.name);
    let count = |text: &str| finished.stdout.matches(text).count();
    assert_eq!(count("before "), 1, "{what}: {}", finished.stdout);
    for round in 0..ROUNDS {
        let text = format!("child{round} ");
        let least = usize::from(!way.loses);
        assert!((least..=1).contains(&count(&text)), "{what}: {}", finished.stdout);
        let told = format!("told to print {text}");
        let told = finished.log.iter().filter(|line| line.contains(told.trim_end())).count();
        assert_eq!(told, 1, "{what}: a record");
    }
    let others = finished.stdout.replace("before ", "");
    let others = (0..ROUNDS).fold(others, |all, at| all.replace(&format!("child{at} "), ""));
    assert_eq!(others, "", "{what}: nothing else");
    for hook in [
        "post_configure_hook",
        "post_bind_hook",
        "pre_loop_hook",
        "pre_server_close_hook",
        "post_child_cleanup_hook",
    ] {
        assert_eq!(met(&finished, parent, hook), (1, 0), "{what}: {hook}");
    }
    let (begun, _) = met(&finished, parent, "pre_fork_hook");
    assert_eq!(met(&finished, parent, "pre_fork_hook"), (begun, 0), "{what}");
    assert_eq!(met(&finished, parent, "cleanup_dead_child_hook"), (begun, 0), "{what}");
    assert_eq!(met(&finished, parent, "child_init_hook"), (0, begun), "{what}");
    // Those that left as they should, and the probe's or the last one of a pool.
    let finish = if way.finishes { begun } else { begun - ROUNDS };
    assert_eq!(met(&finished, parent, "child_finish_hook"), (0, finish), "{what}");
    let (_, dropped) = met(&finished, parent, "drop");
    assert_eq!(dropped, 0, "{what}: what is the parent's is dropped there at most");
}

#[test]
fn whichever_way_a_child_leaves_everything_comes_once_and_its_parents_stays() {
    for way in &WAYS {
        for personality in CHILDREN {
            judge(personality, way);
        }
    }
}
