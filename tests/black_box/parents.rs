//! What a parent does with its children: how many there are, what signals make of that, how they are
//! renewed, and what becomes of those that do not end (T15, T18, T35).

use std::time::{Duration, Instant};

use netserver::testing::{Client, Signal, load};

use super::children::family;
use super::{actor, callers, pause, reckless};

/// The arguments for a pool of that size.
pub(super) fn pool_of(personality: &str, size: usize) -> Vec<String> {
    let server_type = format!("--server_type={personality}");
    let most = format!("--max_servers={size}");
    match personality {
        "prefork" | "thread" => vec![server_type, most, format!("--min_servers={size}")],
        _ => vec![server_type, most],
    }
}

#[test]
fn fork_has_no_more_children_than_it_may_and_refuses_nobody() {
    let server = actor(&["--server_type=fork", "--max_servers=4"]).start();
    let mut clients: Vec<Client> = (0..12).map(|_| Client::connect(server.address())).collect();
    for client in &mut clients {
        client.send("now x\n");
    }
    for client in &mut clients {
        // The first ones that are left have a child each; all others wait.
        assert_eq!(client.line(), "x");
        for _ in 0..20 {
            let count = server.children().len();
            assert!(count <= 4, "{count} children");
        }
        client.send("say done\nquit\n");
        assert_eq!(client.rest(), b"done\n");
    }
    server.wait_until("all are gone", || server.children().is_empty());
    server.stop();
}

#[test]
fn children_of_fork_that_have_ended_are_waited_for() {
    let server = actor(&["--server_type=fork"]).start();
    server.allow_log("was killed by SIGABRT");
    load(server.address())
        .connections(400)
        .clients(8)
        .exchange(
            |at| if at % 10 == 0 { "abort\n".into() } else { format!("say {at}\nquit\n") },
            |at, reply| at % 10 == 0 || reply == format!("{at}\n").as_bytes(),
        )
        .until_close()
        .run();
    server.wait_until("nobody is left, nor a zombie", || server.children().is_empty());
    server.stop();
}

/// How often a process has given up the processor to wait.
pub(super) fn waits(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.unwrap().trim().parse().unwrap()
}

#[test]
fn a_parent_without_children_sleeps() {
    let server = actor(&["--server_type=fork", "--check_for_dead=100ms"]).start();
    let mut client = Client::connect(server.address());
    client.send("say x\nquit\n");
    assert_eq!(client.rest(), b"x\n");
    server.wait_until("its child is gone", || server.children().is_empty());
    // Once for that time, as it looks then whether there is a child to be looked at.
    pause(Duration::from_millis(500));
    let before = waits(server.pid());
    pause(Duration::from_secs(1));
    let count = waits(server.pid()) - before;
    assert!(count <= 20, "{count} in a second");
    server.stop();
}

#[test]
fn each_child_of_fork_that_crashes_is_told_of() {
    let server = actor(&["--server_type=fork"]).start();
    server.allow_log("was killed by SIGABRT");
    for crashes in 1..=5 {
        let mut client = Client::connect(server.address());
        client.send("abort\n");
        assert_eq!(client.try_rest().unwrap_or_default(), b"");
        // One at a time they have the same place, which never waits for that.
        server.wait_until(format!("{crashes} crashes"), || {
            let log = server.log();
            assert!(
                !log.iter().any(|line| line.contains("before its first connection")),
                "{log:?}"
            );
            log.iter().filter(|line| line.ends_with("was killed by SIGABRT")).count() == crashes
        });
    }
    server.stop();
}

#[test]
fn signals_make_a_pool_one_larger_or_smaller() {
    for personality in ["prefork", "prefork_simple"] {
        let server = actor(&[]).args(pool_of(personality, 3)).arg("--log_level=3").start();
        server.wait_until("three children", || server.alive().len() == 3);
        for (signal, size) in [
            (Signal::SIGTTIN, 4),
            (Signal::SIGTTIN, 5),
            (Signal::SIGTTOU, 4),
            (Signal::SIGTTOU, 3),
            (Signal::SIGTTOU, 2),
            (Signal::SIGTTOU, 1),
            (Signal::SIGTTOU, 1),
        ] {
            let lines = server.log().len();
            server.signal(signal);
            server.wait_for_log_after(lines, &format!("at most {size} children now"));
            server.wait_until(format!("{personality}: {size}"), || server.alive().len() == size);
        }
        server.stop();
    }
}

#[test]
fn a_hup_renews_every_child_one_at_a_time_and_no_client_notices() {
    for personality in ["prefork", "prefork_simple"] {
        let server =
            actor(&["--hup=children", "--log_level=3"]).args(pool_of(personality, 4)).start();
        server.wait_until("four children", || server.alive().len() == 4);
        let (before, lines) = (server.children(), server.log().len());
        std::thread::scope(|scope| {
            let load =
                scope.spawn(|| callers(server.address()).connections(2_000).clients(6).run());
            server.signal(Signal::SIGHUP);
            server.wait_until(format!("{personality}: four others"), || {
                let now = server.alive();
                now.len() == 4 && now.iter().all(|child| !before.contains(child))
            });
            load.join().unwrap().expect_all_right();
        });
        let log = server.log().split_off(lines);
        let steps: Vec<&str> = log
            .iter()
            .filter_map(|line| {
                let step = line.split_once(" info: ")?.1;
                step.starts_with("children ").then_some(step)
            })
            .collect();
        // Each time another is ready first, and only then one leaves.
        assert_eq!(
            steps,
            ["children started: 1", "children told to leave: 1"].repeat(4),
            "{personality}"
        );
        server.stop();
    }
}

#[test]
fn a_request_without_an_end_is_ended_by_the_parent() {
    for personality in ["fork", "prefork", "prefork_simple"] {
        let server =
            actor(&["--request_timeout=500ms"]).arg(format!("--server_type={personality}")).start();
        server.expect_log("has not ended a request in its time: SIGKILL");
        server.allow_log("was killed by SIGKILL");
        let mut client = Client::connect(server.address());
        client.send("now x\nspin 60\n");
        assert_eq!(client.line(), "x");
        let start = Instant::now();
        assert_eq!(client.try_rest().unwrap_or_default(), b"");
        let took = start.elapsed();
        assert!(took <= Duration::from_millis(1_700), "{personality}: {took:?}");
        // One that is slow, and in its time, is left alone; so is the next one of that child.
        let mut client = Client::connect(server.address());
        client.send("spin 0.3\nsay x\nquit\n");
        assert_eq!(client.rest(), b"x\n", "{personality}");
        server.stop();
    }
}

#[test]
fn whoever_loses_its_parent_is_held_to_the_time_of_a_stop() {
    for personality in ["fork", "prefork", "prefork_simple"] {
        let server = actor(&["--graceful_timeout=1s", "--kill_timeout=1s"])
            .arg(format!("--server_type={personality}"))
            .grace(Duration::from_secs(4))
            .start();
        let mut client = Client::connect(server.address());
        client.send("now x\nspin 60\n");
        assert_eq!(client.line(), "x");
        let start = Instant::now();
        // It holds that nobody is left behind.
        server.stop_with(Signal::SIGKILL);
        let took = start.elapsed();
        assert!(took <= Duration::from_secs(4), "{personality}: {took:?}");
    }
}

#[test]
fn a_parent_that_is_slow_each_time_still_ends_requests() {
    let server = family("prefork", &["--request_timeout=1s", "--check_for_dead=100ms"])
        .env("IDLE", "yes")
        .env("NAP", "idle_loop_hook 0.9")
        .start();
    server.expect_log("has not ended a request in its time: SIGKILL");
    server.allow_log("was killed by SIGKILL");
    let mut client = Client::connect(server.address());
    client.send("pid\nhang\n");
    let child: i32 = client.line().parse().unwrap();
    let start = Instant::now();
    server.wait_until("it is killed", || !server.children().contains(&child));
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    server.stop();
}

/// One that blocks every signal, or whose last hook hangs, keeps no other from being renewed.
#[test]
fn whoever_does_not_leave_when_told_to_is_killed_once_it_serves_nobody() {
    let times = ["--graceful_timeout=1s", "--kill_timeout=500ms", "--check_for_dead=200ms"];
    let server =
        reckless("prefork_simple").arg("--hup=children").args(times).arg("--max_servers=2").start();
    server.expect_log("serves nobody: SIGKILL");
    server.allow_log("was killed by SIGKILL");
    server.wait_until("both are there", || server.children().len() == 2);
    let mut client = Client::connect(server.address());
    client.send("pid\nblock\nquit\n");
    let deaf: i32 = client.line().parse().unwrap();
    assert_eq!(client.rest(), b"");
    let before = server.children();
    server.signal(Signal::SIGHUP);
    server.wait_until("it is killed", || !server.children().contains(&deaf));
    server.wait_until("all are renewed", || {
        let now = server.children();
        now.len() == 2 && now.iter().all(|child| !before.contains(child))
    });
    server.stop();
}
