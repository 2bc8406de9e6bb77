//! The queue: emptied by children of its own, so many at a time and so often, beside those that serve;
//! and what becomes of it where such a child fails, dies, or does not end.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal};

use super::children::{family, hooks};

const FORKING: [&str; 3] = ["fork", "prefork_simple", "prefork"];

/// A stop that gives nobody long.
const QUICK: [&str; 2] = ["--graceful_timeout=300ms", "--kill_timeout=200ms"];

/// A server that empties its queue in that way.
fn server_with(personality: &str, queue: &str, arguments: &[&str]) -> Server {
    family(personality, &["--max_servers=2"])
        .args((personality == "prefork").then_some("--min_servers=2"))
        .args(arguments)
        .env("QUEUE", queue)
        .start()
}

/// The children that were forked to empty the queue, in order.
fn emptiers(server: &Server) -> Vec<i32> {
    let log = server.log();
    let registered = hooks(&log).into_iter().filter_map(|(_, hook)| {
        hook.strip_prefix("register_child ")?.strip_suffix(" Dequeue")?.parse().ok()
    });
    registered.collect()
}

/// Those of them that live.
fn emptying(server: &Server) -> Vec<i32> {
    let (all, zombies) = (server.children(), server.zombies());
    let lives = |child: &i32| all.contains(child) && !zombies.contains(child);
    emptiers(server).into_iter().filter(lives).collect()
}

/// How often the parent was asked whether the queue is to be emptied.
fn asked(log: &[String]) -> usize {
    hooks(log).iter().filter(|(_, hook)| hook == "run_dequeue").count()
}

fn see_served(server: &Server) {
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
}

/// The hooks that a child of that kind has something to do with, in the order of the log.
fn hooks_of(log: &[String], child: i32, parent: i32) -> Vec<String> {
    let named = |hook: &str| hook.split(' ').nth(1) == Some(&child.to_string());
    let about = |pid: i32, hook: &str| pid == child || pid == parent && named(hook);
    let met = hooks(log).into_iter().filter(|(pid, hook)| about(*pid, hook));
    met.map(|(_, hook)| hook.replace(&format!(" {child}"), "")).collect()
}

#[test]
fn a_queue_is_emptied_each_time_it_is_time_in_a_child_without_listeners() {
    for personality in FORKING {
        let begin = Instant::now();
        let server = server_with(personality, "", &["--check_for_dequeue=500ms"]);
        for times in 1..=3_u32 {
            server.wait_until(format!("asked {times} times"), || {
                asked(&server.log()) >= times as usize
            });
            let took = begin.elapsed();
            let due = Duration::from_millis(500) * times;
            assert!(took >= due, "{personality}: {times} times in {took:?}");
            assert!(took <= due + Duration::from_secs(1), "{personality}: {times}: {took:?}");
        }
        let child = emptiers(&server)[0];
        server.wait_for_log(&format!("hook delete_child_hook {child} Dequeue"));
        see_served(&server);
        let parent = server.pid();
        let log = server.stop().log;
        let mut met = hooks_of(&log, child, parent);
        // Both processes go on at the same moment.
        let registered = met.iter().position(|hook| hook == "register_child Dequeue");
        met.remove(registered.unwrap());
        let expected = [
            "child_init_hook Dequeue",
            "dequeue with 0 sockets",
            "child_finish_hook Dequeue",
            "cleanup_dead_child_hook Dequeue Code(0)",
            "delete_child_hook Dequeue",
        ];
        assert_eq!(met, expected, "{personality}");
        let all = hooks(&log);
        let place =
            |pid: i32, name: &str| all.iter().position(|(by, hook)| *by == pid && hook == name);
        let asked = place(parent, "run_dequeue");
        let forked = place(parent, "pre_fork_hook Dequeue");
        assert!(asked.is_some() && asked < forked, "{personality}");
        assert!(!all.iter().any(|(pid, hook)| *pid != parent && hook == "run_dequeue"));
    }
}

#[test]
fn an_empty_queue_costs_no_child() {
    for personality in FORKING {
        let server = server_with(personality, "empty", &["--check_for_dequeue=20ms"]);
        server.wait_until("asked ten times", || asked(&server.log()) >= 10);
        see_served(&server);
        let log = server.stop().log;
        assert!(!log.iter().any(|line| line.contains("Dequeue")), "{personality}");
    }
}

#[test]
fn no_more_children_than_may_empty_a_queue_do_and_others_serve() {
    for personality in FORKING {
        let options = ["--check_for_dequeue=20ms", "--max_dequeue=2"];
        let server = server_with(personality, "hang", &[&options[..], &QUICK].concat());
        server.allow_log("still there after");
        server.expect_log("was killed by SIGKILL");
        server.wait_until("two empty it", || emptying(&server).len() == 2);
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(300) {
            let count = emptying(&server).len();
            assert!(count <= 2, "{personality}: {count}");
        }
        // Nobody is asked where the answer is known.
        assert_eq!(asked(&server.log()), 2, "{personality}");
        // They are none of those that serve.
        let mut clients: Vec<Client> = (0..2).map(|_| Client::connect(server.address())).collect();
        for client in &mut clients {
            client.send("say x\n");
            assert_eq!(client.line(), "x");
        }
        assert_eq!(server.children().len(), 4, "{personality}");
        drop(clients);
        let first = emptying(&server)[0];
        server.signal_child(first, Signal::SIGKILL);
        server.wait_until("another one", || {
            let now = emptying(&server);
            assert!(now.len() <= 2, "{personality}: {now:?}");
            now.len() == 2 && !now.contains(&first)
        });
        assert_eq!(asked(&server.log()), 3, "{personality}");
        server.stop_with(Signal::SIGQUIT);
    }
}

#[test]
fn a_queue_that_cannot_be_emptied_is_tried_again_each_time() {
    for personality in FORKING {
        for (queue, said) in [("fail", "dequeue failed: told to fail"), ("panic", "told to panic")]
        {
            let server = server_with(personality, queue, &["--check_for_dequeue=50ms"]);
            server.expect_log(said);
            server.allow_log("dequeue");
            server.expect_log("left with code 1");
            let begin = Instant::now();
            server.wait_until("ten tries", || emptiers(&server).len() >= 10);
            assert!(begin.elapsed() <= Duration::from_secs(3), "{:?}", begin.elapsed());
            see_served(&server);
            let log = server.stop().log;
            let rests = log.iter().any(|line| line.contains("the next one in"));
            assert!(!rests, "{personality}, {queue}: {log:?}");
            let finished = log.iter().filter(|line| line.ends_with("child_finish_hook Dequeue"));
            assert!(finished.count() >= 9, "{personality}, {queue}");
        }
    }
}

#[test]
fn a_queue_that_is_being_emptied_outlives_a_hup_and_delays_a_stop() {
    for personality in FORKING {
        let server = server_with(personality, "slow", &["--check_for_dequeue=100ms"]);
        server.wait_until("somebody empties it", || emptying(&server).len() == 1);
        let first = emptying(&server)[0];
        let lines = server.log().len();
        server.signal(Signal::SIGHUP);
        server.wait_for_log_after(lines, "HUP");
        server.wait_until("the next one", || emptiers(&server).len() == 2);
        let second = emptiers(&server)[1];
        server.wait_for_log(&format!("[{second}] notice: hook dequeue"));
        let parent = server.pid();
        let log = server.stop().log;
        for child in [first, second] {
            let met = hooks_of(&log, child, parent);
            let end = [
                "emptied",
                "child_finish_hook Dequeue",
                "cleanup_dead_child_hook Dequeue Code(0)",
                "delete_child_hook Dequeue",
            ];
            assert!(met.ends_with(&end.map(str::to_owned)), "{personality}: {met:?}");
        }
    }
}

#[test]
fn who_empties_a_queue_for_ever_is_ended_with_the_server() {
    for personality in FORKING {
        let options = [&QUICK[..], &["--check_for_dequeue=20ms"]].concat();
        let server = server_with(personality, "hang", &options);
        server.expect_log("1 child still there after 300ms: SIGINT");
        server.expect_log("1 child still there after 200ms: SIGKILL");
        server.expect_log("was killed by SIGKILL");
        server.wait_for_log("hook dequeue with");
        let start = Instant::now();
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.code(), Some(1), "{personality}: somebody had to be killed");
        let took = start.elapsed();
        assert!((500..1500).contains(&took.as_millis()), "{personality}: {took:?}");
    }
}
